"""The tracing header `X-Amzn-Trace-Id`: `Root=…;Parent=…;Sampled=…;Lineage=…`.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = "X-Amzn-Trace-Id"

MAX_LENGTH = 7 * 1024
"""Characters of a header that is read: as Application Load Balancers; X-Ray states no limit."""

_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_SEGMENT_ID = re.compile(r"[0-9a-f]{16}")
_PART = re.compile(r"[!-:<-~]+")
"""Visible ASCII: parts go on into headers, environment variables and messages."""
_SAMPLED = {"1": True, "0": False}


@dataclass(frozen=True)
class TraceHeader:
    """One trace context; `None` means that the field is absent or malformed.

    `sampled` is also `None` for `?`: the caller wants to be told. `lineage` is opaque, AWS's loop
    detection reads it. `extra` keeps unknown fields (`Self`, custom data) in their order.
    """

    root: str | None = None
    parent: str | None = None
    sampled: bool | None = None
    lineage: str | None = None
    extra: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> TraceHeader:
        """Read a header value; malformed parts are left out, as the Java and Node SDKs do.

        Of one that is too long nothing is taken.
        """
        known: dict[str, str] = {}
        extra: list[tuple[str, str]] = []
        parts = (text or "").split(";") if len(text or "") <= MAX_LENGTH else []
        for part in map(str.strip, parts):
            key, equals, value = part.partition("=")
            if not (equals and _PART.fullmatch(part)):
                continue
            if key.lower() in {"root", "parent", "sampled", "lineage"}:
                known[key.lower()] = value
            else:
                extra.append((key, value))
        root, parent = known.get("root", ""), known.get("parent", "")
        return cls(
            root=root if _TRACE_ID.fullmatch(root) else None,
            parent=parent if _SEGMENT_ID.fullmatch(parent) else None,
            sampled=_SAMPLED.get(known.get("sampled", "")),
            lineage=known.get("lineage"),
            extra=tuple(extra),
        )

    def format(self) -> str:
        """Write the header value: absent fields are left out, unknown ones follow the known."""
        fields = [
            ("Root", self.root),
            ("Parent", self.parent),
            ("Sampled", None if self.sampled is None else str(int(self.sampled))),
            ("Lineage", self.lineage),
            *self.extra,
        ]
        return ";".join(f"{key}={value}" for key, value in fields if value is not None)
