"""Python's printed traceback -> X-Ray's exceptions with their stack frames, innermost frame first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from embedded_aws.xray.intake.translation.frames import Frames, causing, frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.ids import Ids

_FRAME = "  File "
_CHAINED = "During handling of the above exception, another exception occurred:"
_MARKERS = re.compile(r"\s*[~^][\s~^]*")


def exceptions(stacktrace: str, first: Mapping[str, Any], ids: Ids) -> list[dict[str, Any]]:
    """Return `first` with its stack, then each exception during whose handling the one before was raised.

    Read from the end, as the collector does: the last line repeats type and message and is passed over.
    `raise … from …` prints other words, which the collector does not know: those frames join the
    exception before.
    """
    lines = stacktrace.split("\n")
    found = [{**first, "stack": []}]
    index = len(lines) - 2
    while index >= 0:
        line = lines[index]
        if line.startswith(_FRAME):
            found[-1]["stack"] += _frames(line)
        elif line.startswith(_CHAINED):
            above = next((at for at in range(index - 1, -1, -1) if lines[at].startswith(_FRAME)), None)
            earlier = None if above is None else _headline(lines[above + 2 : index - 1])
            if above is None or earlier is None:
                break
            found.append(causing(found[-1], *earlier, ids))
            index = above
            continue
        index -= 1
    return found


def _headline(lines: list[str]) -> tuple[str, str] | None:
    """Split `Type: message`, which may span lines; None without a colon.

    Since 3.11 Python marks the failing expression on a line of its own; unlike the collector, which
    takes that for a part of the type, this leaves it out.
    """
    while lines and _MARKERS.fullmatch(lines[0]):
        lines = lines[1:]
    kind, colon, message = "\n".join(lines).partition(":")
    return (kind, message[1:]) if colon else None


def _frames(line: str) -> Frames:
    """Read `  File "path", line 12, in label`; a path or label with a comma is lost, as in the collector."""
    parts = line.split(",")
    if len(parts) != 3:
        return []
    file, number, label = parts
    return [
        frame(
            file[len(_FRAME) + 1 : -1],
            label.removeprefix(" in ") if label.startswith(" in ") else "",
            number.removeprefix(" line ") if number.startswith(" line ") else "",
        )
    ]
