"""Which saves count, and that they are told."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

import pytest

from embedded_aws.engine.watching import Sources, Watcher

if TYPE_CHECKING:
    from pathlib import Path


def sources(root: Path, *files: str, folders: tuple[str, ...] = (), others: bool = False) -> Sources:
    reads = {
        "files": [str(root / name) for name in files],
        "folders": [str(root / name) for name in folders],
        "written": [str(root / "dist.zip")],
        "others": others,
    }
    return Sources.of(root, reads)


@pytest.mark.parametrize("name", ["__main__.py", "handlers/front.py", ".env", "handlers/new.py", "gone.json"])
def test_what_was_read_and_what_is_new_in_a_listed_folder_counts(tmp_path: Path, name: str) -> None:
    found = sources(tmp_path, "__main__.py", ".env", "gone.json", "handlers/front.py", folders=("handlers",))
    assert found.has(str(tmp_path / name))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "dist.zip",
        *(f"handlers/{name}" for name in ("front.py~", ".front.py.swp", "4913", "#front.py#", ".#front.py")),
        *(f"handlers/{name}" for name in ("front.py.tmp", "front.pyc", "__pycache__", "node_modules")),
        *(f"handlers/{name}" for name in ("front.py___jb_tmp___", ".git", ".DS_Store")),
    ],
)
def test_what_was_not_read_and_what_tools_leave_does_not_count(tmp_path: Path, name: str) -> None:
    found = sources(tmp_path, "__main__.py", "dist.zip", folders=("handlers",))
    assert not found.has(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("src/deep/app.ts", True),
        (".git/index", False),
        ("node_modules/a/index.js", False),
        ("../a.py", False),
    ],
)
def test_any_file_counts_where_the_program_runs_a_build_step(
    tmp_path: Path, name: str, *, counts: bool
) -> None:
    assert sources(tmp_path, "__main__.py", others=True).has(str((tmp_path / name).resolve())) is counts


def test_no_virtual_environment_is_looked_at(tmp_path: Path) -> None:
    for folder in ("src/deep", "environment/lib", ".git/objects"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "environment" / "pyvenv.cfg").touch()
    watched = sources(tmp_path, "__main__.py", others=True).watched()
    assert watched == {str(tmp_path), str(tmp_path / "src"), str(tmp_path / "src" / "deep")}


def test_a_program_that_failed_half_way_is_still_watched_whole(tmp_path: Path) -> None:
    before = sources(tmp_path, "__main__.py", "names.py")
    after = Sources.of(tmp_path, {"files": [str(tmp_path / "__main__.py")]}, before)
    assert after.has(str(tmp_path / "names.py"))


def looking(told: queue.Queue[frozenset[str]], first: Path, second: Path) -> Watcher:
    """Return a watcher of two files that looks already, and has told all that it saw."""
    for file in (first, second):
        file.write_text("1")
    watcher = Watcher(told.put)
    watcher.look_at(sources(first.parent, first.name, second.name))
    ready = None
    while ready is None:  # until the thread looks
        second.write_text("again")
        try:
            ready = told.get(timeout=0.2)
        except queue.Empty:
            continue
    while not told.empty():
        told.get()
    return watcher


def test_a_save_by_an_atomic_rename_is_told_once(tmp_path: Path) -> None:
    """The one afterwards is told next, so nothing came in between."""
    told: queue.Queue[frozenset[str]] = queue.Queue()
    first, second = tmp_path / "front.py", tmp_path / "last.py"
    watcher = looking(told, first, second)
    try:
        beside = tmp_path / "front.py.tmp"
        beside.write_text("2")
        beside.replace(first)
        seen = told.get(timeout=60)
        while seen == {str(second)}:
            seen = told.get(timeout=60)
        assert seen == {str(first)}
    finally:
        watcher.close()


def test_a_save_is_told_once_while_other_folders_are_looked_at(tmp_path: Path) -> None:
    """Two look for a moment then: what both see would deploy twice."""
    told: queue.Queue[frozenset[str]] = queue.Queue()
    first, second = tmp_path / "front.py", tmp_path / "last.py"
    watcher = looking(told, first, second)
    try:
        (tmp_path / "more").mkdir()
        watcher.look_at(sources(tmp_path, first.name, second.name, "more/helper.py"))
        first.write_text("changed")
        seen = [told.get(timeout=60)]
        second.write_text("last")
        while str(second) not in seen[-1]:
            seen.append(told.get(timeout=60))
        assert sum(str(first) in each for each in seen) == 1
    finally:
        watcher.close()


def test_what_a_tool_made_on_the_way_is_not_told(tmp_path: Path) -> None:
    """`sed -i` writes `sedXYZ` first and renames it; a source that is gone is told, also one that was new."""
    known, new, passing = (tmp_path / name for name in ("front.py", "new.py", "sedIqp6yQ"))
    watcher = Watcher(lambda _: None, sources(tmp_path, known.name, folders=(".",)))
    paths = list(map(str, (known, new, passing)))
    known.write_text("")
    new.write_text("")
    assert watcher._news(paths) == {str(known), str(new)}
    known.unlink()
    new.unlink()
    assert watcher._news(paths) == {str(known), str(new)}
