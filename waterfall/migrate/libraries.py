"""What makes calls and requests of other libraries traced: `patch`, middleware, and `configure`."""

from __future__ import annotations

import libcst as cst

from waterfall.migrate import xray_sdk
from waterfall.migrate.decisions import Decisions
from waterfall.migrate.imports import emptied
from waterfall.migrate.syntax import is_statement, texts_of, without


def patch(found: Decisions, node: cst.Call, method: str) -> None:
    """Decide about `patch` and `patch_all`: they go where `tracing` records what they patch."""
    if method == "patch_all":
        fits, why = not (found.others or node.args), xray_sdk.why_left(method)
        why = xray_sdk.OTHERS.format(others=", ".join(found.others)) if found.others else why
    else:
        texts = texts_of(node)
        fits, why = bool(texts) and {*texts} <= xray_sdk.TRACED, xray_sdk.why_left(method)
    if not fits or not is_statement(node, found.parents):
        found.stays(node, method, why)
        return
    line = found.statement(found.parents[node])
    found.is_patched = True
    found.moves(node, method, "nothing: `tracing` records these calls", (line, emptied))


def configure(found: Decisions, node: cst.Call, shown: str) -> bool:
    """Decide about a recorder's `configure`; tell whether it goes.

    What it sets is about segments, which are Lambda's own in a function, and elsewhere a matter of
    OpenTelemetry's variables.
    """
    set_ = {arg.keyword.value if arg.keyword else "*" for arg in node.args}
    others = sorted(set_ - xray_sdk.NO_MATTER)
    if others or not is_statement(node, found.parents):
        why = f"`tracing` has no setting for {', '.join(others)}" if others else "its result is used"
        found.stays(node, shown, why)
        return False
    elsewhere = " (elsewhere, OTEL_SERVICE_NAME names it)" if "service" in set_ else ""
    becomes = f"nothing: Lambda makes the segment and samples{elsewhere}"
    found.moves(node, shown, becomes, (found.statement(found.parents[node]), emptied))
    return True


def flask(found: Decisions, node: cst.Call, shown: str) -> cst.Arg | None:
    """Decide about Flask's middleware; return the application that it is given, if it moves."""
    app = _app(node)
    if app is None or not is_statement(node, found.parents):
        found.stays(node, shown, "it has more than an application and the recorder, or its result is used")
        return None

    def change(new: cst.Call) -> cst.Call:
        made = cst.Call(cst.Name(found.wanted("FlaskInstrumentor")))
        given = (_app(new) or app).with_changes(keyword=None, comma=cst.MaybeSentinel.DEFAULT)
        return new.with_changes(func=cst.Attribute(made, cst.Name("instrument_app")), args=[given])

    found.moves(node, shown, "FlaskInstrumentor().instrument_app(...)", (node, change))
    return app


def aiohttp(found: Decisions, node: cst.CSTNode, shown: str) -> None:
    """Decide about aiohttp's middleware: the application is instrumented before it is made."""
    element = found.parents[node]
    listed = found.parents[element]
    arg = found.parents[listed]
    call = found.parents[arg] if isinstance(arg, cst.Arg) and arg.keyword else None
    func = call.func if isinstance(call, cst.Call) else None
    is_application = isinstance(func, cst.Attribute) and func.attr.value == "Application"
    if (
        not isinstance(listed, cst.List | cst.Tuple)
        or not isinstance(element, cst.Element)
        or not is_application
    ):
        found.stays(node, shown, xray_sdk.EXTENSIONS["aiohttp"])
        return
    at = listed.elements.index(element)

    def change(new: cst.List | cst.Tuple) -> cst.List | cst.Tuple:
        found.wanted("AioHttpServerInstrumentor")
        return new.with_changes(elements=without(new.elements, at))

    found.moves(node, shown, "AioHttpServerInstrumentor().instrument()", (listed, change))


def _app(node: cst.Call) -> cst.Arg | None:
    """Return the application of `XRayMiddleware(app, recorder)`, if no more is said."""
    names = [
        arg.keyword.value if arg.keyword else place for arg, place in zip(node.args, _FLASK, strict=False)
    ]
    is_all = len(node.args) == len(_FLASK) and {*names} == {*_FLASK}
    return node.args[names.index("app")] if is_all and not any(arg.star for arg in node.args) else None


_FLASK = ("app", "recorder")
