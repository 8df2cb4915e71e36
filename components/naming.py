"""Physical names, which carry project and stack so that stacks never collide in one account."""

from __future__ import annotations

import hashlib
import re

import pulumi


def physical_name(name: str, limit: int = 64) -> str:
    """Return `<project>-<stack>-<name>` in lower-case letters, digits and hyphens.

    A name over `limit` characters is cut, and ends in a hash of the whole so that it stays unique.
    """
    full = re.sub(r"[^a-z0-9-]", "-", f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}".lower())
    if len(full) <= limit:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:8]
    return f"{full[: limit - 9].rstrip('-')}-{digest}"


def stage_name() -> str:
    """Return the stack's name with the characters that API Gateway allows in a stage name."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", pulumi.get_stack())
