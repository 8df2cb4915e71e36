from __future__ import annotations

import json

import pytest

from embedded_aws.aws.errors import InvalidParameterError
from embedded_aws.logs.patterns import parse

LINE = "[ERROR 400] BAD REQUEST from 127.0.0.1"
RECORD = json.dumps(
    {
        "level": "ERROR",
        "requestId": "a1b2",
        "took": 12.5,
        "retry": False,
        "none": None,
        "user": {"id": 1, "mails": ["x@a.org", "y@b.org"]},
        "text": "12",
    }
)


def selects(pattern: str, message: str) -> bool:
    """Whether a pattern selects a message; the store looks for the terms."""
    parsed = parse(pattern)
    return all(term in message for term in parsed.terms) and parsed.matches(message)


@pytest.mark.parametrize(
    "pattern",
    [
        "", "ERROR", "ERROR REQUEST", '"BAD REQUEST"', '"[ERROR 400]" 127.0.0.1', "ERROR -WARN",
        "?ERROR ?WARN", "?WARN ?BAD", "%4[0-9]0%", '-"GOOD REQUEST"',
    ],
)  # fmt: skip
def test_terms_that_select(pattern: str) -> None:
    """All plain terms, one of the optional ones, none of the excluded ones, or a regular expression."""
    assert selects(pattern, LINE)


@pytest.mark.parametrize(
    "pattern",
    ["error", "ERROR WARN", '"BAD  REQUEST"', "ERROR -BAD", "?WARN ?INFO", "%^BAD%", '{ $.level = "ERROR" }'],
)
def test_terms_that_do_not_select(pattern: str) -> None:
    """Upper and lower case differ; a pattern for JSON selects no text."""
    assert not selects(pattern, LINE)


def test_a_trace_id_is_found() -> None:
    """A quoted id is looked for as it is."""
    trace_id = "1-5759e988-bd862e3fe1be46a994272793"
    assert selects(f'"{trace_id}"', json.dumps({"xray_trace_id": trace_id}))


def test_a_message_that_is_nested_too_deep_is_not_selected() -> None:
    """What a function prints cannot break a search."""
    assert not selects("{ $.a = 1 }", '{"a":' + "[" * 100_000)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("%" + "a*" * 500 + "b%", False),
        ("%" + "a?" * 300 + "a{300}$%", True),
        ("%.*.*.*.*.*=.*$%", False),
        ("%a.{800}b%", False),
        ('{ $.text = "' + "*a" * 400 + '*b" }', False),
        ("{ $.text = %" + "a*" * 200 + "b% }", False),
    ],
)
def test_no_pattern_takes_longer_than_the_text_is_long(pattern: str, *, expected: bool) -> None:
    """What would backtrack for years is answered."""
    text = "a" * 50_000
    assert selects(pattern, json.dumps({"text": text}) if pattern.startswith("{") else text) is expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"%\d{1,3}\.\d{1,3}\.0\.1%", LINE),
        ("%[Ee]rror|R{2}OR%", LINE),
        ("%^.ERROR% ", LINE),
        (r"%\x5bERROR\s4%", LINE),
        ("%^a{,2}$%", "aa"),
        (r"%a\{,2\}%", "a{,2}"),
        ("{ $.user.mails[*] = %^y@% }", RECORD),
        ("{ $.level != %^WARN% }", RECORD),
    ],
)
def test_regular_expressions_that_select(pattern: str, message: str) -> None:
    """The language that AWS documents, alone or as a value in a pattern for JSON."""
    assert selects(pattern, message)


def test_half_a_surrogate_pair_is_matched_as_some_character() -> None:
    """JSON can bring what is no text; it breaks no search."""
    assert selects("{ $.text = %^a.b$% }", r'{"text": "a\ud800b"}')


def test_quotes_inside_a_term_are_escaped() -> None:
    """A backslash makes a quotation mark part of the term."""
    assert selects(r'"say \"hi\""', 'they say "hi" to us')


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.level = "ERROR" }', '{$.level="E*"}', "{ $.level = ERROR }", '{ $.level != "INFO" }',
        "{ $.took > 12 }", "{ $.took <= 12.5 && $.user.id = 1 }", '{ $.text = "12" }', "{ $.text = 12 }",
        "{ $.retry IS FALSE }", "{ $.none IS NULL }", "{ $.missing NOT EXISTS }",
        '{ $.user.mails[1] = "y@*" }', '{ $.user.mails[*] = "*.org" }', '{ $["requestId"] = "a1b2" }',
        '{ $.level = "INFO" || ($.level = "ERROR" && $.user.id >= 1) }',
    ],
)  # fmt: skip
def test_json_that_is_selected(pattern: str) -> None:
    """Comparisons of fields, joined by && and ||."""
    assert selects(pattern, RECORD)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.level = "INFO" }', "{ $.took > 13 }", "{ $.retry IS TRUE }", "{ $.level NOT EXISTS }",
        '{ $.missing = "x" }', '{ $.missing != "x" }', '{ $.level = "ERROR" && $.took < 1 }',
        "{ $.level > 1 }", '{ $.user.mails[7] = "*" }', '{ $.level = "ERRO?" }',
    ],
)  # fmt: skip
def test_json_that_is_not_selected(pattern: str) -> None:
    """A field that is missing or of another type equals nothing and differs from nothing."""
    assert not selects(pattern, RECORD)


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ('"open', "a quotation mark is not closed"),
        ("%(%", r"'\(' is not supported"),
        ("%(a+)+$%", r"'\(a' is not supported"),
        (r"%(a)\1%", "is not supported"),
        (r"%a\1%", r"1' is not supported"),
        ("%something!%", "'!' is not supported"),
        ("%BAD REQUEST%", "' R' is not supported"),
        ("%größe%", "'öß' is not supported"),
        ("%[z-a]%", "invalid character class range: z-a"),
        ("%a{1000}{1000}%", "bad repetition operator"),
        ("%" + ".{1000}" * 140 + "%", "too large"),
        ("{ $.a = %x% || $.b = %y% || $.c = %z% }", "at most 2 regular expressions"),
        ("[ip, user]", "space-delimited patterns are not emulated"),
        ('{ $.level == "x" }', "expected a value at character 12"),
        ("{ level = 1 }", r"expected a selector such as \$.level"),
        ("{ $.level }", "expected one of = !="),
        ("{ $.took > high }", "expected a number"),
        ("{ $.level = 1", "expected }"),
        ("{ $.level = 1 } x", "expected nothing after }"),
    ],
)
def test_a_malformed_pattern_is_refused(pattern: str, named: str) -> None:
    """The error shows the pattern and what was expected."""
    with pytest.raises(InvalidParameterError, match=named):
        parse(pattern)


def test_an_index_of_any_length_is_past_the_end() -> None:
    """It selects nothing, like others that are too large, also in a condition that is not met."""
    index = "9" * 5000
    assert not selects(f'{{ $.user.mails[{index}] = "x" }}', RECORD)
    assert selects(f'{{ $.user.mails[{index}] = "x" || $.level = "ERROR" }}', RECORD)
