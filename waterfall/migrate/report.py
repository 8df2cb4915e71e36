"""The proof of a move as Markdown: what moved in each file, and what each request's trace says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from waterfall.migrate.inventory import Change, Use, counted
from waterfall.proof.lines import told
from waterfall.proof.verdict import Result

MovedFile = tuple[str, Counter[str], Counter[str]]
"""Its name, the constructs that it has no more, and those that it still has."""
_FUNCTION = "AWS::Lambda::Function"


def moved(before: Sequence[Change], after: Sequence[Change], there: Path, here: Path) -> Iterator[MovedFile]:
    """Yield each file that had constructs of the old SDKs."""
    now = {each.path.relative_to(here): _constructs(each.uses) for each in after}
    for each in before:
        name = each.path.relative_to(there)
        had, has = _constructs(each.uses), now.get(name, Counter())
        yield str(name), had - has, has


def _constructs(uses: Sequence[Use]) -> Counter[str]:
    """Count the constructs of the old SDKs; a handler that would be decorated is none."""
    return Counter(use.construct for use in uses if not use.construct.startswith("def "))


def functions_of(result: Result) -> list[str]:
    """Return the functions that a request ran."""
    found = {
        str(one.fields.get("name"))
        for pair in result.pairs
        for one in (pair.right or pair.left,)
        if one and one.fields.get("origin") == _FUNCTION
    }
    return sorted(found)


def report(files: Sequence[MovedFile], results: Sequence[Result]) -> str:
    """Return the report of a move."""
    failed = sum(not result.ok for result in results)
    title = f"{failed} of {len(results)} requests differ" if failed else "every trace is as it was"
    lines = [f"### Moved to OpenTelemetry: {title}", "", "| function | request | trace | before | after |"]
    lines.append("| --- | --- | --- | --- | --- |")
    lines += [_row(result) for result in results]
    lines += ["", "| file | constructs moved | left |", "| --- | --- | --- |"]
    lines += [
        f"| `{name}` | {counted(gone) or 'none'} | {counted(has) or 'none'} |" for name, gone, has in files
    ]
    for result in results:
        if result.error:
            lines += ["", f"- `{result.case.name}`: {result.error}"]
        elif result.differences:
            lines += ["", f"`{result.case.name}`:", *(f"- `{told(one)}`" for one in result.differences)]
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    before, after = (f"{each * 1000:.0f} ms" for each in result.seconds) if result.seconds else ("", "")
    functions = ", ".join(f"`{name}`" for name in functions_of(result))
    return f"| {functions} | `{result.case.name}` | {_verdict(result)} | {before} | {after} |"


def _verdict(result: Result) -> str:
    if result.error:
        return "could not be checked"
    if not result.differences:
        return "equal"
    unexpected = len(result.unexpected)
    expected = len(result.differences) - unexpected
    parts = [f"{unexpected} differences" if unexpected > 1 else "1 difference"] if unexpected else []
    return ", ".join([*parts, *([f"{expected} expected"] if expected else [])])
