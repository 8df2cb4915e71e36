"""What is moved, what is left, and that the moved code leaves the trace it should."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from waterfall.migrate.inventory import Change
from waterfall.migrate.rewriting import rewrite, rewrite_all


def moved(source: str) -> str:
    return rewrite(dedent(source)).text


def why_left(source: str) -> dict[str, str]:
    return {use.construct: use.why for use in rewrite(dedent(source)).uses if use.why}


def project(folder: Path, **files: str) -> dict[str, Change]:
    for name, source in files.items():
        (folder / f"{name}.py").write_text(dedent(source))
    return {change.path.stem: change for change in rewrite_all(folder)}


SDK = "from aws_xray_sdk.core import xray_recorder\n"
POWERTOOLS = "from aws_lambda_powertools import Tracer\ntracer = Tracer(service='shop')\n"


def test_a_subsegment_of_the_sdk_becomes_a_span() -> None:
    """With its variable gone, as what is annotated is current; comments and quotes stay."""
    assert moved("""\
        # orders
        import json

        from aws_xray_sdk.core import patch_all, xray_recorder

        patch_all()


        def lambda_handler(event, context):
            with xray_recorder.in_subsegment('store') as sub:  # slow
                sub.put_annotation('id', event["id"])
                sub.put_metadata("event", event, "shop")
                return json.dumps(event)
        """) == dedent("""\
        # orders
        import json

        from opentelemetry import trace
        from tracing import add_metadata, annotate, capture_lambda_handler

        tracer = trace.get_tracer(__name__)


        @capture_lambda_handler
        def lambda_handler(event, context):
            with tracer.start_as_current_span('store'):  # slow
                annotate('id', event["id"])
                add_metadata("event", event, "shop")
                return json.dumps(event)
        """)


def test_begin_and_end_become_one_with() -> None:
    """What stands between is indented; the end that a `finally` made sure of needs none."""
    body = moved(
        SDK
        + dedent("""\
        def work():
            sub = xray_recorder.begin_subsegment("one")
            # careful
            sub.put_annotation("n", 1)
            xray_recorder.end_subsegment()
            xray_recorder.begin_subsegment("two")
            try:
                run()
            except ValueError as error:
                xray_recorder.current_subsegment().add_exception(error, [])
                raise
            finally:
                xray_recorder.end_subsegment()
        """)
    ).partition("def work():\n")[2]
    assert body == (
        '    with tracer.start_as_current_span("one"):\n'
        "        # careful\n"
        '        annotate("n", 1)\n'
        '    with tracer.start_as_current_span("two"):\n'
        "        try:\n"
        "            run()\n"
        "        except ValueError as error:\n"
        "            trace.get_current_span().record_exception(error)\n"
        "            trace.get_current_span().set_status(trace.StatusCode.ERROR)\n"
        "            raise\n"
    )


def test_begin_and_end_are_listed_at_their_own_line() -> None:
    """The inventory names lines of the file as it is."""
    uses = rewrite(
        SDK
        + "def f():\n    xray_recorder.begin_subsegment('a')\n    g()\n    xray_recorder.end_subsegment()\n"
    ).uses
    assert [(use.line, use.construct) for use in uses] == [(3, "begin_subsegment, end_subsegment")]


def test_begin_without_an_end_in_its_block_is_left() -> None:
    """A pair across branches cannot be a `with`."""
    source = SDK + dedent("""\
        def f(x):
            xray_recorder.begin_subsegment("a")
            if x:
                xray_recorder.end_subsegment()
        """)
    assert moved(source) == source
    assert {*why_left(source)} == {"xray_recorder.begin_subsegment", "xray_recorder.end_subsegment"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@xray_recorder.capture('a')\ndef f(): ...\n", "@tracer.start_as_current_span('a')\ndef f(): ...\n"),
        ("@xray_recorder.capture()\ndef f(): ...\n", '@tracer.start_as_current_span("f")\ndef f(): ...\n'),
        (
            "@xray_recorder.capture_async('a')\nasync def f(): ...\n",
            "@tracer.start_as_current_span('a')\nasync def f(): ...\n",
        ),
        (
            "async def f():\n    async with xray_recorder.in_subsegment_async('a'):\n        ...\n",
            "async def f():\n    with tracer.start_as_current_span('a'):\n        ...\n",
        ),
        (
            "def f():\n    if xray_recorder.is_sampled():\n        xray_recorder.put_annotation('a', 1)\n",
            "def f():\n    if trace.get_current_span().is_recording():\n        annotate('a', 1)\n",
        ),
        (
            "def f():\n    sub = xray_recorder.current_subsegment()\n    sub.put_annotation('a', 1)\n",
            "def f():\n    annotate('a', 1)\n",
        ),
    ],
)
def test_each_construct_of_the_sdk_has_its_counterpart(before: str, after: str) -> None:
    """One construct at a time."""
    assert moved(SDK + before).endswith(after)
    assert "aws_xray_sdk" not in moved(SDK + before)


def test_powertools_are_moved_with_their_service_as_namespace() -> None:
    """Metadata is where it was, and the library's other parts stay imported."""
    assert moved("""\
        from aws_lambda_powertools import Logger, Tracer

        logger = Logger()
        tracer = Tracer(service="shop")


        @tracer.capture_method(capture_response=False)
        def store(order):
            tracer.put_annotation(key="id", value=order["id"])
            tracer.put_metadata("order", order)


        @logger.inject_lambda_context
        @tracer.capture_lambda_handler
        def handler(event, context):
            with tracer.provider.in_subsegment("## store"):
                store(event)
        """) == dedent("""\
        from opentelemetry import trace
        from tracing import add_metadata, annotate, capture_lambda_handler, capture_method
        from aws_lambda_powertools import Logger

        tracer = trace.get_tracer(__name__)

        logger = Logger()


        @capture_method
        def store(order):
            annotate(key="id", value=order["id"])
            add_metadata("order", order, namespace="shop")


        @logger.inject_lambda_context
        @capture_lambda_handler
        def handler(event, context):
            with tracer.start_as_current_span("## store"):
                store(event)
        """)


@pytest.mark.parametrize(
    ("source", "construct"),
    [
        (SDK + "def f():\n    with xray_recorder.in_subsegment('a') as s:\n        g(s)\n", "in_subsegment"),
        (SDK + "with xray_recorder.in_subsegment('a', namespace='remote'):\n    ...\n", "in_subsegment"),
        (
            SDK + "def f(xray_recorder):\n    xray_recorder.put_annotation('a', 1)\n",
            "xray_recorder.put_annotation",
        ),
        (SDK + "xray_recorder.begin_segment('a')\n", "xray_recorder.begin_segment"),
        (SDK + "xray_recorder.set_trace_entity(e)\n", "xray_recorder.set_trace_entity"),
        (SDK + "xray_recorder.configure(emitter=e)\n", "xray_recorder.configure"),
        (SDK + "run(xray_recorder)\n", "xray_recorder"),
        ("from aws_xray_sdk.core import patch\npatch(['boto3', 'mine'])\n", "patch"),
        (POWERTOOLS + "tracer.ignore_endpoint(urls=['/a'])\n", "tracer.ignore_endpoint"),
        (POWERTOOLS + "@tracer.capture_method\ndef f():\n    yield 1\n", "@tracer.capture_method"),
        (POWERTOOLS.replace("service='shop'", "disabled=True"), "Tracer"),
    ],
)
def test_what_cannot_be_decided_is_left_and_listed(source: str, construct: str) -> None:
    """The text stays as it is, and the list says why."""
    assert construct in why_left(source)
    assert moved(source) == source


def test_patching_stays_where_other_libraries_are_used(tmp_path: Path) -> None:
    """Their calls would be missed."""
    found = project(
        tmp_path, app="from aws_xray_sdk.core import patch_all\npatch_all()\n", db="import sqlite3\n"
    )
    assert not found["app"].is_changed
    assert "sqlite3" in (found["app"].uses[0].why or "")


def test_an_annotation_of_an_outer_subsegment_is_left() -> None:
    """It would land on the inner one."""
    source = SDK + dedent("""\
        def f():
            with xray_recorder.in_subsegment("outer") as outer:
                with xray_recorder.in_subsegment("inner"):
                    outer.put_annotation("a", 1)
        """)
    assert "outer.put_annotation" in moved(source)
    assert 'xray_recorder.in_subsegment("outer")' in moved(source)
    assert 'tracer.start_as_current_span("inner")' in moved(source)


@pytest.mark.parametrize(
    "body",
    [
        """
            with xray_recorder.in_subsegment('a', namespace='remote') as sub:
                sub.put_annotation('a', 1)
        """,
        """
            with xray_recorder.in_subsegment('a', namespace='remote'):
                xray_recorder.put_annotation('a', 1)
        """,
        """
            xray_recorder.begin_subsegment(*x)
            xray_recorder.put_annotation('a', 1)
        """,
        """
            xray_recorder.begin_segment('a')
            sub = xray_recorder.current_subsegment()
            sub.put_annotation('a', 1)
        """,
    ],
)
def test_what_annotates_a_subsegment_that_is_left_stays_too(body: str) -> None:
    """`annotate` means a span of OpenTelemetry."""
    source = f"{SDK}def f(x):{body.rstrip()}\n"
    assert moved(source) == source


def test_what_took_the_place_of_patching_is_imported() -> None:
    """Importing `tracing` sets it up; a file that decorates or annotates does so anyway."""
    patching = "import boto3\nfrom aws_xray_sdk.core import patch_all\npatch_all()\n"
    assert moved(patching) == "import boto3\nimport tracing\n"
    assert "import tracing\n" not in moved(patching + "def handler(event, context): ...\n")


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    """A function of the program may be called annotate."""
    text = moved(SDK + "def annotate(a, b): ...\ndef f():\n    xray_recorder.put_annotation('a', 1)\n")
    assert "from tracing import annotate as otel_annotate" in text
    assert "    otel_annotate('a', 1)" in text


def test_a_moved_file_stays_as_it_is() -> None:
    """Moving again finds nothing."""
    once = moved(
        SDK + "def handler(event, context):\n    with xray_recorder.in_subsegment('a'):\n        ...\n"
    )
    assert rewrite(once).text == once
    assert rewrite(once).uses == ()


def test_a_tracer_that_files_share_goes_with_its_last_use(tmp_path: Path) -> None:
    """Whoever imports it is moved too."""
    found = project(
        tmp_path,
        shared=POWERTOOLS,
        app="from shared import tracer\n@tracer.capture_lambda_handler\ndef handler(event, context): ...\n",
    )
    assert "tracer" not in found["shared"].after.replace("tracing", "")
    assert found["app"].after.startswith("from tracing import capture_lambda_handler\n")
    assert "shared" not in found["app"].after


def test_a_tracer_that_a_neighbour_still_uses_stays(tmp_path: Path) -> None:
    """Taking it away would break the neighbour."""
    found = project(
        tmp_path, shared=POWERTOOLS, app="from shared import tracer\ntracer.ignore_endpoint(urls=[])\n"
    )
    assert not found["shared"].is_changed
    assert not found["app"].is_changed


def test_a_handler_whose_code_is_in_another_file_is_decorated(tmp_path: Path) -> None:
    """Its spans have to leave before the response does."""
    found = project(
        tmp_path,
        store=SDK + "def store():\n    with xray_recorder.in_subsegment('a'):\n        ...\n",
        app="from store import store\ndef lambda_handler(event, context):\n    store()\n",
    )
    assert "@capture_lambda_handler\ndef lambda_handler" in found["app"].after


def test_a_file_that_is_no_python_is_named(tmp_path: Path) -> None:
    """And the others are moved."""
    found = project(tmp_path, bad="print 'a'\n", good=SDK + "xray_recorder.put_annotation('a', 1)\n")
    assert found["bad"].error
    assert found["good"].is_changed


def test_the_sdk_beside_a_functions_code_is_no_code_of_its_own(tmp_path: Path) -> None:
    """Packages lie there before they are zipped."""
    (tmp_path / "aws_xray_sdk").mkdir()
    (tmp_path / "aws_xray_sdk" / "sdk_config.py").write_text("from aws_xray_sdk.core import xray_recorder\n")
    (tmp_path / "aws_xray_sdk" / "patch.py").write_text(SDK + "xray_recorder.put_annotation('a', 1)\n")
    assert project(tmp_path) == {}
