"""Physical names.

Pulumi makes them, as long as nobody asks for a name: of a resource's name and seven random digits, so that no
two developers, stacks, regions or components of one account meet, and so that a resource that must be
replaced is created before the old one goes.
https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
"""

from __future__ import annotations

import hashlib
import re

import pulumi

from .kinds import SettingError

_SUFFIX = len("-1a2b3c4")


def name_or_auto(what: str, name: str, asked: str, limit: int) -> str | None:
    """Return the physical name that somebody asked for, or None, which leaves it to Pulumi.

    Raises SettingError for a name that is longer than AWS allows.
    """
    if len(asked) > limit:
        raise SettingError(
            f"{what} {name} has the physical name {asked!r} of {len(asked)} characters, but AWS allows "
            f"{limit}; shorten it, or leave it out"
        )
    if not asked and len(name) + _SUFFIX > limit:
        raise SettingError(
            f"{what} {name} has a name of {len(name)} characters, to which Pulumi adds {_SUFFIX}, but AWS "
            f"allows {limit}; shorten it, or give a physical name"
        )
    return asked or None


def shortened(name: str, limit: int) -> str:
    """Return a name as it is, or, if it is over `limit`, cut, with a hash of the whole to keep it unique."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


def layer_name(name: str) -> str:
    """Return `<project>-<stack>-<name>`, which layers must be given; stacks share one without meeting.

    A layer's versions have numbers of their own, and each stack attaches and deletes those that it made.
    """
    full = f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}".lower()
    return shortened(re.sub(r"[^a-z0-9-]", "-", full), 140)


def stage_name() -> str:
    """Return the stack's name with the characters that API Gateway allows in a stage name."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", pulumi.get_stack())
