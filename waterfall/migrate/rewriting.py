"""Rewrites a code base: each file by itself, knowing what its neighbours define and still use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import libcst as cst
from libcst import metadata
from libcst.helpers import get_full_name_for_node

from waterfall.migrate import powertools, xray_sdk
from waterfall.migrate.deciding import Deciding
from waterfall.migrate.decisions import Decisions
from waterfall.migrate.entities import Entities
from waterfall.migrate.imports import Wanted, emptied, settled, tidied
from waterfall.migrate.inventory import Change, Use, files_of, left, module_of
from waterfall.migrate.names import Names, is_handler
from waterfall.migrate.pairs import lines_before, paired
from waterfall.migrate.reach import Reach
from waterfall.migrate.threads import Threads

_MENTIONS = re.compile(r"aws_xray_sdk|aws_lambda_powertools")
_VERBS = re.compile(rf"\.(?:{'|'.join(sorted(xray_sdk.VERBS))})\b")
_NEW = re.compile(r"^(?:from|import) (?:tracing|opentelemetry)\b", re.MULTILINE)
_LIBRARY = re.compile(r"^(?:from|import) tracing\b", re.MULTILINE)
_WORD = re.compile(r"\w+")
_DROPPED = frozenset({"auto_patch", "service"})
"""What `Tracer(...)` may be given and still go: `tracing` always patches, and a segment names the service."""


@dataclass(slots=True)
class Around:
    """What a file has to know of its neighbours.

    `shared` are objects of the SDKs that they define, as `module.name`, with what each stands for; `needed`
    the names of this file that must stay for them; `others` the libraries that `tracing` does not record.
    `decorates` says that a handler here runs code that moves, `in_lambda` that the code base has handlers.
    `elsewhere` are names of this file that other files have, too. `is_set_up` says that `tracing` is imported
    by who runs this file, so that its spans are recorded.
    """

    shared: Mapping[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    others: Sequence[str] = ()
    decorates: bool = False
    in_lambda: bool = False
    elsewhere: frozenset[str] = frozenset()
    is_set_up: bool = True


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`held` are the objects of neighbours that the file still needs, as `module.name`."""

    text: str
    uses: tuple[Use, ...]
    held: frozenset[str] = frozenset()


def rewrite(text: str, around: Around | None = None) -> Rewritten:
    """Move what can be moved in the text of a file; raises libcst.ParserSyntaxError."""
    around = around or Around()
    module = cst.parse_module(text)
    with_pairs = paired(module, Names(module, around.shared, in_lambda=around.in_lambda))
    found = _File(with_pairs, around).rewritten()
    if with_pairs.code == text:
        return found
    lines = lines_before(text, with_pairs.code)
    if any(use.construct in _OPENED and not use.is_moved for use in found.uses):
        return _File(module, around).rewritten()
    uses = tuple(replace(use, line=lines[use.line]) for use in found.uses)
    source = text.splitlines()
    begun = tuple(_as_begun(use, source[use.line - 1]) for use in uses)
    return replace(found, uses=begun)


_OPENED = {"in_subsegment": "subsegment", "in_segment": "segment"}


def _as_begun(use: Use, line: str) -> Use:
    """Return the row of a pair that became a `with` on the way, as it stands in the file."""
    kind = _OPENED.get(use.construct)
    is_pair = kind is not None and f"begin_{kind}" in line
    return replace(use, construct=f"begin_{kind}, end_{kind}") if is_pair else use


class _File:
    """One file on its way."""

    def __init__(self, module: cst.Module, around: Around) -> None:
        wrapper = metadata.MetadataWrapper(module, unsafe_skip_copy=False)
        self.module, self.around = wrapper.module, around
        self.positions = wrapper.resolve(metadata.PositionProvider)
        self.parents = wrapper.resolve(metadata.ParentNodeProvider)
        self.names = Names(self.module, around.shared, in_lambda=around.in_lambda)

    def line_of(self, node: cst.CSTNode) -> int:
        return int(self.positions[node].start.line)

    def rewritten(self) -> Rewritten:
        entities = Entities(self.module, self.names, self.parents)
        wants: list[Wanted] = []
        wanted = lambda name: wants[0](name)  # noqa: E731, PLW0108 - it is filled below
        deciding = Decisions(self.names, self.parents, entities, self.line_of, wanted, self.around.others)
        threads = Threads(self.module, self.names, self.parents, wanted, self.around.elsewhere)
        self.module.visit(Deciding(deciding, threads))
        freed = self._freed(deciding)
        wants.append(Wanted(self.names, freed))
        uses = deciding.uses + self._definitions(deciding, freed)
        changes = deciding.changes
        if any(use.is_moved for use in uses) or self.around.decorates:
            uses += self._handlers(changes, wants[0])
        held = frozenset(each for name in deciding.held for each in self._taken_as(name))
        if not changes:
            return Rewritten(self.module.code, tuple(sorted(uses, key=_by_line)), held)
        moved = self.module.visit(_Changing(changes))
        if not isinstance(moved, cst.Module):
            raise TypeError("a module that is changed stays one")
        wants[0].needs_library = deciding.is_patched or not self.around.is_set_up
        gone = self._mine() - self.around.needed
        return Rewritten(settled(moved, wants[0], gone).code, tuple(sorted(uses, key=_by_line)), held)

    def _freed(self, deciding: Decisions) -> set[str]:
        """Return the names of the SDKs' objects that nothing here needs any more."""
        stay = deciding.held | self.around.needed
        stay |= {name for name, call in self.names.tracers.items() if self._why_defined(call)}
        return {name for name in self._mine() if name not in stay and not self.names.is_ambiguous(name)}

    def _mine(self) -> set[str]:
        """Return the names that stand for the SDKs' objects here."""
        found = {
            name: self.names.stands_for(cst.Name(name)) for name in {*self.names.imports, *self.names.tracers}
        }
        return {
            name
            for name, whole in found.items()
            if whole and (powertools.is_tracing(whole) or whole.startswith(xray_sdk.PACKAGE))
        }

    def _why_defined(self, call: cst.Call) -> str | None:
        """Return why a `Tracer(...)` is left for what it does by itself."""
        others = ", ".join(self.around.others)
        patches = not any(arg.keyword and arg.keyword.value == "auto_patch" for arg in call.args)
        return why_given(call) or (xray_sdk.OTHERS.format(others=others) if others and patches else None)

    def _taken_as(self, name: str) -> set[str]:
        found = {".".join(whole.split(".")[-2:]) for whole in self.names.imports.get(name, ())}
        return {key for key in self.around.shared if key in found or key.partition(".")[0] == name}

    def _definitions(self, deciding: Decisions, freed: set[str]) -> list[Use]:
        """Decide about each `NAME = Tracer(...)`: it goes with the last use of it."""
        uses = []
        for name, call in self.names.tracers.items():
            why = self._why_defined(call) or (
                "a file beside it still uses it" if name in self.around.needed else None
            )
            if name in freed:
                uses.append(Use(self.line_of(call), "Tracer", "nothing, or a tracer of OpenTelemetry"))
                deciding.changes[self.parents[self.parents[call]]] = emptied
            else:
                uses.append(left(self.line_of(call), "Tracer", why or f"`{name}` has uses that are left"))
        return uses

    def _handlers(self, changes: dict[cst.CSTNode, Any], wanted: Wanted) -> list[Use]:
        """Decorate the handlers, so that spans leave before the response does."""
        uses = []
        for node in self.module.body:
            if isinstance(node, cst.FunctionDef) and self._is_handler(node):
                decorator = cst.Decorator(cst.Name(wanted("capture_lambda_handler")))
                changes[node] = lambda new, first=decorator: new.with_changes(
                    decorators=[first, *new.decorators]
                )
                uses.append(Use(self.line_of(node), f"def {node.name.value}", "@capture_lambda_handler"))
        return uses

    def _is_handler(self, node: cst.FunctionDef) -> bool:
        if node.asynchronous or not is_handler(node):
            return False
        decorated = {_decorator(each) for each in node.decorators}
        if any("capture_lambda_handler" in name for name in decorated):
            return False
        return "handler" in node.name.value or node.name.value not in self.names.called


def _decorator(node: cst.Decorator) -> str:
    call = node.decorator
    return get_full_name_for_node(call.func if isinstance(call, cst.Call) else call) or ""


def _by_line(use: Use) -> int:
    return use.line


def why_given(call: cst.Call) -> str | None:
    """Return why a `Tracer(...)` is left for what it is given."""
    given = [arg.keyword.value if arg.keyword else "service" for arg in call.args]
    modules = next(
        (arg.value for arg in call.args if arg.keyword and arg.keyword.value == "patch_modules"), None
    )
    if isinstance(modules, cst.List | cst.Tuple):
        names = {
            each.value.evaluated_value
            for each in modules.elements
            if isinstance(each.value, cst.SimpleString)
        }
        if len(names) == len(modules.elements) and names <= xray_sdk.TRACED:
            given.remove("patch_modules")
    others = sorted({*given} - _DROPPED)
    return f"`tracing` has no setting for {', '.join(others)}" if others else None


class _Changing(cst.CSTTransformer):
    def __init__(self, changes: Mapping[cst.CSTNode, Any]) -> None:
        super().__init__()
        self._changes = changes

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        """Change a node when its children are changed."""
        new = super().on_leave(original_node, updated_node)
        if change := self._changes.get(original_node):
            new = change(new)
        if isinstance(new, cst.IndentedBlock):
            return new.with_changes(body=tidied(new.body) or [cst.parse_statement("pass")])
        return new


def rewrite_all(place: Path) -> list[Change]:
    """Rewrite the Python files of a folder, or one file, in memory, where they name the SDKs."""
    changes, known = [], {}
    for path in files_of(place, ".py"):
        try:
            text = path.read_bytes().decode("utf-8")
            known[path] = (text, Names(cst.parse_module(text), {}))
        except (OSError, UnicodeDecodeError, cst.ParserSyntaxError) as error:
            changes.append(Change(path, "", "", (), str(error).partition("\n")[0]))
    shared = _shared(known)
    others = {path: _others(path.parent, known) for path in known}
    are_used = any(_MENTIONS.search(text) for text, _ in known.values())
    concerned = {
        path: (text, names)
        for path, (text, names) in known.items()
        if _MENTIONS.search(text)
        or (are_used and _VERBS.search(text))
        or names.taken & {*shared}
        or _imports_any(names, shared)
    }
    words = Counter(word for text, _ in known.values() for word in set(_WORD.findall(text)))
    in_lambda = any(names.has_handler for _, names in known.values())
    found = {
        path: rewrite(text, Around(shared, others=others[path], in_lambda=in_lambda))
        for path, (text, _) in concerned.items()
    }
    held = {each for rewritten in found.values() for each in rewritten.held}
    reach = Reach(
        {path: names for path, (_, names) in known.items() if not _is_test(path.relative_to(place))}
    )
    moved = {path for path, each in found.items() if _NEW.search(each.text) and _is_moved(each)}
    running = reach.running(moved)
    arounds = {}
    for path, (_, names) in known.items():
        if path in concerned or path in running:
            needed = frozenset(_needed(path, names, known, held))
            elsewhere = frozenset(name for name in names.bound if words[name] > 1)
            arounds[path] = Around(shared, needed, others[path], path in running, in_lambda, elsewhere)
    made = {path: rewrite(known[path][0], around) for path, around in arounds.items()}
    for path in _unset(made, reach):
        made[path] = rewrite(known[path][0], replace(arounds[path], is_set_up=False))
    changes += [
        Change(path, known[path][0], each.text, each.uses) for path, each in made.items() if each.uses
    ]
    return sorted(changes, key=lambda each: each.path)


def _is_moved(made: Rewritten) -> bool:
    return any(use.is_moved for use in made.uses)


def _is_test(path: Path) -> bool:
    return path.name.startswith("test_") or not {"test", "tests"}.isdisjoint(path.parts)


def _unset(made: Mapping[Path, Rewritten], reach: Reach) -> list[Path]:
    """Return the files with spans, or with a tracer that patched, that something runs without `tracing`.

    Outside Lambda `opentelemetry-instrument` sets OpenTelemetry up.
    """
    moved = {path: each for path, each in made.items() if _is_moved(each)}
    constructs = [use.construct for each in moved.values() for use in each.uses if use.is_moved]
    if any(xray_sdk.OUTSIDE_LAMBDA.search(each) for each in constructs):
        return []
    library = {path for path, each in made.items() if _LIBRARY.search(each.text)}
    return [
        path
        for path, each in moved.items()
        if path not in library
        and (_NEW.search(each.text) or "Tracer" in {use.construct for use in each.uses})
        and any(reach.reached([start]).isdisjoint(library) for start in reach.starting(path))
    ]


_Known = Mapping[Path, tuple[str, Names]]


def _shared(known: _Known) -> dict[str, str]:
    """Return what files define of the SDKs and others import from them."""
    taken = {each for _, names in known.values() for each in names.taken}
    heads = {each for _, names in known.values() for each in names.imports}
    found: dict[str, str] = {}
    for path, (_, names) in known.items():
        for name, whole in names.exports().items():
            key = f"{module_of(path)}.{name}"
            if (key in taken or module_of(path) in heads) and whole not in powertools.CLASSES:
                found[key] = whole
    return found


def _others(folder: Path, known: _Known) -> list[str]:
    """Return the libraries that the files of a folder use and only the X-Ray SDK records."""
    used = {each for path, (_, names) in known.items() if path.parent == folder for each in names.modules}
    return sorted(
        library
        for library in xray_sdk.PATCHED_ONLY
        if any(each == library or each.startswith(f"{library}.") for each in used)
    )


def _imports_any(names: Names, shared: Mapping[str, str]) -> bool:
    return bool({key.partition(".")[0] for key in shared} & {*names.imports})


def _needed(path: Path, names: Names, known: _Known, held: set[str]) -> Iterable[str]:
    """Yield the names of a file that its neighbours still need after the move."""
    taken = {each for other, (_, its) in known.items() if other != path for each in its.taken}
    for name, whole in names.exports().items():
        key = f"{module_of(path)}.{name}"
        is_object = whole in {powertools.TRACER, xray_sdk.RECORDER}
        if f"{module_of(path)}.*" in taken or key in held or (key in taken and not is_object):
            yield name
