"""Segment documents into a trace: pure, without recursion, and without trust in any reported id.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from waterfall.traces import documents
from waterfall.traces.model import LAMBDA_FUNCTION, Call, Document, Node, Trace
from waterfall.traces.notes import NodeContext, notes_on, warnings_on
from waterfall.traces.pauses import place_of, without_pauses


@dataclass(slots=True, eq=False)
class _Entity:
    """A segment or subsegment on its way to become a node."""

    document: Document
    order: int
    embedder: _Entity | None
    is_segment: bool
    id: str
    parent_id: str | None
    name: str
    start: float | None
    end: float | None
    in_progress: bool
    parent: _Entity | None = None
    children: list[_Entity] = field(default_factory=list)
    survivor: _Entity | None = None
    called_type: str | None = None
    is_duplicate: bool = False
    in_cycle: bool = False


def from_api(answer: Mapping[str, Any]) -> Trace:
    """Build a trace from one element of BatchGetTraces' `Traces`."""
    parsed: list[Document] = []
    unreadable = 0
    for segment in answer.get("Segments", []):
        try:
            parsed.append(documents.parse(segment["Document"]))
        except (ValueError, KeyError, TypeError):
            unreadable += 1
    return build(
        answer.get("Id", ""),
        parsed,
        limit_exceeded=answer.get("LimitExceeded") is True,
        unreadable=unreadable,
    )


def build(
    trace_id: str, segments: Iterable[Document], *, limit_exceeded: bool = False, unreadable: int = 0
) -> Trace:
    """Put a trace together from documents of segments and of subsegments sent alone, in any order."""
    entities = _merge_copies(_flatten(segments))
    _attach(entities)
    _open_inits(entities)
    nodes = without_pauses(_nodes(entities, seen=_hide_inferred(entities)))
    start = min((node.start for node in nodes), default=0.0)
    ends = [node.start if node.end is None else node.end for node in nodes]
    warnings = warnings_on(nodes, limit_exceeded=limit_exceeded, unreadable=unreadable)
    return Trace(trace_id, tuple(nodes), start, max(ends, default=0.0), warnings)


def _flatten(segments: Iterable[Document]) -> list[_Entity]:
    found: list[_Entity] = []
    pending: list[tuple[Document, _Entity | None]] = [(segment, None) for segment in reversed(list(segments))]
    while pending:
        document, embedder = pending.pop()
        entity = _entity(document, embedder, len(found))
        found.append(entity)
        nested = documents.list_of(document.get("subsegments"))
        pending += [(child, entity) for child in nested if isinstance(child, Mapping)][::-1]
    return found


def _entity(document: Document, embedder: _Entity | None, order: int) -> _Entity:
    start = documents.number_of(document.get("start_time"))
    end = documents.number_of(document.get("end_time"))
    if start is not None and end is not None:
        end = max(start, end)
    return _Entity(
        document=document,
        order=order,
        embedder=embedder,
        is_segment=embedder is None and document.get("type") != "subsegment",
        id=documents.text_of(document.get("id")) or "",
        parent_id=embedder.id if embedder else documents.text_of(document.get("parent_id")),
        name=documents.text_of(document.get("name")) or "(no name)",
        start=start,
        end=end,
        in_progress=end is None,
    )


def _merge_copies(entities: Sequence[_Entity]) -> list[_Entity]:
    """Keep one of the copies of an entity: unfinished and complete, or embedded and sent alone."""
    best: dict[tuple[str, str, float | None], _Entity] = {}
    for entity in entities:
        key = (entity.id, entity.name, entity.start)
        other = best.get(key)
        if not entity.id or other is None:
            best[key if entity.id else ("", str(entity.order), None)] = entity
        elif other.in_progress and not entity.in_progress:
            best[key] = entity
            other.survivor = entity
        else:
            entity.survivor = other
    return [entity for entity in entities if entity.survivor is None]


def _survivor(entity: _Entity) -> _Entity:
    while entity.survivor is not None:
        entity = entity.survivor
    return entity


def _attach(entities: Sequence[_Entity]) -> None:
    by_id: dict[str, _Entity] = {}
    for entity in entities:
        entity.is_duplicate = bool(entity.id) and entity.id in by_id
        by_id.setdefault(entity.id, entity)
    for entity in entities:
        if entity.embedder is not None:
            entity.parent = _survivor(entity.embedder)
        elif entity.parent_id is not None:
            entity.parent = by_id.get(entity.parent_id)
        if entity.parent is not None:
            entity.parent.children.append(entity)


def _hide_inferred(entities: Sequence[_Entity]) -> set[int]:
    """Merge each stand-in that X-Ray made for a called service into the call that it stands for.

    What hangs below it, such as a function that an event invoked, hangs below the call then.
    """
    hidden: set[int] = set()
    for entity in entities:
        call = entity.parent
        if entity.document.get("inferred") is True and call and call not in (entity, *entity.children):
            call.called_type = documents.text_of(entity.document.get("origin"))
            hidden.add(entity.order)
            for child in entity.children:
                child.parent = call
            call.children += entity.children
            entity.children = []
    return hidden


def _open_inits(entities: Sequence[_Entity]) -> None:
    """Move what a function measured of its cold start into Lambda's own `Init`, whose id it cannot know."""
    for entity in entities:
        function = entity.parent
        if function and entity.name == documents.COSTS and documents.is_cost(entity.document):
            phases = (child for child in function.children if documents.phase_of(child.document) == "init")
            if init := next(phases, None):
                function.children.remove(entity)
                init.children.append(entity)
                entity.parent = init


def _by_start(entity: _Entity) -> tuple[bool, float, int]:
    return (entity.start is None, entity.start or 0.0, entity.order)


def _nodes(entities: Sequence[_Entity], seen: set[int]) -> list[Node]:
    """Lay the forest out in reading order: true roots, orphans, then what hangs only on itself."""
    nodes: list[Node] = []
    earliest = min((entity.start for entity in entities if entity.start is not None), default=0.0)
    roots = sorted((e for e in entities if e.parent is None), key=lambda e: (bool(e.parent_id), _by_start(e)))
    for root in roots:
        _walk(root, nodes, seen, earliest)
    for entity in sorted(entities, key=_by_start):
        if entity.order not in seen:
            head = _cycle_above(entity)
            head.in_cycle = True
            _walk(head, nodes, seen, earliest)
    return _with_children(nodes)


def _cycle_above(entity: _Entity) -> _Entity:
    """Climb from an entity without a root to the first that comes round again."""
    climbed: set[int] = set()
    while entity.order not in climbed and entity.parent is not None:
        climbed.add(entity.order)
        entity = entity.parent
    return entity


def _with_children(nodes: Sequence[Node]) -> list[Node]:
    children: list[list[int]] = [[] for _ in nodes]
    for node in nodes:
        if node.parent is not None:
            children[node.parent].append(node.position)
    return [replace(node, children=tuple(children[node.position])) for node in nodes]


def _walk(root: _Entity, nodes: list[Node], seen: set[int], earliest: float) -> None:
    pending: list[tuple[_Entity, Node | None, Node | None]] = [(root, None, None)]
    seen.add(root.order)
    while pending:
        entity, parent, function = pending.pop()
        node = _node(entity, parent, function, len(nodes), earliest)
        nodes.append(node)
        inside = node if node.is_function else function
        children = [child for child in entity.children if child.order not in seen]
        seen.update(child.order for child in children)
        pending += [(child, node, inside) for child in sorted(children, key=_by_start, reverse=True)]


def _node(
    entity: _Entity, parent: Node | None, function: Node | None, position: int, earliest: float
) -> Node:
    document = entity.document
    origin = documents.text_of(document.get("origin"))
    fallback = parent.start if parent else earliest
    start = fallback if entity.start is None else entity.start
    of_function = parent is not None and parent is function and not entity.is_segment
    phase = documents.phase_of(document) if of_function else None
    if phase is None and function is not None and _is_cost(entity):
        phase = "cost"
    context = NodeContext(
        parent=parent,
        function=function,
        is_orphan=entity.parent is None and entity.parent_id is not None,
        in_cycle=entity.in_cycle,
        is_duplicate=entity.is_duplicate,
        is_timed=entity.start is not None,
        phase=phase,
    )
    node = Node(
        position=position,
        parent=parent.position if parent else None,
        depth=parent.depth + 1 if parent else 0,
        id=entity.id,
        parent_id=entity.parent_id,
        name=entity.name,
        is_segment=entity.is_segment,
        type=origin or entity.called_type,
        namespace=documents.text_of(document.get("namespace")),
        start=start,
        end=None if entity.end is None else max(start, entity.end),
        status=documents.status_of(document),
        in_progress=entity.in_progress,
        inferred=document.get("inferred") is True,
        cold_start=_has_init(entity, origin),
        phase=phase,
        http=documents.http_of(document),
        call=Call(resource=place_of(document)) if phase == "paused" else documents.call_of(document),
        annotations=documents.mapping_of(document.get("annotations")),
        metadata=documents.mapping_of(document.get("metadata")),
        failures=documents.failures_of(document),
        links=documents.links_of(document),
        notes=(),
        children=(),
        document=document,
    )
    return replace(node, notes=notes_on(node, context))


def _is_cost(entity: _Entity) -> bool:
    """Tell whether this is the `init` that our library sends of a cold start, or a cost in it."""
    around: _Entity | None = entity
    while around is not None and documents.is_cost(around.document):
        if around.name == documents.COSTS:
            return True
        around = around.parent
    return False


def _has_init(entity: _Entity, origin: str | None) -> bool:
    if origin != LAMBDA_FUNCTION or not entity.is_segment:
        return False
    return any(documents.phase_of(child.document) in {"init", "restore"} for child in entity.children)
