"""docs/architecture.md tells of the code as it stands: its paths exist, its floors are the tested ones.

The other pages name fewer paths; theirs exist as well.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_architecture import PACKAGES, Package

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
BUILT = {".venv", ".build"}
"""What set-up makes, at the root."""

BELONGS = {
    "a filter keyword": "embedded_aws/xray/query/filters/",
    "an SQS batch rule": "embedded_aws/events/",
    "a console view": "waterfall/web/static/views/",
    "a sampling setting": "components/sampling.py",
    "the text of `waterfall why`": "waterfall/why/",
    "a header rule of the gateway": "embedded_aws/gateway/",
}


def paths_in(page: str) -> set[str]:
    """Return what looks like a path of the repository, in backticks or in a drawing."""
    prose, drawings = re.sub(r"(?ms)^```.*?^```", "", page), re.findall(r"(?ms)^```\n(.*?)^```", page)
    quoted = re.findall(r"`(\w[\w.-]*/[\w./-]*)`", prose) + re.findall(r"`(\w+\.(?:py|md|toml))`", prose)
    drawn = re.findall(r"(?<![\w/.-])(\w+(?:/[\w-]+)*/(?:\w+\.\w+)?)", "".join(drawings))
    return {path for path in quoted + drawn if path.partition("/")[0] not in BUILT}


def floors_in(page: str, name: str) -> list[set[str]]:
    """Return the rooms of a package in the page's drawing, from the ground up."""
    (house,) = re.findall(rf"(?m)^{name}\n((?:  .+\n)+)", page)
    return [set(line.strip().partition("  ")[0].split()) for line in reversed(house.splitlines())]


def test_every_path_exists() -> None:
    """A path that the page names is there; a file named alone lies in a folder that its row names."""
    rows = PAGE.splitlines()
    found = paths_in(PAGE)
    assert len(found) > 50
    missing = {path for path in found if not (ROOT / path).exists()}
    beside = {
        path
        for path in missing
        for row in rows
        if f"`{path}`" in row
        for folder in re.findall(r"`([\w/]+/)(?:[\w.]+)?`", row)
        if (ROOT / folder / path).exists()
    }
    assert missing - beside == set()


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda page: page.name
)
def test_paths_on_every_page_exist(page: Path) -> None:
    """What begins with a folder of the repository is there; elsewhere a slash may mean many things."""
    named = re.findall(r"`(\w[\w-]*/[\w./-]*)`", page.read_text(encoding="utf-8"))
    ours = [path for path in named if (ROOT / path.partition("/")[0]).is_dir()]
    assert [path for path in ours if path.partition("/")[0] not in BUILT and not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("what", "where"), BELONGS.items())
def test_the_page_says_where_it_belongs(what: str, where: str) -> None:
    """The six questions of a new reader have one row each, with the place that folder names lead to."""
    rows = [row for row in PAGE.splitlines() if row.startswith(f"| {what} | `{where}` |")]
    assert len(rows) == 1
    assert (ROOT / where).exists()


def test_every_module_to_run_exists() -> None:
    """`python -m` names a module that is there."""
    modules = re.findall(r"python -m (\w+\.\w+)", PAGE)
    assert modules
    assert [name for name in modules if not (ROOT / name.replace(".", "/")).with_suffix(".py").exists()] == []


@pytest.mark.parametrize(
    "package", [one for one in PACKAGES if len(one.layers) > 2], ids=lambda one: one.name
)
def test_the_drawing_has_the_floors_that_are_tested(package: Package) -> None:
    """Each room stands on the page where the test of the imports puts it."""
    assert floors_in(PAGE, package.name) == [set(layer) for layer in package.layers]


def test_a_path_is_seen() -> None:
    """In prose and in a drawing, with a slash or as a file; what is no path is not."""
    page = "`a/b.py` `c/` `d.py` and/or `x.y` `/opt/python`\n```\n curl --> e/f.py | g/\n```\n"
    assert paths_in(page) == {"a/b.py", "c/", "d.py", "e/f.py", "g/"}
