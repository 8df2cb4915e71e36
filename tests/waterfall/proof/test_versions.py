"""Another version of a program, from Git or from a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from waterfall.proof.versions import checked_out
from waterfall.stack.child import Program
from waterfall.traces.client import ReadError


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program in a folder of a repository, changed since it was committed."""
    folder = tmp_path / "repository" / "shop"
    (folder / ".build" / "layers").mkdir(parents=True)
    (folder / ".build" / "layers" / "a.zip").write_text("zip")
    (folder / ".venv").mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: shop\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n"
    )
    (folder / "__main__.py").write_text("before")
    (folder / ".gitignore").write_text(".build/\n.venv/\n")
    git(folder.parent, "init", "--quiet")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "--quiet", "-m", "first")
    (folder / "__main__.py").write_text("after")
    return Program(folder, None, {"a": "b"})


def test_a_revision_is_checked_out_beside_the_working_copy(program: Program) -> None:
    """With the virtual environment and the finished zips of here, and gone afterwards."""
    with checked_out(program, "HEAD") as there:
        assert (there.settings, there.directory.name) == ({"a": "b"}, "shop")
        assert (there.directory / "__main__.py").read_text() == "before"
        assert (program.directory / "__main__.py").read_text() == "after"
        assert (there.directory / ".venv").resolve() == (program.directory / ".venv").resolve()
        assert (there.directory / ".build" / "layers" / "a.zip").read_text() == "zip"
    assert not there.directory.exists()
    listed = ["git", "-C", str(program.directory), "worktree", "list"]
    assert len(subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()) == 1


def test_a_folder_is_taken_as_it_is(program: Program, tmp_path: Path) -> None:
    """Such as another checkout."""
    with checked_out(program, str(tmp_path)) as there:
        assert there.directory == tmp_path


def test_a_revision_that_there_is_not_is_an_error(program: Program) -> None:
    """In Git's words."""
    with pytest.raises(ReadError, match="git rev-parse: "), checked_out(program, "nowhere"):
        pass


def test_a_program_that_was_not_there_yet_is_an_error(program: Program) -> None:
    """Which names its folder."""
    other = program.directory.parent / "new"
    other.mkdir()
    new = Program(other, None, {})
    with pytest.raises(ReadError, match="there is no new in HEAD"), checked_out(new, "HEAD"):
        pass
