"""docs/json.md tells what `--json` prints: every command, every field, every type."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.aws.interfaces import Draw, SamplingDecision
from embedded_aws.journal.records import ApiRequest
from tests.waterfall import samples
from tests.waterfall.logs.writing import Stream, request_id
from tests.waterfall.samples import CONSUMER_ID, TRACE_ID, function, service
from waterfall.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.waterfall.cloud import Cloud
    from tests.waterfall.conftest import Api

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
OTHER_ID = "1-6553f103-00000000000000000000000a"
NAMES = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", type(None): "null"}
CHECKED = "waterfall check"
ON_TRACES = {
    "waterfall show": [["show", TRACE_ID], ["show", OTHER_ID], ["show", CONSUMER_ID]],
    "waterfall traces": [["traces"]],
    "waterfall map": [["map"]],
    "waterfall why": [["why"]],
    "waterfall why --list": [["why", "--list"]],
    "waterfall compare": [["compare", TRACE_ID, OTHER_ID]],
    CHECKED: [["check", "hello", "--filter", 'service("traced-api/dev")']],
    "waterfall sampling explain": [["sampling", "explain", "GET", "/hello"]],
    "waterfall cost": [["cost", "--rps", "2"]],
}
"""How each command is run for the page, and below where logs and experiments are."""
ON_AWS = {
    "waterfall fire": [["fire", "nightly"]],
    "waterfall show --logs": [["show", "latest", "--logs"]],
    "waterfall logs": [["logs"]],
    "waterfall logs --trace": [["logs", "--trace", "latest"]],
    "waterfall fault list": [["fault", "list"]],
    "waterfall fault start`, `stop`, `status": [
        ["fault", "start", "slow"],
        ["fault", "status"],
        ["fault", "stop"],
    ],
}
FOLLOWING = "waterfall logs --follow"


@dataclass(frozen=True)
class Printed:
    """What a command of the page has printed."""

    command: str
    shape: dict[str, Any]


def commands() -> dict[str, str]:
    """Return the page's commands, and the format of each."""
    return dict(re.findall(r"^\| `(waterfall [^|]*)` \| .*?\[`(waterfall\.\S+)`\]", PAGE, re.MULTILINE))


def rows(format_: str) -> dict[str, tuple[str, str]]:
    section = PAGE.split(f"\n## `{format_}`\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| `(\S+)` \| ([^|]+) \| ([^|]*)\|$", section, re.MULTILINE)
    return {name: (type_, meaning) for name, type_, meaning in found}


def documented(format_: str) -> dict[str, str]:
    """Return the types of a format's fields by path, and those that a row takes from elsewhere."""
    fields: dict[str, str] = {}
    for name, (type_, meaning) in rows(format_).items():
        fields[name] = type_
        inside = f"{name}[]." if type_.startswith("array") else f"{name}."
        if fields_of := re.search(r"with the fields of `(\w+)`(?: of `([^`]+)`)?", meaning):
            prefix = re.compile(rf"{fields_of[1]}(\[\])?\.")
            source = (
                documented(fields_of[2])
                if fields_of[2]
                else {key: row[0] for key, row in rows(format_).items()}
            )
            fields |= {
                inside + prefix.sub("", key): type_ for key, type_ in source.items() if prefix.match(key)
            }
        if whole := re.search(r"as `(waterfall\.[^`]+)` with `--trace`", meaning):
            absent = tuple(
                key for key, row in rows(whole[1]).items() if row[1].startswith("without `--trace`")
            )
            inner = {key: one for key, one in documented(whole[1]).items() if not key.startswith(absent)}
            fields |= {inside + key: one for key, one in inner.items()}
    return fields


def printed(value: dict[str, Any], known: dict[str, str], path: str = "") -> Iterator[tuple[str, str]]:
    """Walk through an object: path and type of each field, but for what is in objects of any keys."""
    for key, item in value.items():
        name = path + key
        yield name, type_of(item)
        inside = f"{name}[]." if isinstance(item, list) else f"{name}."
        for inner in item if isinstance(item, list) else [item]:
            if isinstance(inner, dict) and any(field.startswith(inside) for field in known):
                yield from printed(inner, known, inside)


def type_of(value: Any) -> str:
    if not isinstance(value, list):
        return NAMES[type(value)]
    inner = {f"{type_of(one)}s" for one in value}
    return f"array of {inner.pop()}" if len(inner) == 1 else "array"


def fits(type_: str, allowed: str) -> bool:
    return allowed == "any" or any(
        one == type_ or (type_ == "array" and one.startswith("array")) for one in allowed.split(" or ")
    )


@pytest.fixture
def traces(api: Api) -> Api:
    """Traces with exceptions, links, notes and a pause, and a request that is remembered."""
    again = [{**document, "trace_id": OTHER_ID} for document in samples.timed_out()]
    api.put([*samples.failed(), *samples.consumer(), *again, samples.paused()])
    decision = SamplingDecision(False, "all", Draw(False, 1, 1, 0.05, 1000))
    request = ApiRequest(
        "r1", samples.T0 + 60, samples.T0 + 61, "GET", "/dev/hello", 200, "abc", "dev", api_name="shop",
        route="GET /hello", tracing=True, decision=decision,
    )  # fmt: skip
    api.log.answered(request)
    return api


@pytest.fixture
def aws(cloud: Cloud) -> Cloud:
    """A traced invocation with its log, an experiment, and a rule that sends to a queue."""
    http = {"request": {"url": "https://example.com/hello", "method": "GET"}, "response": {"status": 200}}
    asked = {"request_id": request_id(1)}
    cloud.put(
        [
            service("front", "b000000000000001", None, 0, 1.1, aws=asked, http=http),
            function("front", "b000000000000002", "b000000000000001", 0.01, 1.0),
        ]
    )
    cloud.write(Stream().run(0.010, 1, 1, "printed"))
    cloud.template("slow", "add-delay", startupDelayMilliseconds="250")
    cloud.rule("nightly")
    return cloud


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A program folder with a recording of something else, and a budget for it."""
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "hello.trace").write_text("# waterfall.trace/1\ntrace\n+ segment shop\n")
    (tmp_path / "traces" / "requests.yaml").write_text("hello: {request: GET /hello, budgets: [no errors]}")
    return tmp_path


@pytest.fixture
def run(
    traces: Api, aws: Cloud, capsys: pytest.CaptureFixture[str], recorded: Path
) -> Callable[[str], list[Printed]]:
    """Runs a command of the page with --json, in as many ways as it takes to print every field."""

    def shapes(command: str) -> Iterator[dict[str, Any]]:
        endpoint = traces.endpoint if command in ON_TRACES else aws.endpoint
        for arguments in (ON_TRACES | ON_AWS)[command]:
            where = ["-C", str(recorded)] if command == CHECKED else []
            main([*arguments, *where, "--json", "--endpoint", endpoint])
            yield json.loads(capsys.readouterr().out)

    def printed(command: str) -> list[Printed]:
        with pytest.MonkeyPatch.context() as patch:
            if command in ON_TRACES:
                patch.setattr(time, "time", lambda: samples.T0 + 65)
            return [Printed(command, shape) for shape in shapes(command)]

    return printed


def test_every_command_is_tried() -> None:
    """The page lists no command that is not run here."""
    assert set(commands()) == {*ON_TRACES, *ON_AWS, FOLLOWING}


@pytest.mark.parametrize("format_", sorted(set(commands().values())))
def test_the_page_says_what_is_printed(format_: str, run: Callable[[str], list[Printed]]) -> None:
    """No field is printed that is not on the page, none is missing, and each has its type."""
    known = documented(format_)
    outputs = [
        one
        for command, of in commands().items()
        if of == format_ and command != FOLLOWING
        for one in run(command)
    ]
    fields = [field for one in outputs for field in printed(one.shape, known)]
    assert {one.shape["format"] for one in outputs} == {format_}
    assert {name for name, _ in fields} == set(known)
    assert [(name, type_) for name, type_ in fields if not fits(type_, known[name])] == []


def test_what_is_always_there(run: Callable[[str], list[Printed]]) -> None:
    """A command prints every field of its format but for those that belong to another way of asking."""
    apart = {"logs", "lines", "trace", "invocations", "templates", "experiments"}
    for command, format_ in commands().items():
        if command != FOLLOWING:
            always = {name for name in rows(format_) if "." not in name} - apart
            assert all(always <= set(one.shape) for one in run(command)), command


def test_following_prints_elements_of_lines(aws: Cloud) -> None:
    """One in each line of output."""
    known = documented("waterfall.logs/1")
    command = [sys.executable, "-m", "waterfall", "logs", "-f", "--json", "--endpoint", aws.endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            line = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        finally:
            process.kill()
    fields = dict(printed({"lines": [line]}, known))
    assert {name for name in known if name.startswith("lines[].")} == fields.keys() - {"lines"}
    assert all(fits(type_, known[name]) for name, type_ in fields.items())
