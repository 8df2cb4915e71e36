"""A recording as text: a tree to read, to review and to compare, and back again.

```
# waterfall.trace/1
trace
+ segment shop/dev
  http.request.method: GET
  + subsegment Lambda Invoke
    aws.operation: Invoke
```

`+` begins a segment or subsegment after all before it have ended, `~` one that ran beside the one before it.
Below it are its fields, each value as JSON, or as it is where that cannot be mistaken, then its children.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from waterfall.compare.alignment import groups
from waterfall.compare.normal import Entity, entity
from waterfall.proof.form import LINKED, TRACE, whole
from waterfall.traces.documents import mapping_of, text_of

FORMAT = "# waterfall.trace/1"
_STEP = "  "
_NEXT, _BESIDE = "+", "~"
_KEY = re.compile(r"[A-Za-z0-9_$@/-]+")
_PART = re.compile(r'\.?(?:([A-Za-z0-9_$@/-]+)|("(?:[^"\\]|\\.)*"))|\[(\d+)\]')
_SPAN = re.compile(r"([+~]) (segment|subsegment) (.+)")


class RecordingError(ValueError):
    """A text is not a recording; the message names the line."""


def written(traces: Sequence[Entity], title: str) -> str:
    """Return the text of a recording, as `form.recorded_form` returns it."""
    about = f"# {title}. Written by `waterfall record`: no times, no ids, generated values by their kind."
    lines = [FORMAT, about]
    for trace in traces:
        lines += ["", trace.label, *_below(trace)]
    return "\n".join(lines) + "\n"


def _below(trace: Entity) -> Iterator[str]:
    pending = [(*child, 0) for child in _marked(trace)][::-1]
    while pending:
        mark, span, depth = pending.pop()
        margin = _STEP * depth
        yield f"{margin}{mark} {span.fields['kind']} {_value(span.label)}"
        for path, value in sorted(_leaves(span.fields)):
            yield f"{margin}{_STEP}{path}: {_value(value)}"
        pending += [(*child, depth + 1) for child in _marked(span)][::-1]


def _marked(span: Entity) -> list[tuple[str, Entity]]:
    return [
        (_BESIDE if number else _NEXT, child)
        for group in groups(span.children)
        for number, child in enumerate(group)
    ]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            if path or key not in {"name", "kind"}:
                yield from _leaves(item, f"{path}.{_key(key)}" if path else _key(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, value


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) else _json(key)


def _value(value: Any) -> str:
    if isinstance(value, str) and value and value == value.strip() and value.isprintable():
        try:
            json.loads(value)
        except ValueError:
            return value
        except RecursionError:
            pass
    return _json(value)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if text.isprintable() else json.dumps(value, sort_keys=True)


@dataclass(slots=True)
class _Span:
    """A segment or subsegment while its lines are read."""

    label: str
    kind: str
    group: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
    children: list[_Span] = field(default_factory=list)


def read_recording(text: str) -> tuple[Entity, ...]:
    """Return the traces of a recording; raises RecordingError for what is none."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines[0].strip() != FORMAT:
        raise RecordingError(f"line 1 is not {FORMAT!r}: record it again with `waterfall record`")
    traces: list[_Span] = []
    open_: list[_Span] = []
    for number, line in enumerate(lines[1:], 2):
        content = line.strip(" ")
        if not content or content.startswith("#"):
            continue
        if line in {TRACE, LINKED}:
            open_ = [_Span(line, "trace")]
            traces.append(open_[0])
            continue
        try:
            _read_line(line, open_)
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise RecordingError(f"line {number} is none of a recording: {content[:80]!r}") from error
    if not traces:
        raise RecordingError("it holds no trace")
    return tuple(whole(trace.label, _entities(trace.children)) for trace in traces)


def _read_line(line: str, open_: list[_Span]) -> None:
    depth, odd = divmod(len(line) - len(line.lstrip(" ")), len(_STEP))
    if odd:
        raise ValueError("an odd margin")
    content = line.strip(" ")
    if found := _SPAN.fullmatch(content):
        mark, kind, label = found.groups()
        parent = open_[depth]
        last = parent.children[-1].group if parent.children else 0
        span = _Span(str(_read_value(label)), kind, last if mark == _BESIDE else last + 1)
        parent.children.append(span)
        open_[depth + 1 :] = [span]
    else:
        path, at = _read_path(content)
        if not content.startswith(": ", at) or depth + 1 != len(open_):
            raise ValueError("not a field")
        _put(open_[depth].fields, path, _read_value(content[at + 2 :]))


def _read_path(content: str) -> tuple[list[str | int], int]:
    path: list[str | int] = []
    at = 0
    while found := _PART.match(content, at):
        plain, quoted, number = found.groups()
        path.append(int(number) if number else json.loads(quoted) if quoted else plain)
        at = found.end()
    return path, at


def _put(fields: dict[str, Any], path: Sequence[str | int], value: Any) -> None:
    place: Any = fields
    for key, following in zip(path, [*path[1:], None], strict=True):
        new: Any = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(key, int):
            if key == len(place):
                place.append(new)
        elif following is None:
            place[key] = new
        else:
            place.setdefault(key, new)
        place = place[key]


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _entities(spans: Sequence[_Span]) -> list[Entity]:
    """Make entities of spans, those of the innermost first; of any depth."""
    order: list[_Span] = []
    pending = list(spans)
    while pending:
        span = pending.pop()
        order.append(span)
        pending += span.children
    made: dict[int, Entity] = {}
    for span in reversed(order):
        operation = text_of(mapping_of(span.fields.get("aws")).get("operation"))
        name = span.label.removesuffix(f" {operation}") if operation else span.label
        fields = {**span.fields, "name": name, "kind": span.kind}
        below = [made[id(child)] for child in span.children]
        made[id(span)] = entity(fields, below, start=float(span.group), end=span.group + 1.0)
    return [made[id(span)] for span in spans]
