"""Parsed filter expressions; `str()` of one is an expression that parses back to the same.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

Value = str | float | bool
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "CONTAINS", "BEGINSWITH", "ENDSWITH"]
CauseKind = Literal["fault", "error", "responsetime"]
CauseList = Literal["service", "entity", "exception"]

ANNOTATION = "annotation"
_PLAIN_KEY = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword in lower case; `key` is the annotation's, as it was written."""

    name: str
    key: str = ""

    def __str__(self) -> str:
        if self.name != ANNOTATION:
            return self.name
        return f"{self.name}.{self.key}" if _PLAIN_KEY.fullmatch(self.key) else f"{self.name}[{self.key}]"


@dataclass(frozen=True, slots=True)
class Has:
    """A keyword alone: a flag that is true, or any other value that is there."""

    keyword: Keyword

    def __str__(self) -> str:
        return str(self.keyword)


@dataclass(frozen=True, slots=True)
class Compare:
    keyword: Keyword
    operator: Operator
    value: Value

    def __str__(self) -> str:
        return f"{self.keyword} {self.operator} {_literal(self.value)}"


@dataclass(frozen=True, slots=True)
class Not:
    term: Expression

    def __str__(self) -> str:
        return f"!{_nested(self.term)}"


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Expression, ...]

    def __str__(self) -> str:
        return " AND ".join(map(_nested, self.terms))


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Expression, ...]

    def __str__(self) -> str:
        return " OR ".join(f"({term})" if isinstance(term, Or) else str(term) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Id:
    """Picks services by name, type and account; what is `None` may be anything."""

    name: str | None = None
    type: str | None = None
    account: str | None = None
    is_name_only: bool = False
    """Written as a string instead of `id(...)`."""

    def __str__(self) -> str:
        if self.is_name_only and self.name is not None:
            return _literal(self.name)
        fields = {"name": self.name, "type": self.type, "account.id": self.account}
        given = (f"{field}: {_literal(value)}" for field, value in fields.items() if value is not None)
        return f"id({', '.join(given)})"


@dataclass(frozen=True, slots=True)
class Service:
    """A trace passes through a service (any when there is no id) for which the block holds."""

    id: Id | None = None
    block: Expression | None = None

    def __str__(self) -> str:
        return f"service({self.id or ''}){_block(self.block)}"


@dataclass(frozen=True, slots=True)
class Edge:
    """One service calls another, and the caller's view of the call fits the block."""

    caller: Id
    called: Id
    block: Expression | None = None

    def __str__(self) -> str:
        return f"edge({self.caller}, {self.called}){_block(self.block)}"


@dataclass(frozen=True, slots=True)
class RootCause:
    kind: CauseKind
    list: CauseList
    block: Expression

    def __str__(self) -> str:
        return f"rootcause.{self.kind}.{self.list}{_block(self.block)}"


@dataclass(frozen=True, slots=True)
class RootCauseJson:
    """`causes` is JSON text: a list of root causes, of which left-out fields may be anything."""

    causes: str

    def __str__(self) -> str:
        return f"rootcause.json = #{self.causes}"


Expression = Has | Compare | Not | And | Or | Service | Edge | RootCause | RootCauseJson


def _nested(term: Expression) -> str:
    return f"({term})" if isinstance(term, And | Or) else str(term)


def _block(block: Expression | None) -> str:
    return "" if block is None else f" {{ {block} }}"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return json.dumps(int(value) if value.is_integer() and abs(value) < 1e15 else value)
