"""Event patterns: EventBridge's language, which SNS's filter policies and Lambda's filters also speak.

Pure functions on parsed JSON. Fields of a pattern are all needed, of the values in a list one is enough.
Of a list in the event one element has to fit the whole pattern below it: two elements don't share one.
A field may be written with its path, `detail.state`, as AWS joins them.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any

from embedded_aws.aws.matching import PatternError, glob
from embedded_aws.aws.parsing import MAX_DEPTH, ParseError, read_json, shown

Pattern = Mapping[str, Any]
"""A pattern that was checked."""

OPERATORS = frozenset({
    "anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard",
})  # fmt: skip

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NEGATED = ("equals-ignore-case", "prefix", "suffix", "wildcard")
"""What `anything-but` takes besides values."""
_SCALARS = (str, bool, int, float, type(None))

ABSENT: Any = object()
"""What is in an event where nothing is: `None` is JSON's null."""


class EventPatternError(ValueError):
    """A pattern is not valid; the message names the field and what is allowed."""


def parse(text: str, operators: Collection[str] = OPERATORS) -> Pattern:
    """Read a pattern that has no other operators than these; raises `EventPatternError`."""
    try:
        pattern = read_json(text)
    except ParseError as error:
        raise EventPatternError(f"it is not JSON: {error}") from error
    return checked(pattern, operators)


def checked(pattern: Any, operators: Collection[str] = OPERATORS, levels: int = MAX_DEPTH) -> Pattern:
    """Return a parsed pattern, all of which is valid; raises `EventPatternError`."""
    if not isinstance(pattern, dict):
        raise EventPatternError("expected an object of fields")
    for key, wanted in pattern.items():
        below = levels - 1 - key.count(".")
        if below < 0:
            raise EventPatternError(f"more than {MAX_DEPTH} levels of fields")
        if key == "$or":
            for choice in wanted if isinstance(wanted, list) else [None]:
                checked(choice, operators, below)
        elif isinstance(wanted, dict):
            if not wanted:
                raise EventPatternError(f"field {key!r} must not be an empty object")
            checked(wanted, operators, below)
        elif isinstance(wanted, list) and wanted:
            for rule in wanted:
                _check_rule(rule, key, operators)
        else:
            what = "must not be an empty list" if wanted == [] else "must be a list or an object"
            raise EventPatternError(f"field {key!r} {what}")
    return pattern


def matches(pattern: Pattern, event: Any) -> bool:
    """Tell whether an event, or what lies at this place of one, fits a pattern."""
    if isinstance(event, list) and event:
        return any(matches(pattern, element) for element in event)
    fields = event if isinstance(event, dict) else {}
    return all(_matches_field(key, wanted, fields) for key, wanted in pattern.items())


def first_difference(pattern: Pattern, event: Any) -> tuple[str, Any, Any] | None:
    """Return the first field by which an event does not fit: its path, what is wanted, and what is there.

    That is `ABSENT` where nothing is, and for the choices of `$or`. `None` for an event that fits.
    """
    element = event
    while isinstance(element, list) and element:
        element = element[0]
    fields = element if isinstance(element, dict) else {}
    for key, wanted in pattern.items():
        if matches({key: wanted}, event):
            continue
        first, dot, rest = key.partition(".")
        value = ABSENT if key == "$or" else _below(first, fields, ABSENT)
        inner = {rest: wanted} if dot else wanted
        below = first_difference(inner, value) if isinstance(inner, dict) else None
        return (f"{first}.{below[0]}", *below[1:]) if below else (key, wanted, value)
    return None


def _matches_field(key: str, wanted: Any, fields: Mapping[str, Any]) -> bool:
    if key == "$or":
        return any(matches(choice, fields) for choice in wanted)
    first, dot, rest = key.partition(".")
    if dot:
        return _matches_field(first, {rest: wanted}, fields)
    if isinstance(wanted, dict):
        return matches(wanted, _below(key, fields))
    values = list(_leaves(fields[key])) if key in fields else []
    # Both lists may be long, and the values are the sender's.
    plain = {_identity(rule) for rule in wanted if not isinstance(rule, dict)}
    if not plain.isdisjoint(map(_identity, values)):
        return True
    return any(_matches_rule(rule, values) for rule in wanted if isinstance(rule, dict))


def _below(key: str, fields: Mapping[str, Any], absent: Any = None) -> Any:
    """Return what is below a field; `"a.b": 1` is `"a": {"b": 1}`, in events as in patterns."""
    value = fields.get(key, absent)
    joined = {name.removeprefix(f"{key}."): fields[name] for name in fields if name.startswith(f"{key}.")}
    if not joined:
        return value
    return {**value, **joined} if isinstance(value, dict) else joined


def _leaves(value: Any) -> Iterator[Any]:
    """Yield a value, or those in a list; an object has none: operators work on leaves alone."""
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif not isinstance(value, dict):
        yield value


def _matches_rule(rule: Mapping[str, Any], values: Sequence[Any]) -> bool:
    [(name, operand)] = rule.items()
    if name == "exists":
        return bool(values) is operand
    return any(_OPERATIONS[name](operand, value) for value in values)


def _identity(value: Any) -> Hashable:
    """Return what equal values have in common."""
    # 300, 300.0 and 3.0e2 are one number, whatever the page on patterns says; true is no 1.
    return value if _is_number(value) else (type(value), value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_text(operand: Any, value: Any, fits: Callable[[str, str], bool]) -> bool:
    """Compare texts; `{"equals-ignore-case": …}` folds both, and of several texts one is enough."""
    if not isinstance(value, str):
        return False
    if isinstance(operand, dict):
        return _is_text(_folded(operand["equals-ignore-case"]), value.lower(), fits)
    return any(fits(value, text) for text in _as_list(operand))


def _folded(operand: Any) -> list[str]:
    return [text.lower() for text in _as_list(operand)]


def _as_list(operand: Any) -> list[Any]:
    return operand if isinstance(operand, list) else [operand]


def _prefix(operand: Any, value: Any) -> bool:
    return _is_text(operand, value, str.startswith)


def _suffix(operand: Any, value: Any) -> bool:
    return _is_text(operand, value, str.endswith)


def _equals_ignore_case(operand: Any, value: Any) -> bool:
    return isinstance(value, str) and value.lower() in _folded(operand)


def _wildcard(operand: Any, value: Any) -> bool:
    return _is_text(operand, value, lambda text, pattern: glob(pattern, wildcards="*", escape="\\")(text))


def _anything_but(operand: Any, value: Any) -> bool:
    if isinstance(operand, dict):
        return not _matches_rule(operand, [value])
    return _identity(value) not in map(_identity, _as_list(operand))


def _numeric(operand: Sequence[Any], value: Any) -> bool:
    if not _is_number(value):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](value, number) for sign, number in pairs)


def _cidr(operand: str, value: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(operand, strict=False)
    except (TypeError, ValueError):
        return False


_OPERATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _equals_ignore_case,
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}


def _check_rule(rule: Any, key: str, operators: Collection[str]) -> None:
    if isinstance(rule, _SCALARS):
        return
    if not isinstance(rule, dict):
        raise EventPatternError(f"field {key!r} has {shown(rule)}: a value, or an object with one operator")
    name, operand = next(iter(rule.items()), ("", None))
    if len(rule) != 1 or name not in operators:
        raise EventPatternError(f"field {key!r} uses {name!r}; supported are {', '.join(sorted(operators))}")
    if reason := _CHECKS[name](operand):
        raise EventPatternError(f"field {key!r}: {name} takes {reason}, not {shown(operand)}")


def _check_text(operand: Any) -> str | None:
    return None if isinstance(operand, str) else "a text"


def _check_affix(operand: Any) -> str | None:
    folded = operand.get("equals-ignore-case") if isinstance(operand, dict) and len(operand) == 1 else operand
    return None if isinstance(folded, str) else 'a text, or {"equals-ignore-case": a text}'


def _check_anything_but(operand: Any) -> str | None:
    if isinstance(operand, dict):
        [(name, texts)] = operand.items() if len(operand) == 1 else [("", None)]
        may_be_empty = name not in {"prefix", "suffix"}
        are_texts = all(isinstance(text, str) and (text or may_be_empty) for text in _as_list(texts))
        if name in _NEGATED and texts != [] and are_texts:
            reasons = map(_check_wildcard, _as_list(texts)) if name == "wildcard" else ()
            return next(filter(None, reasons), None)
        return f"of {', '.join(_NEGATED)} one, with a text or a list of texts"
    values = _as_list(operand)
    is_one_kind = all(isinstance(value, str) for value in values) or all(map(_is_number, values))
    return None if values and is_one_kind else "a text, a number, or a list of texts or of numbers"


def _check_numeric(operand: Any) -> str | None:
    expected = "pairs such as ['>', 1, '<=', 5], from bottom to top"
    given = operand if isinstance(operand, list) else []
    signs, numbers = given[::2], given[1::2]
    are_signs = all(isinstance(sign, str) for sign in signs)
    if not given or len(signs) != len(numbers) or not are_signs or not all(map(_is_number, numbers)):
        return expected
    if len(signs) == 1:
        return None if signs[0] in _COMPARISONS else expected
    is_range = len(signs) == 2 and signs[0] in {">", ">="} and signs[1] in {"<", "<="}
    return None if is_range and numbers[0] < numbers[1] else expected


def _check_exists(operand: Any) -> str | None:
    return None if isinstance(operand, bool) else "true or false"


def _check_cidr(operand: Any) -> str | None:
    try:
        ipaddress.ip_network(operand, strict=False)
    except (TypeError, ValueError):
        return "a range such as 10.0.0.0/24"
    return None if isinstance(operand, str) else "a range such as 10.0.0.0/24"


def _check_wildcard(operand: Any) -> str | None:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching
    if not isinstance(operand, str) or "**" in operand.replace("\\*", ""):
        return "a text without consecutive wildcards"
    try:
        glob(operand, wildcards="*", escape="\\")
    except PatternError as error:
        return f"a simpler pattern ({error})"
    return None


_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "anything-but": _check_anything_but,
    "cidr": _check_cidr,
    "equals-ignore-case": _check_text,
    "exists": _check_exists,
    "numeric": _check_numeric,
    "prefix": _check_affix,
    "suffix": _check_affix,
    "wildcard": _check_wildcard,
}
"""Each returns what an operator takes when its operand is something else."""
