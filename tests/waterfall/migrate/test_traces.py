"""Legacy functions are moved by the command alone, and leave the trace that they left before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from waterfall.migrate.rewriting import rewrite

if TYPE_CHECKING:
    from tracing_pytest import Node, Traced

ROOT = Path(__file__).parents[3]
Load = Callable[[str], ModuleType]
SDK = "from aws_xray_sdk.core import xray_recorder\n"
STYLES = {
    "with": """
        def handler(event, context):
            with xray_recorder.in_subsegment("store") as sub:
                sub.put_annotation("id", event["id"])
                sub.put_metadata("event", event, "shop")
            return {"statusCode": 201}
        """,
    "decorator": """
        @xray_recorder.capture("store")
        def store(event):
            xray_recorder.put_annotation("id", event["id"])
            xray_recorder.put_metadata("event", event, "shop")

        def handler(event, context):
            store(event)
            return {"statusCode": 201}
        """,
    "begin and end": """
        def handler(event, context):
            sub = xray_recorder.begin_subsegment("store")
            try:
                sub.put_annotation("id", event["id"])
                sub.put_metadata("event", event, "shop")
            finally:
                xray_recorder.end_subsegment()
            return {"statusCode": 201}
        """,
    "async": """
        import asyncio

        @xray_recorder.capture_async("store")
        async def store(event):
            sub = xray_recorder.current_subsegment()
            sub.put_annotation("id", event["id"])
            sub.put_metadata("event", event, "shop")

        def handler(event, context):
            asyncio.run(store(event))
            return {"statusCode": 201}
        """,
    "method": """
        class Shop:
            @xray_recorder.capture(name="store")
            def store(self, event):
                xray_recorder.current_subsegment().put_annotation("id", event["id"])
                xray_recorder.current_subsegment().put_metadata("event", event, "shop")

        def handler(event, context):
            Shop().store(event)
            return {"statusCode": 201}
        """,
}
POWERTOOLS = "from aws_lambda_powertools import Tracer\ntracer = Tracer(service='shop')\n"
WRAPPED = """
        @tracer.capture_lambda_handler(capture_response=False)
        def handler(event, context):
            store(event)
            return {"statusCode": 201}
        """
POWERTOOLS_STYLES = {
    "method": """
        @tracer.capture_method(capture_response=False)
        def store(event):
            tracer.put_annotation("id", event["id"])
            tracer.put_metadata("event", event)
        """
    + WRAPPED,
    "escape": """
        def store(event):
            with tracer.provider.in_subsegment("store") as sub:
                sub.put_annotation(key="id", value=event["id"])
                sub.put_metadata(key="event", value=event, namespace="shop")
        """
    + WRAPPED,
    "async": """
        import asyncio

        async def stored(event):
            async with tracer.provider.in_subsegment_async("store"):
                tracer.put_annotation(key="id", value=event["id"])
                tracer.put_metadata(key="event", value=event)

        def store(event):
            asyncio.run(stored(event))
        """
    + WRAPPED,
}
EVENT = {"id": "1"}
STORED: list[Any] = ["store", {"id": "1"}, {"shop": {"event": EVENT}}, []]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "AWS_LAMBDA_FUNCTION_NAME": "app",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(ROOT / "layers")
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / ".build" / "foreign")])

    def run(source: str) -> ModuleType:
        module = ModuleType("app")
        monkeypatch.setitem(sys.modules, "app", module)
        exec(compile(source, "app.py", "exec"), vars(module))  # noqa: S102 - the tests' own
        return module

    return run


def outline(node: Node) -> list[Any]:
    return [node.label, node.annotations, node.metadata, [outline(child) for child in node.children]]


@pytest.mark.parametrize("style", STYLES)
def test_a_function_with_the_sdk_leaves_what_it_left_below_its_handler(
    traced: Traced, load: Load, style: str
) -> None:
    """One level more, the handler's, is the difference that the page names."""
    source = SDK + dedent(STYLES[style])
    made = rewrite(source)
    assert all(use.is_moved for use in made.uses)
    after = [outline(root) for root in traced(load(made.text).handler, EVENT).roots]
    assert after == [["app.handler", {}, {}, [STORED]]]


@pytest.mark.parametrize("style", POWERTOOLS_STYLES)
def test_a_function_with_powertools_leaves_what_it_left_under_its_own_names(
    traced: Traced, load: Load, style: str
) -> None:
    """The names lose their `## `, and the handler its two annotations."""
    source = POWERTOOLS + dedent(POWERTOOLS_STYLES[style])
    made = rewrite(source)
    assert all(use.is_moved for use in made.uses)
    after = [outline(root) for root in traced(load(made.text).handler, EVENT).roots]
    assert after == [["app.handler", {}, {}, [STORED]]]


@pytest.mark.parametrize("tracing_mode", ["native"], indirect=True)
@pytest.mark.parametrize("style", STYLES)
def test_the_sdk_left_the_same_span_before(traced: Traced, load: Load, style: str) -> None:
    """So that the tests above compare with what was."""
    before = traced(load(SDK + dedent(STYLES[style])).handler, EVENT)
    assert [outline(root) for root in before.roots] == [STORED]


@pytest.mark.parametrize("tracing_mode", ["native"], indirect=True)
def test_a_half_moved_function_leaves_one_trace_in_mode_native(traced: Traced, load: Load) -> None:
    """What is left of the SDK hangs among the spans that are new."""
    made = rewrite(
        SDK
        + dedent("""
        def handler(event, context):
            with xray_recorder.in_subsegment("new"):
                with xray_recorder.in_subsegment("old", namespace="aws"):
                    with xray_recorder.in_subsegment("newer"):
                        pass
        """)
    )
    assert [use.is_moved for use in made.uses] == [True, True, False, True]
    trace = traced(load(made.text).handler, EVENT)
    expected = ["newer", {}, {}, []]
    assert [outline(root) for root in trace.roots] == [
        ["app.handler", {}, {}, [["new", {}, {}, [["old", {}, {}, [expected]]]]]]
    ]


THREADS = """
from concurrent.futures import ThreadPoolExecutor

def work(item, entity):
    xray_recorder.set_trace_entity(entity)
    with xray_recorder.in_subsegment(item, namespace="remote") as sub:
        sub.put_annotation("item", item)
    xray_recorder.clear_trace_entities()

def handler(event, context):
    with xray_recorder.in_subsegment("all"):
        entity = xray_recorder.get_trace_entity()
        with ThreadPoolExecutor(2) as pool:
            for item in "ab":
                pool.submit(work, item, entity)
"""


def remote(node: Node) -> list[Any]:
    found = [remote(child) for child in sorted(node.children, key=lambda child: child.label)]
    return [node.label, node.document.get("namespace"), found]


CALLS = ["all", None, [["a", "remote", []], ["b", "remote", []]]]


def test_calls_in_threads_are_where_they_were(traced: Traced, load: Load) -> None:
    """Below the span that started the thread, and remote; the entity is carried by nobody's argument."""
    made = rewrite(SDK + THREADS)
    assert all(use.is_moved for use in made.uses)
    (handler,) = traced(load(made.text).handler, EVENT).roots
    assert remote(handler)[2] == [CALLS]


@pytest.mark.parametrize("tracing_mode", ["native"], indirect=True)
def test_calls_in_threads_were_there_before(traced: Traced, load: Load) -> None:
    """By the SDK's own hands."""
    assert [remote(root) for root in traced(load(SDK + THREADS).handler, EVENT).roots] == [CALLS]
