"""What a stack asks of all that it deploys: how data is guarded and encrypted, and which tags there are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pulumi

from .kinds import SettingError
from .policy import Grant

KEY_ARN = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"
Tags: TypeAlias = "Mapping[str, pulumi.Input[str]]"
_TAG = re.compile(r"[\w\s+\-=._:/@]*")
_LONGEST_KEY, _LONGEST_VALUE, _MOST_TAGS = 128, 256, 40
_USE_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


@dataclass(frozen=True)
class Baseline:
    """What holds for every resource of a stack; the default asks nothing.

    In `production`, what keeps data or an address cannot be deleted by mistake. `key` is the ARN of a KMS
    key that encrypts all data at rest; without one, each service uses a key of AWS's. `tags` go to all that
    can have tags.
    """

    production: bool = False
    key: str = ""
    tags: Tags = field(default_factory=dict)

    @property
    def grants(self) -> list[Grant]:
        """What a function's role needs to read and write what is encrypted: this key, and no other."""
        return [Grant(_USE_KEY, [self.key])] if self.key else []

    def keep(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return the options of a resource that a production stack must not lose."""
        return pulumi.ResourceOptions(parent=parent, protect=True if self.production else None)

    def tagged(self, own: Tags | None = None) -> dict[str, pulumi.Input[str]] | None:
        """Return the tags of a resource that has some of its own."""
        return {**self.tags, **(own or {})} or None


def read_tags(given: Mapping[str, Any]) -> dict[str, str]:
    """Check the setting `tags`; raises SettingError naming the tag, and what AWS allows.

    https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    """
    if len(given) > _MOST_TAGS:
        raise SettingError(f"tags has {len(given)} tags, but {_MOST_TAGS} leave room for others' on AWS")
    for name, value in given.items():
        if not isinstance(value, str):
            raise SettingError(f"tags.{name} is {value!r}, but must be text; quote it")
        if name.lower().startswith("aws:"):
            raise SettingError(f"tags has {name!r}, but names that begin with aws: are AWS's own")
        for what, text, longest in (("name", name, _LONGEST_KEY), ("value", value, _LONGEST_VALUE)):
            if len(text) > longest or not _TAG.fullmatch(text):
                raise SettingError(
                    f"tags.{name} has the {what} {text!r}, but AWS allows up to {longest} letters, digits, "
                    "spaces and + - = . _ : / @"
                )
    return dict(given)
