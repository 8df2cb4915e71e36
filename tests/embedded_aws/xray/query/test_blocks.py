"""Values by number, in blocks that come and go."""

from __future__ import annotations

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
    values = Blocks(blocks.texts)
    for number in (1, SIZE, 3 * SIZE + 2):
        values.put(number, str(number))
    values.keep({1})
    assert [values.value(number) for number in (1, SIZE, 3 * SIZE + 2)] == ["", str(SIZE), ""]
    values.put(1, "again")
    assert values.value(1) == "again"
