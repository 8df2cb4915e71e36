"""Filter expressions as text: what is read, how it prints, and what is said of the rest."""

from __future__ import annotations

from typing import Any, cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.xray.query.filters import keywords
from embedded_aws.xray.query.filters.parser import MAX_NESTING, parse, parse_entities
from embedded_aws.xray.query.filters.syntax import (
    ANNOTATION,
    And,
    CauseKind,
    CauseList,
    Compare,
    Edge,
    Expression,
    Has,
    Id,
    Keyword,
    Not,
    Or,
    RootCause,
    RootCauseJson,
    Service,
)
from embedded_aws.xray.query.filters.tokens import FilterSyntaxError


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("ok !partial duration <3", "ok AND !partial AND duration < 3"),
        ("ok or error and fault", "ok OR error AND fault"),
        ("(ok OR error) AND fault", "(ok OR error) AND fault"),
        ("(ok)", "ok"),
        ("!(ok and fault)", "!(ok AND fault)"),
        ("!!ok", "!!ok"),
        ("RESPONSETIME>=.5", "responsetime >= 0.5"),
        ("duration > 1e3", "duration > 1000"),
        ("OK = FALSE", "ok = false"),
        ("user beginswith bob", 'user BEGINSWITH "bob"'),
        ("annotation.age > 29", "annotation.age > 29"),
        ("Annotation[age] > 29", "annotation.age > 29"),
        ("annotation.a.b:c", "annotation[a.b:c]"),
        ('annotation[ aws.local.operation ] = "GET /x"', 'annotation[aws.local.operation] = "GET /x"'),
        (r'http.url = "say \"hi\" C:\\x\y"', r'http.url = "say \"hi\" C:\\x\\y"'),
        ("SERVICE ( ) {fault}", "service() { fault }"),
        ('service(id(type:"t",name:"n"))', 'service(id(name: "n", type: "t"))'),
        ('service(id(account.id: "1"))', 'service(id(account.id: "1"))'),
        ('edge("a",id(type: "b")) {error}', 'edge("a", id(type: "b")) { error }'),
        ("service() {name = traces}", 'service() { name = "traces" }'),
        ("rootcause.json=#[ {} ]", "rootcause.json = #[{}]"),
    ],
)
def test_expression_prints_plainly(text: str, printed: str) -> None:
    """Case, space and order of writing are free; the print has one form, which parses to the same."""
    assert str(parse(text)) == printed
    assert parse(printed) == parse(text)


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, 'expected a keyword, service(), edge(), "!" or "(", found the end'),
        ("ok and", 7, "expected a keyword"),
        ("ok AND OR fault", 8, "unknown keyword 'OR'"),
        ("ok =", 5, "expected true or false, found the end"),
        ("ok = 1", 6, "expected true or false, found 1"),
        ("ok CONTAINS true", 4, "expected one of = !=, found 'CONTAINS'"),
        ("okay", 1, "unknown keyword 'okay'; expected one of annotation, availabilityzone, "),
        ("duration > 5s", 12, "unexpected '5'"),
        ("duration > x", 12, "expected a number, found 'x'"),
        ("duration > 1e999", 12, "1e999 is too large a number"),
        pytest.param(f"duration > {'9' * 30_000}", 12, f"{'9' * 40} is too large a number", id="digits"),
        pytest.param(f"duration > {'9' * 30_000}s", 12, "unexpected '9'", id="digits and a letter"),
        pytest.param(f"duration > 1e{'9' * 30_000}s", 12, "unexpected '1'", id="digits of an exponent"),
        pytest.param("ok OR " * 10_000, 50_001, "it has 60000 characters, at most 50000", id="length"),
        ('http.status = "200"', 15, "expected a number, found '200'"),
        ("http.url = 5", 12, 'expected a "string", found 5'),
        ("annotation.a < true", 16, "expected a number, found 'true'"),
        ("annotation.a CONTAINS 5", 23, 'expected a "string", found 5'),
        ("annotation", 1, "expected annotation.key or annotation[key]"),
        ("annotation[]", 1, "expected an annotation's key between the brackets"),
        ("annotation[a", 11, "unexpected '['"),
        ("(ok", 4, "expected ')', found the end"),
        ("ok)", 3, "expected AND, OR or the end, found ')'"),
        ("ok & fault", 4, "unexpected '&'"),
        ('user = "bob', 8, "the string that begins here has no closing quote"),
        ('service("a"', 12, "expected ')', found the end"),
        ("service(5)", 9, 'expected a service\'s "name" or id('),
        ('service("a") {', 15, "expected a keyword"),
        ('service("a") {}', 15, "expected a keyword"),
        ('service("a") {ok', 17, "expected '}', found the end"),
        ("service() { service() }", 13, "service cannot stand inside a block"),
        (
            "service() { group.name }",
            13,
            "group.name cannot be asked of a service, only of a trace",
        ),
        ("service(id())", 12, "expected one of name, type, account.id, found ')'"),
        ('service(id(host: "a"))', 12, "expected one of name, type, account.id, each at most once"),
        (
            'service(id(name: "a", name: "b"))',
            23,
            "expected one of name, type, account.id, each at most once",
        ),
        ("service(id(name: 5))", 18, 'expected a "string", found 5'),
        ('edge("a")', 9, "expected ',', found ')'"),
        (
            'edge("a", "b") { user }',
            18,
            "user cannot be asked of an edge, only of a trace, a service",
        ),
        (
            'name = "a"',
            1,
            "name cannot be asked of a trace, only of a service, a root cause service",
        ),
        ("rootcause.fault", 1, "expected rootcause.json or one of rootcause.fault.service"),
        ("rootcause.responsetime.exception {last}", 1, "expected rootcause.json or one of"),
        ("rootcause.fault.service", 24, "expected '{', found the end"),
        (
            "rootcause.fault.service { coverage > 1 }",
            27,
            "coverage cannot be asked of a root cause service, only of a root cause entity",
        ),
        ("rootcause.json = []", 18, "unexpected '['"),
        ("rootcause.json = ok", 18, "expected # and a JSON list of root causes, found 'ok'"),
        ("rootcause.json = #[", 19, "expected JSON after #: "),
        ("rootcause.json = #{}", 18, "expected a JSON list of objects after #"),
        ("rootcause.json = #[1]", 18, "expected a JSON list of objects after #"),
        ('rootcause.json = #[{"a": 1e999}]', 18, "a number in the JSON is too large"),
        ('rootcause.json = #[{"a": NaN}]', 19, "expected JSON after #: NaN is not JSON"),
        ("!" * 60 + "ok", MAX_NESTING + 1, "nested more than 50 levels deep"),
        ("(" * 60 + "ok", MAX_NESTING + 1, "nested more than 50 levels deep"),
    ],
)
def test_malformed_expression_is_explained(text: str, position: int, expected: str) -> None:
    """The error tells the place of the mistake, what was expected there and what was found."""
    with pytest.raises(FilterSyntaxError) as caught:
        parse(text)
    assert caught.value.message.startswith(f"FilterExpression is not valid at character {position}: ")
    assert expected in caught.value.message
    assert caught.value.position == position
    assert caught.value.code == "InvalidRequestException"


def test_entities_are_services_and_edges_only() -> None:
    """The selector of a time series takes no keywords and no blocks."""
    assert parse_entities('service("a") OR edge("a", "b")') == Or(
        (Service(_named("a")), Edge(_named("a"), _named("b")))
    )
    for text in ("ok", "annotation.a", "rootcause.fault.service {last}", 'service("a") {ok}'):
        with pytest.raises(FilterSyntaxError):
            parse_entities(text)


@given(st.text())
def test_parser_reads_or_refuses_any_text(text: str) -> None:
    """No text makes the parser fail in another way, and what it reads prints and parses to the same."""
    _check(text)


_PIECES = [
    *sorted({keyword for place in keywords.PLACES.values() for keyword in place}),
    *(
        "service",
        "edge",
        "id",
        "rootcause.json",
        "rootcause.fault.service",
        "annotation.a",
        "annotation[b.c]",
    ),
    *("AND", "OR", "!", "(", ")", "{", "}", ",", ":", "=", "!=", "<", "<=", "CONTAINS", "true", "5", '"x"'),
    *('"', "#", "[{}]", "\\", "name:", "\n", "-1.5e-3"),
]


@given(st.lists(st.sampled_from(_PIECES)).map(" ".join))
def test_parser_reads_or_refuses_any_tokens(text: str) -> None:
    """The same holds for texts that are made of the grammar's own pieces."""
    _check(text)


def _check(text: str) -> None:
    try:
        found = parse(text)
    except FilterSyntaxError as error:
        position = error.position
    else:
        assert parse(str(found)) == found
        return
    assert 1 <= position <= len(text) + 1


def _named(name: str) -> Id:
    return Id(name=name, is_name_only=True)


def _comparisons(names: frozenset[str]) -> st.SearchStrategy[Expression]:
    keys = st.from_regex(r"[A-Za-z_][\w.:-]{0,5}", fullmatch=True)

    @st.composite
    def comparison(draw: st.DrawFn) -> Expression:
        name = draw(st.sampled_from(sorted(names)))
        keyword = Keyword(name, draw(keys) if name == ANNOTATION else "")
        kind = keywords.kind_of(name)
        operator = draw(st.sampled_from(keywords.operators(kind)))
        value = draw(st.sampled_from(keywords.values(kind, operator)))
        strategy: dict[type, st.SearchStrategy[Any]] = {
            bool: st.booleans(),
            str: st.text(),
            float: st.floats(allow_nan=False, allow_infinity=False),
        }
        found: list[Expression] = [Has(keyword), Compare(keyword, operator, draw(strategy[value]))]
        return draw(st.sampled_from(found))

    return comparison()


def _expressions(place: keywords.Place) -> st.SearchStrategy[Expression]:
    leaves = _comparisons(keywords.PLACES[place])
    return st.recursive(leaves, _combined, max_leaves=3)


def _combined(terms: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    lists = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.one_of(terms.map(Not), lists.map(And), lists.map(Or))


_TEXTS = st.text(max_size=5)
_IDS = st.one_of(
    _TEXTS.map(_named),
    st.builds(Id, _TEXTS, st.none() | _TEXTS, st.none() | _TEXTS),
    st.builds(Id, st.none(), _TEXTS),
    st.builds(Id, st.none(), st.none(), _TEXTS),
)


def _inside(name: CauseList) -> keywords.Place:
    return cast("keywords.Place", f"root cause {name}")


_CAUSES = st.one_of(
    [
        st.builds(RootCause, st.just(kind), st.just(name), _expressions(_inside(name)))
        for kind in get_args(CauseKind)
        for name in get_args(CauseList)
        if (kind, name) != ("responsetime", "exception")
    ]
)
_TRACES = st.recursive(
    st.one_of(
        _comparisons(keywords.PLACES["trace"]),
        st.builds(Service, st.none() | _IDS, st.none() | _expressions("service")),
        st.builds(Edge, _IDS, _IDS, st.none() | _expressions("edge")),
        _CAUSES,
        st.sampled_from(["[]", '[{"Services": [{"Name": "\\u00e9 \\"x\\""}]}]']).map(RootCauseJson),
    ),
    _combined,
    max_leaves=4,
)


@given(_TRACES)
def test_printed_expression_parses_back(expression: Expression) -> None:
    """Whatever the grammar allows prints to text that parses back to itself."""
    assert parse(str(expression)) == expression
