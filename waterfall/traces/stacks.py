"""Stacks of exceptions: which line is the program's own, and how its path is shown."""

from __future__ import annotations

import re
from dataclasses import replace

from waterfall.traces.model import Failure, Frame

_OWN = re.compile(r"^(?:/var/task|.*/lambda/task/[0-9a-f]{16,})/")
"""Where Lambda has a function's code, on AWS and on the embedded AWS."""
_LIBRARY = re.compile(
    r"(site|dist)-packages/|node_modules/|^/opt/(python|nodejs)|^/var/(runtime|lang)/|^/usr/lib|^<frozen"
    r"|/lambda/layer/[0-9a-f]{16,}/python/|/traced-api/adot/[^/]+/python/"
)

_BOTOCORE = {("client.py", "_api_call"), ("client.py", "_make_api_call"), ("context.py", "wrapper")}
"""Frames of botocore as the X-Ray SDK records them: it drops the folder of each file."""


def line_of(failure: Failure) -> Frame | None:
    """Return the innermost frame of the program's own code, else the innermost, its path as it is shown."""
    own = (frame for frame in reversed(failure.stack) if not _is_library(frame))
    found = next(own, failure.stack[-1] if failure.stack else None)
    return found and replace(found, path=shown(found.path))


def _is_library(frame: Frame) -> bool:
    return bool(_LIBRARY.search(frame.path)) or (frame.path, frame.label) in _BOTOCORE


def shown(path: str) -> str:
    """Return a path as its author knows it: without the folder in which Lambda has the function's code."""
    return _OWN.sub("", path)
