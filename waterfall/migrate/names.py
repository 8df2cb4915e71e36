"""Which names of a file stand for objects of the SDKs: by imports, definitions, and its neighbours'."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import libcst as cst
from libcst.helpers import get_full_name_for_node

from waterfall.migrate import powertools, xray_sdk
from waterfall.migrate.syntax import Reader

_CONTEXT = re.compile(r"context|ctx|^_+$")
PACKAGES = (powertools.PACKAGE, xray_sdk.PACKAGE)


def is_old(name: str) -> bool:
    """Whether a dotted name is the X-Ray SDK's or Powertools'."""
    return name.partition(".")[0].partition(":")[0] in PACKAGES


def imported(node: cst.Import | cst.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield what an import binds, each with the dotted name that it stands for."""
    if isinstance(node.names, cst.ImportStar):
        return
    source = (
        get_full_name_for_node(node.module) or "" if isinstance(node, cst.ImportFrom) and node.module else ""
    )
    for alias in node.names:
        name = get_full_name_for_node(alias.name) or ""
        known_as = get_full_name_for_node(alias.asname.name) if alias.asname else None
        if isinstance(node, cst.ImportFrom):
            yield known_as or name, f"{source}.{name}" if source else name
        else:
            yield known_as or name.partition(".")[0], name if known_as else name.partition(".")[0]


def _dotted(node: cst.CSTNode) -> str | None:
    """Return a dotted name; of what is called or looked up on the way, nothing."""
    if isinstance(node, cst.Name):
        return node.value
    owner = _dotted(node.value) if isinstance(node, cst.Attribute) else None
    return f"{owner}.{node.attr.value}" if owner and isinstance(node, cst.Attribute) else None


def is_handler(node: cst.CSTNode) -> bool:
    """Whether a definition is that of a Lambda handler, by its parameters; a test's are fixtures."""
    if not isinstance(node, cst.FunctionDef) or node.name.value.startswith("test_"):
        return False
    params = [each.name.value for each in node.params.params]
    return len(params) == 2 and "event" in params[0] and _CONTEXT.search(params[1]) is not None


class Names(Reader):
    """Reads what a file binds: `imports` by imports, `tracers` by `NAME = Tracer(...)`, `bound` in any way.

    `shared` are such objects of neighbours, as `module.name`, with what each stands for; what a file takes
    from its neighbours is in `taken`, as they would say it. `opening` are the methods that open what a span
    can be: segments are Lambda's own where there is a handler.
    """

    def __init__(self, module: cst.Module, shared: Mapping[str, str], *, in_lambda: bool = False) -> None:
        super().__init__()
        self.has_handler = any(is_handler(each) for each in module.body)
        segments = () if in_lambda or self.has_handler else xray_sdk.SEGMENTS
        self.opening = xray_sdk.OPENING.union(segments)
        self.imports: dict[str, set[str]] = {}
        self.tracers: dict[str, cst.Call] = {}
        self.spans: set[str] = set()
        self.bound: Counter[str] = Counter()
        self.used: set[str] = set()
        self.called: set[str] = set()
        self.taken: set[str] = set()
        self.modules: set[str] = set()
        self._shared = shared
        self._top = {
            id(statement)
            for line in module.body
            if isinstance(line, cst.SimpleStatementLine)
            for statement in line.body
        }
        module.visit(self)

    def stands_for(self, node: cst.CSTNode) -> str | None:
        """Return what a dotted name stands for, if it is the X-Ray SDK's or Powertools'."""
        name = _dotted(node)
        if not name:
            return None
        head, _, rest = name.partition(".")
        if head in self.tracers:
            whole = f"{powertools.TRACER}.{rest}".rstrip(".")
        elif len(self.imports.get(head, ())) == 1:
            whole = f"{next(iter(self.imports[head]))}.{rest}".rstrip(".")
        else:
            return None
        whole = self._of_neighbour(whole)
        provider = f"{powertools.TRACER}.provider"
        if whole == provider or whole.startswith(f"{provider}."):
            whole = xray_sdk.RECORDER + whole.removeprefix(provider)
        return xray_sdk.canonical(whole) if is_old(whole) else None

    def is_ambiguous(self, name: str) -> bool:
        """Whether a name is bound to something else too, such as a parameter."""
        others = self.bound[name] - (name in self.tracers)
        return others > 0

    def exports(self) -> dict[str, str]:
        """Return the objects that others may import from here, with what each stands for."""
        objects = {name: next(iter(found)) for name, found in self.imports.items() if len(found) == 1}
        found = {**objects, **dict.fromkeys(self.tracers, powertools.TRACER)}
        return {name: whole for name, whole in found.items() if is_old(whole)}

    def known_as(self, whole: str) -> str | None:
        """Return the name by which a file has something imported already."""
        return next((name for name, found in self.imports.items() if found == {whole}), None)

    def _of_neighbour(self, whole: str) -> str:
        parts = whole.split(".")
        for at in range(len(parts) - 1):
            key = ".".join(parts[at : at + 2])
            if key in self._shared and (at == 0 or not is_old(whole)):
                return ".".join([self._shared[key], *parts[at + 2 :]])
        return whole

    def visit_Import(self, node: cst.Import) -> bool:
        self._import(node)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        self._import(node)
        return False

    def _import(self, node: cst.Import | cst.ImportFrom) -> None:
        for name, whole in imported(node):
            self.imports.setdefault(name, set()).add(whole)
            self.taken.add(".".join(whole.split(".")[-2:]))
            self.modules.add(whole)
        if isinstance(node, cst.Import):
            self.modules |= {get_full_name_for_node(alias.name) or "" for alias in node.names}
        if isinstance(node, cst.ImportFrom) and node.module and isinstance(node.names, cst.ImportStar):
            self.taken.add(f"{(get_full_name_for_node(node.module) or '').rpartition('.')[2]}.*")

    def visit_Assign(self, node: cst.Assign) -> None:
        if len(node.targets) == 1:
            self._define(node, node.targets[0].target)

    def _define(self, node: cst.Assign | cst.AnnAssign, target: cst.CSTNode) -> None:
        call = node.value
        if id(node) not in self._top or not isinstance(target, cst.Name) or not isinstance(call, cst.Call):
            return
        if isinstance(call.func, cst.Name | cst.Attribute):
            whole = self.stands_for(call.func)
            if whole in powertools.CLASSES:
                self.tracers[target.value] = call
            elif get_full_name_for_node(call.func) == "trace.get_tracer":
                self.spans.add(target.value)

    def visit_Name(self, node: cst.Name) -> None:
        self.used.add(node.value)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self._bind(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._define(node, node.target)
        self._bind(node.target)

    def visit_Param(self, node: cst.Param) -> None:
        self._bind(node.name)

    def visit_AsName(self, node: cst.AsName) -> None:
        self._bind(node.name)

    def visit_For(self, node: cst.For) -> None:
        self._bind(node.target)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._bind(node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._bind(node.target)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._bind(node.name)

    def visit_Call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Name):
            self.called.add(node.func.value)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._bind(node.name)

    def _bind(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.Name):
            self.bound[node.value] += 1
        elif isinstance(node, cst.Tuple | cst.List):
            for each in node.elements:
                self._bind(each.value)
