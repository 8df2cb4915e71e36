"""Routes of an API as people write them: `GET /orders/{id}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pulumi

_METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_ROUTE = re.compile(rf"({'|'.join(_METHODS)}) (/\S*)")
_SEGMENT = re.compile(r"[A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\}")
_GREEDY = re.compile(r"\{[A-Za-z0-9._-]+\+\}")

A_ROUTE = f"one of {', '.join(_METHODS)} and a path"
"""What a route looks like, for messages."""


class RouteError(pulumi.RunError, ValueError):
    """A route that API Gateway would refuse; Pulumi prints the message without a traceback."""


@dataclass(frozen=True)
class Route:
    """A method and the segments of a path; the root has none."""

    method: str
    segments: tuple[str, ...]

    @property
    def path(self) -> str:
        return path_of(self.segments)

    @property
    def source(self) -> str:
        """What the ARN ends in with which API Gateway invokes the route's function."""
        return any_method(self.method) + path_of(
            tuple("*" if "{" in segment else segment for segment in self.segments)
        )

    @property
    def resources(self) -> list[tuple[str, ...]]:
        """The paths from the top down, without the root: `/a` and `/a/b` for `/a/b`."""
        return [self.segments[:length] for length in range(1, len(self.segments) + 1)]


def parse_route(text: str) -> Route:
    """Read `METHOD /path`; raises RouteError."""
    parts = split_route(text)
    if parts is None:
        raise RouteError(f"route {text!r} must be {A_ROUTE}, like 'GET /hello'")
    method, path = parts
    segments = tuple(path[1:].split("/")) if path != "/" else ()
    for segment in segments:
        greedy = segment is segments[-1] and _GREEDY.fullmatch(segment)
        if not greedy and not _SEGMENT.fullmatch(segment):
            raise RouteError(
                f"route {text!r} has the segment {segment!r}; a segment is letters, digits and . _ : - only, "
                "or {name}, or {name+} as the last one"
            )
    return Route(method, segments)


def split_route(text: Any) -> tuple[str, str] | None:
    """Return the method and the path of `METHOD /path`; None when it is something else."""
    match = _ROUTE.fullmatch(text) if isinstance(text, str) else None
    return (match[1], match[2]) if match else None


def any_method(method: str) -> str:
    """Return a method as IAM and X-Ray write it: `*` for the `ANY` of API Gateway."""
    return "*" if method == "ANY" else method


def path_of(segments: tuple[str, ...]) -> str:
    """Return segments as a path."""
    return "/" + "/".join(segments)
