"""What is moved, what is left, and that the moved code leaves the trace it should."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from waterfall.migrate.inventory import Change
from waterfall.migrate.powertools import TRACE_EXECUTION
from waterfall.migrate.rewriting import rewrite, rewrite_all
from waterfall.migrate.xray_sdk import NEEDED


def moved(source: str) -> str:
    return rewrite(dedent(source)).text


def why_left(source: str) -> dict[str, str]:
    return {use.construct: use.why for use in rewrite(dedent(source)).uses if use.why}


def project(folder: Path, **files: str) -> dict[str, Change]:
    for name, source in files.items():
        (folder / f"{name}.py").write_text(dedent(source))
    return {change.path.stem: change for change in rewrite_all(folder)}


SDK = "from aws_xray_sdk.core import xray_recorder\n"
CLIENT = "kind=trace.SpanKind.CLIENT"
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


def test_a_segment_outside_lambda_becomes_a_span_too() -> None:
    """Also where it stands in no function; what is inside it is inside the block."""
    source = SDK + dedent("""\
        segment = xray_recorder.begin_segment("script")
        segment.put_annotation("a", 1)
        xray_recorder.begin_subsegment("part")
        run()
        xray_recorder.end_subsegment()
        xray_recorder.end_segment()
        """)
    assert moved(source).endswith(
        dedent("""\
        with tracer.start_as_current_span("script", kind=trace.SpanKind.SERVER):
            annotate("a", 1)
            with tracer.start_as_current_span("part"):
                run()
        """)
    )
    pairs = {f"begin_{kind}, end_{kind}" for kind in ("segment", "subsegment")}
    assert pairs < {use.construct for use in rewrite(source).uses}


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
            "def f():\n    with xray_recorder.in_subsegment('a', namespace='remote'):\n        ...\n",
            f"    with tracer.start_as_current_span('a', {CLIENT}):\n        ...\n",
        ),
        (
            (
                "def f():\n    xray_recorder.begin_subsegment('a', 'remote')\n"
                "    g()\n    xray_recorder.end_subsegment()\n"
            ),
            f"def f():\n    with tracer.start_as_current_span('a', {CLIENT}):\n        g()\n",
        ),
        (
            "def main():\n    with xray_recorder.in_segment('a') as s:\n        s.put_annotation('a', 1)\n",
            (
                "    with tracer.start_as_current_span('a', kind=trace.SpanKind.SERVER):\n"
                "        annotate('a', 1)\n"
            ),
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
        (SDK + "with xray_recorder.in_subsegment('a', namespace='aws'):\n    ...\n", "in_subsegment"),
        (
            SDK + "def f(xray_recorder):\n    xray_recorder.put_annotation('a', 1)\n",
            "xray_recorder.put_annotation",
        ),
        (SDK + "xray_recorder.begin_segment('a')\n", "xray_recorder.begin_segment"),
        (
            SDK + "def handler(event, context):\n    xray_recorder.begin_segment('a')\n"
            "    run()\n    xray_recorder.end_segment()\n",
            "xray_recorder.begin_segment",
        ),
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


def test_patching_stays_where_a_segment_of_the_sdk_does() -> None:
    """Outside Lambda nothing else records calls into it."""
    reasons = why_left("""\
        from aws_xray_sdk.core import patch_all, xray_recorder

        patch_all()
        segment = xray_recorder.begin_segment("job")
        """)
    assert reasons["patch_all"] == NEEDED


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
            with xray_recorder.in_subsegment('a', namespace='aws') as sub:
                sub.put_annotation('a', 1)
        """,
        """
            with xray_recorder.in_subsegment('a', namespace='aws'):
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


FLASK = """\
from flask import Flask
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware

app = Flask(__name__)
xray_recorder.configure(service="shop", sampling=False)
XRayMiddleware(app, xray_recorder)
"""
AIOHTTP = """\
import aiohttp
from aws_xray_sdk.ext.aiohttp.client import aws_xray_trace_config


async def get(url):
    async with aiohttp.ClientSession(trace_configs=[aws_xray_trace_config()]) as session:
        await session.get(url)
"""
SERVER = """\
from aiohttp import web
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.async_context import AsyncContext
from aws_xray_sdk.ext.aiohttp.middleware import middleware

xray_recorder.configure(service="shop", context=AsyncContext())
app = web.Application(middlewares=[middleware])
"""


def test_middleware_becomes_that_of_opentelemetry() -> None:
    """Where there is an instrumentation; what configured the recorder goes with it."""
    assert moved(FLASK) == dedent("""\
        from flask import Flask
        from opentelemetry.instrumentation.flask import FlaskInstrumentor

        app = Flask(__name__)
        FlaskInstrumentor().instrument_app(app)
        """)
    assert moved(SERVER) == dedent("""\
        from aiohttp import web
        from opentelemetry.instrumentation.aiohttp_server import AioHttpServerInstrumentor

        AioHttpServerInstrumentor().instrument()

        app = web.Application(middlewares=[])
        """)
    client = moved(AIOHTTP)
    assert "from opentelemetry.instrumentation.aiohttp_client import create_trace_config\n" in client
    assert "trace_configs=[create_trace_config()]" in client


@pytest.mark.parametrize(
    ("source", "construct", "why"),
    [
        (
            "from aws_xray_sdk.ext.bottle.middleware import XRayMiddleware\nXRayMiddleware(r)\n",
            "ext.bottle.middleware.XRayMiddleware",
            "no instrumentation of Bottle",
        ),
        (
            'MIDDLEWARE = ["aws_xray_sdk.ext.django.middleware.XRayMiddleware"]\n',
            '"aws_xray_sdk.ext.django.middleware.XRayMiddleware"',
            "DjangoInstrumentor().instrument() in manage.py",
        ),
        (
            SERVER.replace("[middleware]", "chosen(middleware)"),
            "ext.aiohttp.middleware.middleware",
            "AioHttpServerInstrumentor().instrument() before",
        ),
        (
            FLASK.replace("app, xray", "app, other=xray"),
            "xray_recorder.configure",
            "the middleware or segment that is left",
        ),
        (
            SDK + "def handler(event, context):\n    with xray_recorder.in_segment('a'):\n        ...\n",
            "xray_recorder.in_segment",
            "a segment is Lambda's own",
        ),
    ],
)
def test_what_has_no_instrumentation_is_left_with_a_reason(source: str, construct: str, why: str) -> None:
    """Which says what to do in its place."""
    assert why in why_left(source)[construct]


THREADS = """\
def work(item, entity):
    xray_recorder.set_trace_entity(entity)
    with xray_recorder.in_subsegment("item"):
        use(item)
    xray_recorder.clear_trace_entities()


def handler(event, context):
    with ThreadPoolExecutor() as pool:
        entity = xray_recorder.get_trace_entity()
        for item in event:
            pool.submit(work, item, entity)
"""


def test_an_entity_that_is_handed_to_threads_is_carried() -> None:
    """Parameter, argument and variable go with it."""
    text = moved(SDK + THREADS)
    assert text.endswith("""\
def work(item):
    with tracer.start_as_current_span("item"):
        use(item)


@capture_lambda_handler
def handler(event, context):
    with ThreadPoolExecutor() as pool:
        for item in event:
            pool.submit(carry_context(work), item)
""")
    assert "from tracing import capture_lambda_handler, carry_context\n" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "pool.submit(work, item, xray_recorder.current_subsegment())",
            "pool.submit(carry_context(work), item)",
        ),
        (
            "Thread(target=work, args=(item, xray_recorder.get_trace_entity())).start()",
            "Thread(target=carry_context(work), args=(item,)).start()",
        ),
        (
            "loop.run_in_executor(None, work, item, xray_recorder.get_trace_entity())",
            "loop.run_in_executor(None, carry_context(work), item)",
        ),
    ],
)
def test_each_way_to_start_a_thread_is_known(before: str, after: str) -> None:
    """The entity may be made where it is handed over."""
    source = THREADS.replace("        entity = xray_recorder.get_trace_entity()\n", "")
    assert after in moved(SDK + source.replace("pool.submit(work, item, entity)", before))


def test_an_entity_that_a_nested_function_takes_from_around_it_is_carried() -> None:
    """Which is how `map` is used."""
    text = moved(
        SDK
        + dedent("""\
        def run(items):
            entity = xray_recorder.get_trace_entity()

            def work(item):
                xray_recorder.set_trace_entity(entity)
                use(item)

            return list(pool.map(work, items))
        """)
    )
    assert text.endswith(
        dedent("""\
        def run(items):

            def work(item):
                use(item)

            return list(pool.map(carry_context(work), items))
        """)
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        use(item)\n", "        use(item, entity)\n"),
        ("            pool.submit(work, item, entity)\n", "            start(work, item, entity)\n"),
        ("            pool.submit(work, item, entity)\n", "            pool.submit(work, *item, entity)\n"),
        (
            "            pool.submit(work, item, entity)\n",
            (
                "            with xray_recorder.in_subsegment('x'):\n"
                "                pool.submit(work, item, entity)\n"
            ),
        ),
        ("with ThreadPoolExecutor", "with ProcessPoolExecutor"),
        ("entity = xray", "entity = other or xray"),
    ],
)
def test_an_entity_of_which_not_all_can_be_seen_is_left(old: str, new: str) -> None:
    """With what to do."""
    source = SDK + THREADS.replace(old, new)
    assert "set_trace_entity(entity)" in moved(source)
    assert "submit `carry_context(work)`" in why_left(source)["xray_recorder.set_trace_entity"]


def test_a_function_that_another_file_hands_to_threads_keeps_its_entity(tmp_path: Path) -> None:
    """Which that file passes."""
    other = "from app import work\npool.submit(work, 1, entity)\n"
    assert "set_trace_entity" in project(tmp_path, app=SDK + THREADS, other=other)["app"].after
    assert "set_trace_entity" not in project(tmp_path, other="run()\n")["app"].after


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


def test_a_shared_tracer_gives_its_name_to_the_new_one(tmp_path: Path) -> None:
    """Its import goes, though the name is used."""
    found = project(
        tmp_path,
        shared=POWERTOOLS,
        app="from shared import tracer\nwith tracer.provider.in_subsegment('a'):\n    ...\n",
    )
    assert "shared" not in found["app"].after
    assert "tracer = trace.get_tracer(__name__)" in found["app"].after


def test_a_tracer_whose_type_is_annotated_is_one_too(tmp_path: Path) -> None:
    """It goes with its import, and its neighbours' uses of it move."""
    changes = project(
        tmp_path,
        observability="""
            from aws_lambda_powertools import Logger
            from aws_lambda_powertools.tracing.tracer import Tracer

            logger: Logger = Logger()
            tracer: Tracer = Tracer()
            """,
        app="""
            from service.observability import logger, tracer

            @tracer.capture_method(capture_response=False)
            def store(order): logger.info(order)
            """,
    )
    assert "racer" not in changes["observability"].after
    assert changes["app"].after == dedent("""
            from tracing import capture_method
            from service.observability import logger

            @capture_method
            def store(order): logger.info(order)
            """)


def test_what_cannot_be_followed_is_listed_where_it_is_used(tmp_path: Path) -> None:
    """Behind a function that makes it, an attribute or a parameter, also in files that import no SDK."""
    changes = project(
        tmp_path,
        making="""
            from aws_lambda_powertools import Tracer

            def make(): return Tracer()
            """,
        app="""
            from making import make

            tracer = make()

            class Shop:
                def __init__(self): self.tracer = make()
                def note(self): self.tracer.put_annotation("a", 1)

            def annotate(subsegment): subsegment.put_metadata("b", 2)

            @tracer.capture_lambda_handler
            def handler(event, context): ...
            """,
    )
    assert [(use.line, use.construct) for use in changes["app"].uses if use.why] == [
        (8, "put_annotation"),
        (10, "put_metadata"),
        (12, "capture_lambda_handler"),
    ]
    assert not changes["app"].is_changed


def test_middleware_that_powertools_traces_is_listed() -> None:
    """It needs the X-Ray SDK, though the file names no tracer for it."""
    assert why_left("""\
        from aws_lambda_powertools.middleware_factory import lambda_handler_decorator

        @lambda_handler_decorator(trace_execution=True)
        def around(handler, event, context): return handler(event, context)

        @lambda_handler_decorator
        def plain(handler, event, context): return handler(event, context)
        """) == {"trace_execution": TRACE_EXECUTION}


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


def test_a_handler_that_runs_moved_code_through_another_file_is_decorated(tmp_path: Path) -> None:
    """And not one that imports a file of which only a tracer went."""
    found = project(
        tmp_path,
        store=SDK + "def store():\n    with xray_recorder.in_subsegment('a'):\n        ...\n",
        shop="import store\n",
        app="from shop import store\ndef lambda_handler(event, context):\n    store.store()\n",
        shared="logger = 1\n" + POWERTOOLS,
        other="from shared import logger\ndef lambda_handler(event, context): ...\n",
    )
    assert "@capture_lambda_handler\ndef lambda_handler" in found["app"].after
    assert "shop" not in found
    assert "other" not in found


def test_spans_that_something_else_than_a_handler_runs_are_recorded_too(tmp_path: Path) -> None:
    """Whoever starts them has nothing to decorate, so that the file sets tracing up itself."""
    store = SDK + "def store():\n    with xray_recorder.in_subsegment('a'):\n        ...\n"
    entry = "from mangum import Mangum\nfrom store import store\nlambda_handler = Mangum(store)\n"
    handler = "from store import store\ndef lambda_handler(event, context):\n    store()\n"
    test = "from store import store\ndef test_it(): ...\n"
    assert "import tracing" not in project(tmp_path, store=store, app=handler, test_app=test)["store"].after
    assert "import tracing" in project(tmp_path, entry=entry)["store"].after


def test_calls_that_a_tracer_patched_are_recorded_where_no_handler_is(tmp_path: Path) -> None:
    """A `Tracer()` patches boto3, of which nothing would be left with it."""
    entry = "from mangum import Mangum\nfrom shared import app\nhandler = Mangum(app)\n"
    assert "import tracing" in project(tmp_path, shared=POWERTOOLS + "app = 1\n", entry=entry)["shared"].after


def test_a_test_with_fixtures_is_no_handler() -> None:
    """Though it is called one, and its fixtures are an event and a context."""
    source = SDK + "def test_handler(sqs_event, lambda_context):\n    xray_recorder.put_annotation('a', 1)\n"
    assert "capture_lambda_handler" not in moved(source)


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
