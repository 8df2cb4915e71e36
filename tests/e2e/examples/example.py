"""A program of `examples/` as it runs, and its traces by the names that the program has for what it makes."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.e2e.stack import Answer, Stack, until
from tests.e2e.traces import Trace, trace_ids

NOTES = {"Init", "Overhead", "Dwell Time"}
"""What Lambda says of itself."""


@dataclass(frozen=True)
class Example:
    """`mode` is how its functions are traced: `otel`, `native` or `instrument`."""

    stack: Stack
    mode: str

    @property
    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = self.stack.status["outputs"]
        return found

    def send(self, method: str, url: str, body: bytes) -> tuple[str, Answer]:
        """Send a request in a trace of its own, whose id HTTP APIs and function URLs do not answer with."""
        trace_id = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        headers = {
            "X-Amzn-Trace-Id": f"Root={trace_id};Sampled=1",
            "Content-Type": "application/octet-stream",
        }
        return trace_id, self.stack.request(url, method=method, body=body, headers=headers)

    def trace(self, trace_id: str, *ends: str) -> Trace:
        """Wait until a trace is one tree that has these paths; fail with what there is."""
        trace = Trace([])

        def found() -> Trace | None:
            nonlocal trace
            trace = rehung(self.stack.documents(trace_id))
            is_tree = len(trace.roots) == 1 and not trace.orphans
            return trace if is_tree and set(ends) <= paths(trace) else None

        try:
            return until(found, f"the paths {ends}")
        except AssertionError as late:
            raise AssertionError(f"{late}; there are\n" + "\n".join(sorted(paths(trace)))) from None

    def trace_of(self, said: str, *ends: str) -> Trace:
        """Wait for the trace that no request began: one tree that has these paths and says this."""

        def found() -> Trace | None:
            for trace_id in trace_ids(self.stack):
                trace = rehung(self.stack.documents(trace_id))
                text = json.dumps([node.document for node in trace.nodes])
                if said in text and set(ends) <= paths(trace) and len(trace.roots) == 1 and not trace.orphans:
                    return trace
            return None

        return until(found, f"a trace of {said}")

    def edges(self, trace: Trace) -> set[str]:
        """Return the edges of a trace's map, but for those between nodes of one name."""
        services = self.stack.client("xray").get_trace_graph(TraceIds=[trace.nodes[0].document["trace_id"]])[
            "Services"
        ]
        names = {service["ReferenceId"]: plain(service["Name"]) for service in services}
        pairs = {
            (names[service["ReferenceId"]], names[edge["ReferenceId"]])
            for service in services
            for edge in service["Edges"]
        }
        return {f"{caller} > {called}" for caller, called in pairs if caller != called}


def rehung(documents: Iterable[dict[str, Any]]) -> Trace:
    """Return a trace in which what a stand-in passed the trace on to hangs in the call of the stand-in."""
    documents = list(documents)
    calls = {each["id"]: each.get("parent_id") for each in documents if each.get("inferred")}
    for each in documents:
        if parent := calls.get(each.get("parent_id", "")):
            each["parent_id"] = parent
    return Trace(documents)


def plain(name: str) -> str:
    """Return a name without what Pulumi appended, and a queue's without its address."""
    return re.sub(r"-[0-9a-f]{7}(?=$|/)", "", re.sub(r"^https://sqs\..*/", "", name))


def paths(trace: Trace) -> set[str]:
    """Return the names from the root to each node that has none below it."""
    nodes = [node for node in trace.nodes if node.name not in NOTES]
    inner = {node.parent_id for node in nodes}
    return {
        " > ".join(plain(each.name) for each in (*reversed(trace.ancestors(node)), node))
        for node in nodes
        if node.id not in inner
    }


def linked(trace: Trace) -> set[str]:
    """Return the ids of the traces that a trace is linked to."""
    return {link["trace_id"] for node in trace.nodes for link in node.document.get("links", ())}
