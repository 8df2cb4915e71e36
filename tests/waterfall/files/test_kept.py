"""The JSON file that `waterfall import` reads back."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import TRACE_ID
from waterfall.compare.difference import compare
from waterfall.files.kept import FORMAT, KeptError, batches, kept_shape, read

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api
    from waterfall.traces.model import Trace

KINDS = {
    "request": samples.request(),
    "failed": samples.failed(),
    "throttled": samples.throttled(),
    "timed out": samples.timed_out(),
    "disturbed": samples.disturbed(),
    "orphaned": samples.orphaned(),
}


def taken_out(api: Api, documents: list[dict[str, Any]]) -> Trace:
    """Return a trace as X-Ray answers it, of which X-Ray then knows nothing any more."""
    api.put(documents)
    (trace,) = api.reader().get([TRACE_ID])
    forget(api)
    return trace


def forget(api: Api) -> None:
    """Let all traces be too old."""
    api.xray.store.tidy(math.inf)
    assert api.reader().get([TRACE_ID]) == []


@pytest.mark.parametrize("documents", KINDS.values(), ids=KINDS)
def test_a_trace_that_is_read_back_is_the_same(api: Api, documents: list[dict[str, Any]]) -> None:
    """A file makes the same trace in an X-Ray that did not know it, times and ids included."""
    given = taken_out(api, documents)
    (kept,) = read(json.dumps(kept_shape([given])))
    assert [refused for batch in batches([kept]) for refused in api.xray.put(batch)] == []
    (found,) = api.reader().get([TRACE_ID])
    assert compare(given, found).findings == ()
    told = [(node.id, node.start, node.end, node.depth) for node in found.nodes]
    assert told == [(node.id, node.start, node.end, node.depth) for node in given.nodes]


def test_what_x_ray_inferred_is_not_in_the_file() -> None:
    """A stand-in for a called service is made again, and would be there twice."""
    shape = kept_shape([samples.trace(samples.request())])
    assert not [one for one in shape["traces"][0]["documents"] if one.get("inferred")]


def test_documents_go_fifty_at_a_time() -> None:
    """PutTraceSegments refuses more in one call."""
    documents = [{"trace_id": TRACE_ID, "id": f"{number:016x}"} for number in range(120)]
    kept = read(json.dumps({"format": FORMAT, "traces": [{"id": TRACE_ID, "documents": documents}]}))
    assert [len(batch) for batch in batches(kept)] == [50, 50, 20]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<html>", "it is not JSON"),
        ("[]", "its format is not waterfall.kept/1"),
        ('{"format": "waterfall.trace/1"}', "give a file of `waterfall export --format json`"),
        (json.dumps({"format": FORMAT, "traces": []}), "it holds no traces"),
        (json.dumps({"format": FORMAT, "traces": [{"id": 7}]}), "has no id"),
        (json.dumps({"format": FORMAT, "traces": [{"id": "7"}]}), "'7' is not a trace id"),
        (json.dumps({"format": FORMAT, "traces": [{"id": TRACE_ID}]}), "has no documents"),
        (json.dumps({"format": FORMAT, "traces": [{"id": TRACE_ID, "documents": [7]}]}), "is no JSON object"),
        (json.dumps({"format": FORMAT, "traces": [{"id": TRACE_ID, "documents": [{}]}]}), "of trace None"),
        (
            json.dumps(
                {"format": FORMAT, "traces": [{"id": TRACE_ID, "documents": [{"trace_id": TRACE_ID}]}]}
            ).replace("}]}]}", ', "metadata": ' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}]}]}"),
            "nests deeper than X-Ray takes",
        ),
    ],
    ids=range(10),
)
def test_another_file_is_refused_with_the_reason(text: str, told: str) -> None:
    """One line says what is wrong with it."""
    with pytest.raises(KeptError, match=told.replace("(", r"\(")):
        read(text)
