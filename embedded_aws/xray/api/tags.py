"""Tags of groups and sampling rules, and the operations on them.

https://docs.aws.amazon.com/xray/latest/devguide/xray-tagging.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import AwsError, InvalidRequestError, NotFoundError
from embedded_aws.aws.paging import paged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.query.store import Store

MOST_TAGS = 50
TAGS_PER_PAGE = 200
_KIND = "tags"


class Tags:
    """The tags of all resources by ARN, kept in the trace store; thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._exist: list[Callable[[str], bool]] = []

    def add_resources(self, exists: Callable[[str], bool]) -> None:
        """Take note of resources that can have tags: `exists` tells whether an ARN is one of theirs."""
        self._exist.append(exists)

    def of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags; raises ResourceNotFoundException."""
        if not any(exists(arn) for exists in self._exist):
            raise NotFoundError(f"There is no resource {arn}", ResourceName=arn)
        return self._read(arn)

    def add(self, arn: str, new: Mapping[str, str]) -> None:
        """Set tags; raises ResourceNotFoundException, or TooManyTagsException when there would be over 50."""
        with self._lock:
            tags = {**self.of(arn), **new}
            _check_count(tags, arn)
            self.keep(arn, tags)

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags; those that are not there are no error. Raises ResourceNotFoundException."""
        with self._lock:
            gone = set(keys)
            self.keep(arn, {key: value for key, value in self.of(arn).items() if key not in gone})

    def keep(self, arn: str, tags: Mapping[str, str]) -> None:
        """Make these the tags of a resource."""
        self._store.keep_setting(_KIND, arn, tags)

    def drop(self, arn: str) -> None:
        """Forget a deleted resource."""
        self._store.drop_setting(_KIND, arn)

    def _read(self, arn: str) -> dict[str, str]:
        tags: dict[str, str] = self._store.settings(_KIND).get(arn, {})
        return tags


def operations(tags: Tags) -> dict[str, Operation]:
    def tag(request: dict[str, Any]) -> dict[str, Any]:
        tags.add(request["ResourceARN"], check_new(request["Tags"], request["ResourceARN"]))
        return {}

    def untag(request: dict[str, Any]) -> dict[str, Any]:
        tags.remove(request["ResourceARN"], request["TagKeys"])
        return {}

    def tags_of(request: dict[str, Any]) -> dict[str, Any]:
        found = tags.of(request["ResourceARN"])
        shape = [{"Key": key, "Value": value} for key, value in found.items()]
        return paged("Tags", shape, request, TAGS_PER_PAGE)

    return {
        "TagResource": tag,
        "UntagResource": untag,
        "ListTagsForResource": tags_of,
    }


def check_new(tags: Iterable[Mapping[str, str]], resource: str) -> dict[str, str]:
    """Return given tags by key; raises `InvalidRequestError` or TooManyTagsException."""
    found: dict[str, str] = {}
    for tag in tags:
        key = tag["Key"]
        if key.lower().startswith("aws:"):
            raise InvalidRequestError(f"Tag key {key!r} begins with aws:, which is reserved for AWS")
        if key in found:
            raise InvalidRequestError(f"Tag key {key!r} is given twice")
        found[key] = tag["Value"]
    _check_count(found, resource)
    return found


def _check_count(tags: Mapping[str, str], resource: str) -> None:
    if len(tags) > MOST_TAGS:
        raise AwsError(
            "TooManyTagsException",
            f"{resource} would have {len(tags)} tags; at most {MOST_TAGS} are allowed",
            ResourceName=resource,
        )
