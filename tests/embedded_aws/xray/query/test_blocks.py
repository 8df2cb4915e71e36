"""Values by number, in blocks that come and go."""

from __future__ import annotations

import random

from embedded_aws.xray.query import blocks
from embedded_aws.xray.query.blocks import SIZE, Blocks


def test_a_number_without_a_value_has_a_blank_one() -> None:
    """Within a block and outside of any, and to ask makes none."""
    values = Blocks(blocks.codes)
    values.put(5, 7)
    assert [values.value(number) for number in (5, 6, 5 + SIZE)] == [7, 0, 0]
    assert list(values) == [0]


def test_blocks_that_are_let_go_of_leave_others_as_they_are() -> None:
    """Their numbers have blank values, and can be used again."""
    values = Blocks(blocks.seconds)
    for number in (1, SIZE, 3 * SIZE + 2):
        values.put(number, float(number))
    values.keep({1})
    assert [values.value(number) for number in (1, SIZE, 3 * SIZE + 2)] == [0.0, SIZE, 0.0]
    values.put(1, 7.5)
    assert values.value(1) == 7.5


def test_texts_are_what_they_were_changed_to_last() -> None:
    """However often they change, and whatever is in them; they take no more room for it."""
    values = blocks.Texts()
    expected = [""] * SIZE
    source = random.Random(7)  # noqa: S311 - repeatable
    for _ in range(20 * SIZE):
        place, text = source.randrange(SIZE), source.choice(("", "GET /é", "\ud800", "x" * 40))
        values[place] = expected[place] = text
    assert [values[place].decode(errors="surrogatepass") for place in range(SIZE)] == expected
    assert len(values._bytes) <= 2 * sum(len(text.encode(errors="surrogatepass")) for text in expected) + 40
