"""The imports of a moved file: those of the SDKs go when nothing uses them, what is new comes once."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node

from waterfall.migrate.names import Names, imported
from waterfall.migrate.syntax import Reader

_Kept = cst.BaseSmallStatement | cst.RemovalSentinel
_SOURCES = {
    "trace": "opentelemetry",
    "add_metadata": "tracing",
    "annotate": "tracing",
    "capture_lambda_handler": "tracing",
    "capture_method": "tracing",
    "carry_context": "tracing",
    "create_trace_config": "opentelemetry.instrumentation.aiohttp_client",
    "AioHttpServerInstrumentor": "opentelemetry.instrumentation.aiohttp_server",
    "FlaskInstrumentor": "opentelemetry.instrumentation.flask",
}


_GONE = "__gone__"


class Wanted:
    """Gives names to what a moved file uses, and remembers what has to be imported or made.

    `needs_library` says that `tracing` has to be imported: a `patch` went, or nobody else does who runs the
    file. `freed` are names of the old SDKs that the file has no more use for.
    """

    def __init__(self, names: Names, freed: set[str]) -> None:
        self._names, self._taken = names, {*names.bound, *names.imports, *names.used} - freed
        self._freed = freed
        self._given: dict[str, str] = {}
        self.is_tracer_made = False
        self.needs_library = False

    def __call__(self, name: str) -> str:
        if name == "tracer":
            return self._tracer()
        known = self._names.known_as(f"{_SOURCES[name]}.{name}")
        if known:
            return known
        return self._given.setdefault(name, self._free(name))

    @property
    def reused(self) -> set[str]:
        """The names of the old SDKs that now stand for something new."""
        new = {*self._given.values()} | ({self._tracer()} if self.is_tracer_made else set())
        return new & self._freed

    def _tracer(self) -> str:
        if self._names.spans:
            return min(self._names.spans)
        self.is_tracer_made = True
        return self._free("tracer")

    def _free(self, name: str) -> str:
        return f"otel_{name}" if name in self._taken else name

    def imports(self) -> list[str]:
        """Return the lines that import what was asked for, and is not imported yet."""
        if self.is_tracer_made:
            self("trace")
        found: dict[str, list[str]] = {}
        for name, known_as in sorted(self._given.items()):
            found.setdefault(_SOURCES[name], []).append(name if name == known_as else f"{name} as {known_as}")
        lines = [f"from {source} import {', '.join(found[source])}" for source in sorted(found)]
        is_here = "tracing" in found or any(
            whole.partition(".")[0] == "tracing" for whole in self._names.modules
        )
        return [*lines, "import tracing"] if self.needs_library and not is_here else lines

    def statements(self) -> list[str]:
        """Return the lines that follow the imports: what instruments a library, and what makes the tracer."""
        instrumentor = self._given.get("AioHttpServerInstrumentor")
        lines = [f"{instrumentor}().instrument()"] if instrumentor else []
        made = f"{self._tracer()} = {self('trace')}.get_tracer(__name__)" if self.is_tracer_made else None
        return [*lines, made] if made else lines


def settled(module: cst.Module, wanted: Wanted, gone: set[str]) -> cst.Module:
    """Return a moved module with its imports right: `gone` are names of the SDKs that it may lose."""
    used = _Loaded()
    module.visit(used)
    place = _place(module, gone)
    statements = wanted.statements()
    lines = [cst.parse_statement(line) for line in wanted.imports()]
    removed = _Removed(gone - (used.names - wanted.reused))
    body: list[cst.BaseStatement] = []
    for at, each in enumerate(module.body):
        kept = each.visit(removed)
        if not isinstance(kept, cst.BaseStatement):
            continue
        if at == place and lines:
            body.append(lines[0].with_changes(leading_lines=getattr(kept, "leading_lines", ())))
            body += lines[1:]
            kept = kept.with_changes(leading_lines=()) if _imports(each) else kept
        body.append(kept)
    body += lines if place >= len(module.body) else []
    body = tidied(body)
    new = module.with_changes(body=body)
    return _with_statements(new, statements) if statements else new


def _place(module: cst.Module, gone: set[str]) -> int:
    """Return where new imports go: at the first import of the SDKs, else below docstring and `__future__`."""
    for at, each in enumerate(module.body):
        if {name for one in _imports(each) for name, _ in imported(one)} & gone:
            return at
    start = 0
    for at, each in enumerate(module.body):
        is_text = isinstance(each, cst.SimpleStatementLine) and isinstance(each.body[0], cst.Expr)
        future = any(isinstance(one, cst.ImportFrom) and _is_future(one) for one in _imports(each))
        if not (future or (at == 0 and is_text)):
            break
        start = at + 1
    return start


def _is_future(node: cst.ImportFrom) -> bool:
    return node.module is not None and get_full_name_for_node(node.module) == "__future__"


def _imports(node: cst.CSTNode) -> list[cst.Import | cst.ImportFrom]:
    lines = node.body if isinstance(node, cst.SimpleStatementLine) else ()
    return [each for each in lines if isinstance(each, cst.Import | cst.ImportFrom)]


def _with_statements(module: cst.Module, lines: Sequence[str]) -> cst.Module:
    """Put statements below the imports that stand before everything else."""
    at = 0
    for index, each in enumerate(module.body):
        if not isinstance(each, cst.SimpleStatementLine):
            break
        if _imports(each):
            at = index + 1
    made = [cst.ensure_type(cst.parse_statement(line), cst.SimpleStatementLine) for line in lines]
    made[0] = made[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    follows = module.body[at] if at < len(module.body) else None
    body = [*module.body[:at], *made, *module.body[at:]]
    if isinstance(follows, cst.SimpleStatementLine) and not follows.leading_lines:
        body[at + len(made)] = follows.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return module.with_changes(body=body)


class _Loaded(Reader):
    """The names that a module uses, apart from importing them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Take the names of `__all__`, and annotations in quotes."""
        value = node.evaluated_value
        if isinstance(value, str) and value.isidentifier():
            self.names.add(value)


class _Removed(cst.CSTTransformer):
    def __init__(self, gone: set[str]) -> None:
        super().__init__()
        self._gone = gone

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> _Kept:
        return self._left(original_node, updated_node)

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> _Kept:
        return self._left(original_node, updated_node)

    def _left(self, original: cst.Import | cst.ImportFrom, updated: cst.Import | cst.ImportFrom) -> _Kept:
        if isinstance(original.names, cst.ImportStar):
            return updated
        bound = [name for name, _ in imported(original)]
        kept = [alias for alias, name in zip(updated.names, bound, strict=True) if name not in self._gone]  # type: ignore[arg-type]
        if len(kept) == len(bound):
            return updated
        if not kept:
            return cst.RemovalSentinel.REMOVE
        last = kept[-1]
        if (
            isinstance(updated, cst.ImportFrom)
            and updated.lpar
            and isinstance(original.names[-1].comma, cst.Comma)
        ):
            return updated.with_changes(names=kept)
        return updated.with_changes(names=[*kept[:-1], last.with_changes(comma=cst.MaybeSentinel.DEFAULT)])

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return updated_node.with_changes(body=tidied(updated_node.body) or [cst.parse_statement("pass")])


def emptied(line: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
    """Return a line that `tidied` takes out; LibCST drops one without code, with the blanks above it."""
    return line.with_changes(body=[cst.Expr(cst.Name(_GONE))])


def tidied(body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """Leave out lines that are emptied; the blank line above one goes to what follows it."""
    kept: list[cst.BaseStatement] = []
    blank: Sequence[cst.EmptyLine] = ()
    for each in body:
        leading = tuple(getattr(each, "leading_lines", ()))
        if _is_gone(each):
            blank = blank or tuple(line for line in leading if line.comment is None)
            continue
        kept.append(each.with_changes(leading_lines=blank) if blank and not leading else each)
        blank = ()
    return kept


def _is_gone(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.SimpleStatementLine) or len(node.body) > 1:
        return False
    only = node.body[0] if node.body else None
    is_emptied = isinstance(only, cst.Expr) and isinstance(only.value, cst.Name) and only.value.value == _GONE
    return only is None or is_emptied
