"""`make bench` runs, whatever a part of it meets, and the README tells what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import report, store
from benchmarks.__main__ import QUICK, Part, Say, Size, run
from benchmarks.figures import THEMES, Aim, Measured, Row

ROWS = [row for theme in THEMES for row in theme.rows]
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def unable(_: Size, say: Say) -> Iterator[Measured]:
    """Be a part that cannot be measured."""
    say("begun")
    yield Measured("call.dynamodb.PutItem", 1.0)
    raise OSError("no such server")


def one_call(_: Size, __: Say) -> Iterator[Measured]:
    """Be a part with one figure."""
    yield Measured("call.dynamodb.PutItem", 2.0, {"MiniStack": 1.0, "moto server": 4.0})


def test_the_readme_tells_the_figures_that_are_committed() -> None:
    """`make bench-readme` writes both."""
    (chapter,) = report.CHAPTER.findall(README)
    assert chapter == report.chapter(report.read(report.COMMITTED))


def test_the_page_tells_the_figures_that_are_committed() -> None:
    """All of them; the README those that have an aim."""
    assert report.PAGE.read_text(encoding="utf-8") == report.page(report.read(report.COMMITTED))


def test_the_page_has_the_rows_of_what_is_measured() -> None:
    """All of them, with or without those that only `make bench-large` measures."""
    found = set(report.figures(report.read(report.COMMITTED)))
    assert {row.id for row in ROWS if not row.large} <= found <= {row.id for row in ROWS}


def test_no_two_figures_have_one_name() -> None:
    """In the file as in the tables."""
    assert {name for name, count in Counter(row.id for row in ROWS).items() if count > 1} == set()


def test_a_part_is_measured_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that starts no server: its rows are printed, and are in the file."""
    part: Part = lambda size, say: store.store(tmp_path, "store", size.traces, say)  # noqa: E731
    assert run({"store": part}, QUICK, tmp_path / "figures.json")
    wanted = {row.id: row.what for row in ROWS if row.id.startswith("store.")}
    assert set(report.figures(report.read(tmp_path / "figures.json"))) == set(wanted)
    printed = capsys.readouterr().out
    assert [what for what in wanted.values() if f"\n| {what} | " not in printed] == []


def test_a_part_that_fails_is_told_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its older figures stay."""
    parts: dict[str, Part] = {"unable": unable, "one": one_call}
    report.write(tmp_path / "figures.json", {"unable": {"of": "before"}})
    assert not run(parts, QUICK, tmp_path / "figures.json")
    found = report.read(tmp_path / "figures.json")
    assert found["unable"] == {"of": "before"}
    assert [one["value"] for one in found["one"]["figures"]] == [2.0]
    said = capsys.readouterr()
    assert "one" in found
    assert "unable: failed: no such server\n" in said.err
    assert said.err.endswith("all: failed: unable\n")
    assert "| DynamoDB PutItem | 2.00 ms | MiniStack 1.00, moto server 4.00 | 2.00 (MiniStack) |" in said.out


@pytest.mark.parametrize(
    ("row", "own", "missed"),
    [
        (Row("own", "", "ms", Aim(2)), 2.0, False),
        (Row("own", "", "ms", Aim(2)), 2.1, True),
        (Row("own", "", "/s", Aim(2), more=True), 2.1, False),
        (Row("own", "", "/s", Aim(2), more=True), 1.9, True),
        (Row("own", "", "ms", Aim(5, "other")), 8.0, False),
        (Row("own", "", "ms", Aim(5, "other")), 8.1, True),
        (Row("own", "", "ms", Aim(5, "other", plus="layer")), 18.0, False),
        (Row("own", "", "ms", Aim(5, "nobody")), 9.0, False),
        (Row("own", "", "ms"), 9.0, False),
    ],
)
def test_an_aim_is_missed_by_what_is_worse(row: Row, own: float, *, missed: bool) -> None:
    """A number, a peer's figure, or both, with what another row measured; none where the peer is missing."""
    found = {"own": Measured("own", own, {"other": 3.0}), "layer": Measured("layer", 10.0)}
    assert report.missed(row, found) is missed
