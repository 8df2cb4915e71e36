"""The user's files that a function's files were made of."""

from __future__ import annotations

from pathlib import Path

from embedded_aws.debugging.sources import path_mappings


def write(folder: Path, **files: str) -> None:
    """Write modules: of `a__b` the path is `a/b.py`."""
    for name, text in files.items():
        file = folder / ((name if "__init__" in name else name.replace("__", "/")) + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def mapped(sources: Path, unpacked: Path) -> dict[str, str]:
    return {
        str(Path(one["remoteRoot"]).relative_to(unpacked)): str(Path(one["localRoot"]).relative_to(sources))
        for one in path_mappings(sources, unpacked)
    }


def test_files_of_the_same_content_are_found_wherever_the_archive_put_them(tmp_path: Path) -> None:
    """A folder that became the root, a package beside it, and a file under another path."""
    sources, unpacked = tmp_path / "app", tmp_path / "task"
    write(sources, handlers__front="front = 1", shared__lib__tools="tools = 1", src__deep__extra="extra = 1")
    write(unpacked, front="front = 1", lib__tools="tools = 1", extra="extra = 1")
    assert mapped(sources, unpacked) == {
        "front.py": "handlers/front.py",
        "lib/tools.py": "shared/lib/tools.py",
        "extra.py": "src/deep/extra.py",
    }


def test_of_several_the_one_beside_the_others_is_the_source(tmp_path: Path) -> None:
    """Empty files and copies are everywhere; the folder that the other files came from decides."""
    sources, unpacked = tmp_path / "app", tmp_path / "task"
    write(sources, **{"a/__init__": "", "b/__init__": ""}, b__front="front = 1", b__worker="worker = 1")
    write(unpacked, __init__="", front="front = 1", worker="worker = 1")
    assert mapped(sources, unpacked)["__init__.py"] == "b/__init__.py"


def test_what_changed_since_and_what_tools_made_is_no_source(tmp_path: Path) -> None:
    sources, unpacked = tmp_path / "app", tmp_path / "task"
    write(sources, front="front = 2")
    write(sources / ".build", front="front = 1")
    write(sources / "node_modules", front="front = 1")
    write(unpacked, front="front = 1")
    assert mapped(sources, unpacked) == {}
