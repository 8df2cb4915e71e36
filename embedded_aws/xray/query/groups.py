"""Groups: filter expressions with a name, and which traces are in them.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-groups.html

X-Ray tests a trace when it is stored, so a changed expression counts for later traces only. Here a group
keeps its expressions with the time from which each counted, and a trace is tested, when somebody asks, with
the one that counted when its last document came: the answer is the same, and storing stays cheap.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.xray.query.filters.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.aws.ids import Clock
    from embedded_aws.xray.query.filters.syntax import Expression
    from embedded_aws.xray.query.store import Store

DEFAULT_NAME = "Default"
MOST_GROUPS = 25
"""Of one account and Region, Default not counted."""

_KIND = "group"
_NAME = re.compile(r"[A-Za-z0-9-]{1,32}")
_GROUP_KEYWORD = re.compile(r"\bgroup\.(?:name|arn)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """An expression, "" for all traces, that counts for traces stored from `since` on (epoch seconds)."""

    since: float
    text: str
    expression: Expression | None


@dataclass(frozen=True)
class Group:
    """`versions` has the expressions in the order in which they counted; none is the group of everything."""

    name: str
    arn: str
    versions: tuple[Version, ...] = ()
    insights: bool = False
    notifications: bool = False

    @property
    def text(self) -> str:
        """The expression that counts now."""
        return self.versions[-1].text if self.versions else ""


class Groups:
    """The groups of one account and Region, kept in the trace store; thread-safe."""

    def __init__(self, store: Store, region: str, clock: Clock, new_id: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._lock = threading.Lock()
        self._arn_prefix = f"arn:aws:xray:{region}:{ACCOUNT_ID}:group/"
        default = Group(DEFAULT_NAME, self._arn_prefix + DEFAULT_NAME)
        self._groups = {
            DEFAULT_NAME: default,
            **{name: _load(kept) for name, kept in store.settings(_KIND).items()},
        }

    def all(self) -> list[Group]:
        """Return all groups by name, Default first."""
        with self._lock:
            return sorted(self._groups.values(), key=lambda group: (group.name != DEFAULT_NAME, group.name))

    def find(self, name: str | None, arn: str | None) -> Group:
        """Return the group; raises `InvalidRequestError` when there is none, or both are given."""
        with self._lock:
            return self._find(name, arn)

    def has_arn(self, arn: str) -> bool:
        return any(group.arn == arn for group in self.all())

    def create(self, name: str, text: str, *, insights: bool, notifications: bool) -> Group:
        """Make a group; raises `InvalidRequestError` for a name or an expression that is not allowed."""
        if not _NAME.fullmatch(name):
            raise InvalidRequestError(
                f"GroupName {name!r} must have 1 to 32 characters: letters, digits and dashes"
            )
        expression = _parsed(text)
        with self._lock:
            if name in self._groups:
                raise InvalidRequestError(f"A group named {name!r} exists already; update it instead")
            if len(self._groups) > MOST_GROUPS:
                raise InvalidRequestError(f"There are {MOST_GROUPS} groups already; delete one first")
            version = Version(self._clock(), text, expression)
            arn = f"{self._arn_prefix}{name}/{self._new_id()}"
            return self._keep(Group(name, arn, (version,), insights, notifications))

    def update(
        self,
        group: Group,
        text: str | None = None,
        insights: bool | None = None,  # noqa: FBT001 - None keeps what it was
        notifications: bool | None = None,  # noqa: FBT001
    ) -> Group:
        """Change what is given; a new expression counts from now on. Raises `InvalidRequestError`."""
        if group.name == DEFAULT_NAME and text is not None:
            raise InvalidRequestError("The group 'Default' holds all traces; it takes no FilterExpression")
        expression = _parsed(text) if text is not None else None
        with self._lock:
            group = self._find(None, group.arn)
            if text is not None and text != group.text:
                version = Version(self._clock(), text, expression)
                group = replace(group, versions=(*group.versions, version))
            changed = replace(
                group,
                insights=group.insights if insights is None else insights,
                notifications=group.notifications if notifications is None else notifications,
            )
            return self._keep(changed)

    def delete(self, group: Group) -> None:
        """Raises `InvalidRequestError` for Default."""
        if group.name == DEFAULT_NAME:
            raise InvalidRequestError("The group 'Default' cannot be deleted")
        with self._lock:
            self._find(None, group.arn)
            del self._groups[group.name]
            self._store.drop_setting(_KIND, group.name)

    def _find(self, name: str | None, arn: str | None) -> Group:
        wanted = {"GroupName": name, "GroupARN": arn}
        given = {key: value for key, value in wanted.items() if value is not None}
        if not given:
            raise InvalidRequestError("Give GroupName or GroupARN")
        for group in self._groups.values():
            if name in {None, group.name} and arn in {None, group.arn}:
                return group
        said = " and the ".join(f"{key} {value!r}" for key, value in given.items())
        raise InvalidRequestError(f"There is no group with the {said}")

    def _keep(self, group: Group) -> Group:
        if group.notifications and not group.insights:
            raise InvalidRequestError("NotificationsEnabled is true; it needs InsightsEnabled to be true too")
        self._store.keep_setting(_KIND, group.name, _dump(group))
        self._groups[group.name] = group
        return group


def _parsed(text: str) -> Expression | None:
    if not text.strip():
        return None
    expression = parse(text)
    # A group that is part of another's expression would change with it, or with itself.
    if _GROUP_KEYWORD.search(text):
        raise InvalidRequestError("A group's FilterExpression cannot hold group.name or group.arn")
    return expression


def _dump(group: Group) -> list[Any]:
    versions = [[version.since, version.text] for version in group.versions]
    return [group.name, group.arn, versions, group.insights, group.notifications]


def _load(kept: list[Any]) -> Group:
    name, arn, versions, insights, notifications = kept
    loaded = tuple(Version(since, written, _parsed(written)) for since, written in versions)
    return Group(name, arn, loaded, insights, notifications)
