"""Who recorded the spans of functions: what their documents say of the SDK that wrote them.

OpenTelemetry names itself in `aws.xray.sdk`. In Lambda the X-Ray SDK, and Powertools on it, writes no segment
and so no name: what says nothing is its.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from collections.abc import Iterable

from waterfall.proof.observing import Run
from waterfall.traces.documents import mapping_of, text_of
from waterfall.traces.model import Node, Trace

XRAY_SDK = "X-Ray SDK"


def recorders(runs: Iterable[Run]) -> dict[str, str]:
    """Return the recorder of each function that recorded anything, by the function's name."""
    found: dict[str, str] = {}
    for run in runs:
        for trace in (run.trace, *run.linked):
            for node in trace.nodes:
                if node.is_function and (recorder := _recorder(trace, node)):
                    found[node.name] = recorder
    return found


def _recorder(trace: Trace, function: Node) -> str | None:
    own = [trace.nodes[child] for child in function.children]
    own = [node for node in own if node.phase is None]
    names = [name for name in map(_sdk, own) if name]
    return names[0] if names else XRAY_SDK if own else None


def _sdk(node: Node) -> str | None:
    name = text_of(mapping_of(mapping_of(node.document.get("aws")).get("xray")).get("sdk"))
    return "OpenTelemetry" if name and name.lower().startswith("opentelemetry") else name
