"""What a handler raises is what Lambda and the handler's callers see, whichever mode."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from embedded_aws.awslambda.runtime.provision import find_runtime
from tests.tracing.harness import HEADER, HERE, Aws, Collector, environment

MODES = ["off", "otel", "native"]
HEADERS = [HEADER, HEADER.replace("Sampled=1", "Sampled=0")]
REFUSED: tuple[int, dict[str, str], bytes] = (
    400,
    {},
    b'{"__type":"x#ConditionalCheckFailedException","message":"exists"}',
)
FAILING = [
    "at_once",
    "with_other_parameters",
    "of_an_object",
    "of_a_partial",
    "in_a_method",
    "in_methods",
    "in_a_coroutine",
    "in_a_task",
    "in_a_span",
    "in_a_plain_span",
    "in_a_function_decorated_with_a_span",
    "in_a_coroutine_decorated_with_a_span",
    "in_a_thread",
    "in_another_handler",
    "raised_again",
    "refused_by_aws",
    "aws_out_of_reach",
    "without_credentials",
    "with_requests",
    "with_urllib3",
    "with_httpx",
    "with_httpx_async",
]
Answers = dict[str, Any]


def answers(aws: Aws, mode: str, header: str = HEADER, **more: str) -> Answers:
    """Run every failing handler under Lambda's runtime client; return what it answers and logs for each."""
    collector = Collector()
    variables = environment(mode, collector, aws, _X_AMZN_TRACE_ID=header, **more)
    variables["PYTHONPATH"] += os.pathsep + str(find_runtime().packages)
    variables["PYTHONHASHSEED"] = "0"  # orders `paths` in the fault for X-Ray
    done = subprocess.run(
        [sys.executable, "-m", "errors", *FAILING],
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert bool(collector.take()) is (mode != "off" and header == HEADER)
    collector.close()
    found: Answers = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def undecorated(aws: Aws) -> Answers:
    aws.answers["PutItem"] = REFUSED
    return answers(aws, "off", UNDECORATED="1")


@pytest.fixture(
    scope="module",
    params=[(mode, header) for mode in MODES for header in HEADERS],
    ids=lambda param: f"{param[0]}-{param[1].rpartition('Sampled=')[2][0]}",
)
def decorated(request: Any, aws: Aws, undecorated: Answers) -> Answers:
    mode, header = request.param
    aws.answers["PutItem"] = REFUSED
    return answers(aws, mode, header)


@pytest.mark.parametrize("handler", FAILING)
def test_lambda_answers_what_it_answers_without_tracing(
    decorated: Answers, undecorated: Answers, handler: str
) -> None:
    """Message, type, every frame of the stack, the fault for X-Ray and the log are the bare function's."""
    expected = undecorated[handler]
    ((error, _), _) = expected
    assert error["stackTrace"]
    assert decorated[handler] == expected


HOSTILE = (HERE / "hostile.py").read_text()
OF_THE_API = {"span", "plain span", "decorator"}


@pytest.mark.parametrize("mode", MODES)
def test_an_exception_that_refuses_to_be_looked_at_comes_out_as_it_is(run: Any, mode: str) -> None:
    """Whatever its methods raise or return, the very exception comes out, with its own frames alone.

    Where tracing is off, spans are OpenTelemetry's API alone.
    """
    ways = run(mode, HOSTILE, HEADER=HEADER).result
    plain = run("off", HOSTILE, HEADER=HEADER).result
    assert len(ways) == 7
    for way, kinds in ways.items():
        if mode != "off" or way not in OF_THE_API:
            assert len(kinds) == 19
            _, frames = plain[way]["nothing"]
            assert kinds == {kind: [True, frames] for kind in kinds}, way


@pytest.mark.parametrize("mode", ["otel", "native"])
def test_what_an_exception_refuses_to_tell_has_a_placeholder(run: Any, collector: Any, mode: str) -> None:
    """Every invocation is a fault with a cause, and Python's own placeholder stands for the message."""
    run(mode, HOSTILE, HEADER=HEADER)
    documents = collector.documents()
    assert len(documents) == 19 * (1 + 3 + 3 + 1 + 2 + 2 + 2)
    assert all(document["fault"] for document in documents)
    causes = [document["cause"] for document in documents if isinstance(document["cause"], dict)]
    told = [(first["type"], first["message"]) for first, *_ in (cause["exceptions"] for cause in causes)]
    assert ("Hostile", "<exception str() failed>") in told
