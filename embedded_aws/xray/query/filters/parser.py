"""Tokens -> filter expression.

    expression := and {"OR" and}            and     := unary {["AND"] unary}
    unary      := "!" unary | "(" expression ")" | service | edge | root cause | keyword [operator value]
    service    := "service" "(" [id] ")" [block]
    edge       := "edge" "(" id "," id ")" [block]
    root cause := "rootcause." kind "." list block | "rootcause.json" "=" "#" JSON
    id         := string | "id" "(" field ":" string {"," field ":" string} ")"
    block      := "{" expression "}"

AWS publishes no grammar; this one is drawn from its examples. That AND binds tighter than OR is a choice.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

from embedded_aws.xray.query.filters import keywords, syntax
from embedded_aws.xray.query.filters.syntax import Expression
from embedded_aws.xray.query.filters.tokens import FilterSyntaxError, Token, tokens

if TYPE_CHECKING:
    from embedded_aws.xray.query.filters.keywords import Place

MAX_NESTING = 50
_WORDS = {"and", "or", "contains", "beginswith", "endswith"}
_ID_FIELDS = {"name": "name", "type": "type", "account.id": "account"}
_CAUSES: dict[str, tuple[syntax.CauseKind, syntax.CauseList]] = {
    f"rootcause.{kind}.{name}": (kind, name)
    for kind in get_args(syntax.CauseKind)
    for name in get_args(syntax.CauseList)
    if (kind, name) != ("responsetime", "exception")
}


def parse(text: str) -> Expression:
    """Parse the filter of GetTraceSummaries or of a group; raises `FilterSyntaxError`."""
    return _Parser(text).whole("trace")


def parse_entities(text: str) -> Expression:
    """Parse the selector of a time series: services and edges without a block; raises `FilterSyntaxError`."""
    return _Parser(text).whole(None)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._next = 0
        self._depth = 0

    def whole(self, place: Place | None) -> Expression:
        found = self._expression(place)
        self._expect_kind("end", "AND, OR or the end")
        return found

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _expression(self, place: Place | None) -> Expression:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise FilterSyntaxError(self._token.position, f"nested more than {MAX_NESTING} levels deep")
        terms = [self._and(place)]
        while self._took_word("or"):
            terms.append(self._and(place))
        self._depth -= 1
        return terms[0] if len(terms) == 1 else syntax.Or(tuple(terms))

    def _and(self, place: Place | None) -> Expression:
        terms = [self._unary(place)]
        while self._took_word("and") or self._begins_unary():
            terms.append(self._unary(place))
        return terms[0] if len(terms) == 1 else syntax.And(tuple(terms))

    def _begins_unary(self) -> bool:
        token = self._token
        if token.kind == "word":
            return token.value.lower() not in _WORDS
        return token.kind == "annotation" or token.is_sign("!") or token.is_sign("(")

    def _unary(self, place: Place | None) -> Expression:
        if self._took_sign("!"):
            self._depth += 1
            if self._depth > MAX_NESTING:
                raise FilterSyntaxError(self._token.position, f"nested more than {MAX_NESTING} levels deep")
            found: Expression = syntax.Not(self._unary(place))
            self._depth -= 1
            return found
        if self._took_sign("("):
            found = self._expression(place)
            self._expect_sign(")")
            return found
        token = self._take()
        if token.kind == "annotation":
            return self._comparison(token, syntax.Keyword(syntax.ANNOTATION, token.value), place)
        if token.kind != "word":
            raise _unexpected(token, 'a keyword, service(), edge(), "!" or "("')
        return self._word(token, place)

    def _word(self, token: Token, place: Place | None) -> Expression:
        word = token.value.lower()
        if word in {"service", "edge"} or word.startswith("rootcause."):
            if place not in {"trace", None}:
                raise FilterSyntaxError(token.position, f"{token.value} cannot stand inside a block")
            return self._complex(token, word, place)
        if word == syntax.ANNOTATION:
            raise FilterSyntaxError(token.position, "expected annotation.key or annotation[key]")
        return self._comparison(token, syntax.Keyword(word), place)

    def _complex(self, token: Token, word: str, place: Place | None) -> Expression:
        if word == "service":
            self._expect_sign("(")
            picked = None if self._token.is_sign(")") else self._id()
            self._expect_sign(")")
            return syntax.Service(picked, self._optional_block("service", place))
        if word == "edge":
            self._expect_sign("(")
            caller = self._id()
            self._expect_sign(",")
            called = self._id()
            self._expect_sign(")")
            return syntax.Edge(caller, called, self._optional_block("edge", place))
        if place is None:
            raise _unexpected(token, "service() or edge()")
        return self._root_cause(token, word)

    def _root_cause(self, token: Token, word: str) -> Expression:
        if word == "rootcause.json":
            self._expect_sign("=")
            return syntax.RootCauseJson(self._causes())
        if word not in _CAUSES:
            raise _unexpected(token, f"rootcause.json or one of {', '.join(_CAUSES)}")
        kind, name = _CAUSES[word]
        return syntax.RootCause(kind, name, self._block(f"root cause {name}"))  # type: ignore[arg-type]

    def _causes(self) -> str:
        token = self._expect_kind("json", "# and a JSON list of root causes")
        if not isinstance(token.value, list) or not all(isinstance(cause, dict) for cause in token.value):
            raise FilterSyntaxError(token.position, "expected a JSON list of objects after #")
        try:
            return json.dumps(token.value, allow_nan=False)
        except ValueError as error:
            raise FilterSyntaxError(token.position, "a number in the JSON is too large") from error

    def _optional_block(self, place: Place, outer: Place | None) -> Expression | None:
        return self._block(place) if outer and self._token.is_sign("{") else None

    def _block(self, place: Place) -> Expression:
        self._expect_sign("{")
        found = self._expression(place)
        self._expect_sign("}")
        return found

    def _id(self) -> syntax.Id:
        token = self._take()
        if token.kind == "string":
            return syntax.Id(name=token.value, is_name_only=True)
        if not token.is_word("id"):
            raise _unexpected(token, 'a service\'s "name" or id(name: "...", type: "...", account.id: "...")')
        self._expect_sign("(")
        fields: dict[str, Any] = {}
        while True:
            field = self._expect_kind("word", f"one of {', '.join(_ID_FIELDS)}")
            name = _ID_FIELDS.get(field.value.lower())
            if name is None or name in fields:
                raise _unexpected(field, f"one of {', '.join(_ID_FIELDS)}, each at most once")
            self._expect_sign(":")
            fields[name] = self._expect_kind("string", 'a "string"').value
            if not self._took_sign(","):
                break
        self._expect_sign(")")
        return syntax.Id(**fields)

    def _comparison(self, token: Token, keyword: syntax.Keyword, place: Place | None) -> Expression:
        if place is None:
            raise _unexpected(token, "service() or edge()")
        if keyword.name not in keywords.PLACES[place]:
            raise _misplaced(token, keyword, place)
        kind = keywords.kind_of(keyword.name)
        operator = self._operator(kind)
        if operator is None:
            return syntax.Has(keyword)
        return syntax.Compare(keyword, operator, self._value(kind, operator))

    def _operator(self, kind: keywords.Kind) -> syntax.Operator | None:
        token = self._token
        allowed = keywords.operators(kind)
        found: Any = token.value.upper() if token.kind in {"word", "sign"} else None
        if found in allowed:
            self._take()
            return found  # type: ignore[no-any-return]
        if found in keywords.operators("any"):
            raise _unexpected(token, f"one of {' '.join(allowed)}")
        return None

    def _value(self, kind: keywords.Kind, operator: syntax.Operator) -> syntax.Value:
        token = self._take()
        types = keywords.values(kind, operator)
        value: Any = token.value
        if bool in types and (token.is_word("true") or token.is_word("false")):
            return bool(value.lower() == "true")
        fits = (token.kind == "string" and str in types) or (token.kind == "number" and float in types)
        # AWS has one example of a string without quotes: `name = traces`.
        if fits or (token.kind == "word" and str in types and value.lower() not in _WORDS):
            return value  # type: ignore[no-any-return]
        raise _unexpected(token, keywords.said(types))

    def _took_word(self, word: str) -> bool:
        found = self._token.is_word(word)
        self._next += found
        return found

    def _took_sign(self, sign: str) -> bool:
        found = self._token.is_sign(sign)
        self._next += found
        return found

    def _expect_sign(self, sign: str) -> None:
        if not self._took_sign(sign):
            raise _unexpected(self._token, repr(sign))

    def _expect_kind(self, kind: str, said: str) -> Token:
        if self._token.kind != kind:
            raise _unexpected(self._token, said)
        return self._take()


def _unexpected(token: Token, expected: str) -> FilterSyntaxError:
    return FilterSyntaxError(token.position, f"expected {expected}, found {token}")


def _misplaced(token: Token, keyword: syntax.Keyword, place: Place) -> FilterSyntaxError:
    if elsewhere := keywords.where(keyword.name):
        problem = f"{keyword} cannot be asked of {keywords.said_place(place)}, only of {elsewhere}"
    else:
        problem = f"unknown keyword {token}; expected one of {', '.join(sorted(keywords.PLACES[place]))}"
    return FilterSyntaxError(token.position, problem)
