"""The span of the invocation, in both modes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tracing.harness import HEADER, PARENT, TRACE_ID, by_name

NAME = "scenarios.plain"


def test_span_of_the_handler(worker: Any, daemon: Any) -> None:
    """One subsegment for the invocation, below Lambda's function segment."""
    assert worker.invoke("plain", {"a": 1}) == {"a": 1}
    (document,) = [found for found in daemon.documents() if found["name"] not in {"init", "read config"}]
    assert document["name"] == NAME
    assert document["parent_id"] == PARENT
    assert document["trace_id"] == TRACE_ID
    assert document["type"] == "subsegment"
    assert document["start_time"] < document["end_time"]
    assert set(document) - {"aws"} == {
        "name",
        "id",
        "trace_id",
        "parent_id",
        "type",
        "start_time",
        "end_time",
    }


def test_the_outermost_span_names_its_recorder(
    worker: Any, daemon: Any, request: pytest.FixtureRequest
) -> None:
    """OpenTelemetry as the collector names it; the X-Ray SDK names itself in segments of its own alone."""
    worker.invoke("plain", {"a": 1})
    (document,) = [found for found in daemon.documents() if found["name"] not in {"init", "read config"}]
    named = {"otel": {"xray": {"sdk": "opentelemetry for python"}}, "native": None}
    assert document.get("aws") == named[request.node.callspec.params["traced"]]


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        (200, set()),
        (302, set()),
        (404, {"error"}),
        (429, {"error", "throttle"}),
        ("503", {"fault"}),
        (500, {"fault"}),
    ],
)
def test_returned_status(worker: Any, daemon: Any, status: Any, flags: set[str]) -> None:
    """A returned status code sets X-Ray's flags: 4xx error, 429 throttle, 5xx fault."""
    worker.invoke("plain", {"statusCode": status})
    document = by_name(daemon.documents())[NAME]
    assert document["http"] == {"response": {"status": int(status)}}
    assert {flag for flag in ("error", "fault", "throttle") if document.get(flag)} == flags


def test_notes_at_the_top_of_the_handler(worker: Any, daemon: Any) -> None:
    """Annotations and metadata set outside any span land on the handler's."""
    worker.invoke("top", "o-1")
    document = by_name(daemon.documents())["scenarios.top"]
    assert document["annotations"] == {"order_id": "o-1", "paid": True, "total": 9.5}
    assert document["metadata"] == {
        "default": {"order": {"lines": [1, 2]}, "plain.key": ["a", "b"]},
        "shop": {"cart": "c1"},
    }


def test_nesting(worker: Any, daemon: Any) -> None:
    """Spans nest below the handler's; characters that X-Ray refuses in names are left out."""
    worker.invoke("nested")
    found = by_name(daemon.documents())
    assert found["inner"]["parent_id"] == found["middle"]["id"]
    assert found["middle"]["parent_id"] == found["outer"]["id"]
    assert found["outer"]["parent_id"] == found["scenarios.nested"]["id"]
    (event,) = found["inner"]["metadata"]["otel"]["events"]
    assert (event["name"], event["attributes"]) == ("cache miss", {"key": "k"})


def test_span_without_a_peer_keeps_its_name(worker: Any, daemon: Any) -> None:
    """Whatever its kind: only what a client or producer says of the other side outweighs it."""
    worker.invoke("every_kind")
    found = by_name(daemon.documents())
    namespaces = {name: found[name].get("namespace") for name in found if name.startswith("of ")}
    assert namespaces == {
        "of INTERNAL": None,
        "of SERVER": None,
        "of CLIENT": "remote",
        "of PRODUCER": "remote",
        "of CONSUMER": None,
    }


def test_exception_through_spans(worker: Any, daemon: Any) -> None:
    """The exception is written where it was first seen; the spans around it name it."""
    assert worker.invoke("raising") == {"raised": "ValueError: no such order"}
    found = by_name(daemon.documents())
    (exception,) = found["inner"]["cause"]["exceptions"]
    assert (exception["type"], exception["message"], exception["remote"]) == (
        "ValueError",
        "no such order",
        False,
    )
    assert [frame["label"] for frame in exception["stack"]] == ["raising"]
    assert found["outer"]["cause"] == found["scenarios.raising"]["cause"] == exception["id"]
    assert all(found[name]["fault"] for name in ("inner", "outer", "scenarios.raising"))


def test_chained_exception(worker: Any, daemon: Any) -> None:
    """What an exception was raised from follows it, linked by id."""
    worker.invoke("chained")
    newer, older = by_name(daemon.documents())["scenarios.chained"]["cause"]["exceptions"]
    assert (newer["type"], newer["message"]) == ("RuntimeError", "two\nlines")
    assert (older["type"], older["message"]) == ("KeyError", "'k'")
    assert newer["cause"] == older["id"]


def test_exit_is_a_fault(worker: Any, daemon: Any) -> None:
    """`sys.exit` passes through unchanged and is recorded."""
    assert worker.invoke("exiting") == {"raised": "SystemExit: 3"}
    document = by_name(daemon.documents())["scenarios.exiting"]
    assert document["fault"]
    assert document["cause"]["exceptions"][0]["type"] == "SystemExit"


def test_handled_exception(worker: Any, daemon: Any) -> None:
    """A recorded exception without error status is shown and is no fault."""
    worker.invoke("recording")
    document = by_name(daemon.documents())["scenarios.recording"]
    assert document["cause"]["exceptions"][0]["message"] == "handled"
    assert "fault" not in document


def test_captured_methods(worker: Any, daemon: Any) -> None:
    """`capture_method` opens a span for functions and coroutine functions."""
    assert worker.invoke("methods") == 3
    found = by_name(daemon.documents())
    assert found["method"]["parent_id"] == found["coroutine"]["parent_id"] == found["scenarios.methods"]["id"]


def test_decorated_twice(worker: Any, daemon: Any) -> None:
    """A handler decorated twice, or calling another one, has one span."""
    worker.invoke("twice", 1)
    assert [document["name"] for document in daemon.documents()] == ["scenarios.twice"]


def test_gathered_tasks(worker: Any, daemon: Any) -> None:
    """Fifty tasks at once keep their own parents."""
    assert len(set(worker.invoke("gathered"))) == 50
    found = by_name(daemon.documents())
    assert len(found) == 101
    for number in range(50):
        assert found[f"step {number}"]["parent_id"] == found[f"task {number}"]["id"]
        assert found[f"task {number}"]["parent_id"] == found["scenarios.gathered"]["id"]


def test_executor(worker: Any, daemon: Any) -> None:
    """`carry_context` takes the current span into a pool, many times at once."""
    worker.invoke("pooled")
    documents = daemon.documents()
    pool = by_name(documents)["pool"]
    assert sum(document["parent_id"] == pool["id"] for document in documents) == 20


def test_thread_without_context(worker: Any, daemon: Any) -> None:
    """A bare thread belongs to the only running invocation."""
    worker.invoke("threaded")
    found = by_name(daemon.documents())
    assert found["method"]["parent_id"] == found["scenarios.threaded"]["id"]


def test_interleaved_invocations(worker: Any, daemon: Any) -> None:
    """Invocations at once in one process never mix."""
    answers = dict(worker.invoke("interleaved", header=None))
    documents = daemon.documents()
    assert len(documents) == 100
    traces: dict[str, list[Any]] = {}
    for document in documents:
        traces.setdefault(document["trace_id"], []).append(document)
    for number in range(50):
        inner, outer = sorted(traces[f"1-5759e988-{number:024x}"], key=lambda found: -found["start_time"])
        assert inner["annotations"] == {"number": number}
        assert inner["parent_id"] == outer["id"]
        assert outer["parent_id"] == f"{number + 1:016x}"
        assert answers[f"{number}"] == f"Root={inner['trace_id']};Parent={inner['id']};Sampled=1"


@pytest.mark.parametrize(
    "header",
    [
        HEADER.replace("Sampled=1", "Sampled=0"),
        HEADER.replace("Sampled=1", "Sampled=?"),
        f"Root={TRACE_ID}",
        "Root=nonsense;;=;Parent",
        "",
        None,
    ],
)
def test_not_sampled(worker: Any, daemon: Any, header: str | None) -> None:
    """Unsampled, undecided, malformed and absent headers: the handler answers, nothing is sent."""
    assert worker.invoke("plain", 1, header) == 1
    assert worker.invoke("extra_packets", None, header) is False
    assert daemon.take() == []


def test_context_object_first(worker: Any, daemon: Any) -> None:
    """A header on Lambda's context object wins over the environment variable."""
    other = HEADER.replace("5759e988", "5759e989")
    worker.invoke("plain", 1, x_amzn_trace_id=other)
    assert by_name(daemon.documents())[NAME]["trace_id"].startswith("1-5759e989")


def test_fifty_first_annotation(worker: Any, daemon: Any) -> None:
    """X-Ray indexes fifty annotations; the rest becomes metadata."""
    worker.invoke("many_annotations")
    document = by_name(daemon.documents())["scenarios.many_annotations"]
    assert len(document["annotations"]) == 50
    assert document["metadata"]["default"] == {"key_50": 50, "key_51": 51}


def test_values_that_json_cannot_say(worker: Any, daemon: Any) -> None:
    """Infinite numbers, sets, objects, broken text and JSON that nests too deep become text."""
    worker.invoke("odd_values")
    document = by_name(daemon.documents())["scenarios.odd_values"]
    assert document["annotations"] == {"limit": "inf"}
    assert document["metadata"]["default"]["nothing"] == {
        "value": "nan",
        "set": [1],
        "object": "<class 'object'>",
    }
    assert document["metadata"]["default"]["aws.xray.metadata.deep"] == "[" * 20_000


def test_link(worker: Any, daemon: Any) -> None:
    """A link to a producer's span is written with its ids."""
    worker.invoke("linked", "Root=1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=bbbbbbbbbbbbbbbb;Sampled=1")
    assert by_name(daemon.documents())["record"]["links"] == [
        {"trace_id": "1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa", "id": "bbbbbbbbbbbbbbbb"}
    ]


def test_outgoing_http_call(worker: Any, daemon: Any) -> None:
    """A client span is named by its host; its query, which may hold secrets, is not sent."""
    worker.invoke("http_call", 404)
    document = by_name(daemon.documents())["shop.example"]
    assert document["namespace"] == "remote"
    assert document["http"] == {
        "request": {"method": "GET", "url": "http://shop.example/orders"},
        "response": {"status": 404},
    }
    assert document["error"]
    assert "metadata" not in document


def test_injected_header(worker: Any, daemon: Any) -> None:
    """Clients that use the API's propagator send the current span and the lineage."""
    carrier, span_id = worker.invoke("injected")
    expected = HEADER.replace(PARENT, span_id)
    assert carrier == {"X-Amzn-Trace-Id": expected}
    daemon.take()


def test_forked_processes(worker: Any, daemon: Any) -> None:
    """Two children of one process draw different ids."""
    first, second = worker.invoke("forked")
    assert first != second
    daemon.take()
