"""What one run of a program changes of what an earlier one left, as `pulumi up` does.

https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/#creation-and-deletion-order
Names are those of the run before, so whatever is replaced goes first, with what stands on it; layers and
deployments of APIs alone, which AWS numbers, go last.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from embedded_aws.engine.errors import AbandonedError
from embedded_aws.engine.resources import UPDATES
from embedded_aws.engine.standing import Before, Standing, comparable, differing
from embedded_aws.engine.undoing import Undo, recording, undo

if TYPE_CHECKING:
    from embedded_aws.engine.clients import Clients
    from embedded_aws.engine.registration import Registration, State

DEFAULT_TAGS = "(default tags)"
"""The provider's, beside a resource's own inputs."""

_NUMBERED = frozenset({
    "aws:lambda/layerVersion:LayerVersion",
    "aws:apigateway/deployment:Deployment",
    "aws:apigatewayv2/deployment:Deployment",
})  # fmt: skip
_BUCKETS = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
_LONGEST_HOLD = 30.0
"""Seconds; a program's own lines that wait for one of its resources would otherwise wait for ever."""

Action = Literal["created", "updated", "replaced", "deleted"]


@dataclass(frozen=True)
class Change:
    """What was done to one resource; `inputs` names those that differ."""

    action: Action
    type: str
    name: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """A resource as the program wants it now, with what surrounds its inputs: region and default tags."""

    registration: Registration
    inputs: Mapping[str, Any]
    needs: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    kept: bool = False


@dataclass(frozen=True)
class Made:
    """A resource that was made, or changed: its id, the outputs that AWS computed, and what became of it."""

    id: str
    state: State
    became: str
    warnings: tuple[str, ...] = ()


Make = Callable[[Before | None], Made]
"""Makes a resource, or changes the one that stands."""


class Changes:
    """The resources of one run beside those of the run before; they come from several threads at once.

    `made` is what was changed; `failure` is what the program's own lines raised.
    """

    def __init__(self, standing: Sequence[Standing], clients: Clients) -> None:
        self._clients = clients
        self._old = {one.urn: one for one in standing}
        self._stands: dict[str, Standing] = {}
        self._taken: set[str] = set()
        self._touched: set[str] = set()
        self._later: list[Standing] = []
        self._lock = threading.Lock()
        self._began = threading.Event()
        self.failure: BaseException | None = None
        self.are_some = bool(standing)
        self.made: list[Change] = []

    @property
    def standing(self) -> list[Standing]:
        """What stands now, in the order in which it was made."""
        with self._lock:
            return [*self._old.values(), *self._stands.values()]

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Change nothing until the block ends, and nothing at all when it fails."""
        try:
            yield
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self._began.set()

    def settle(self, wanted: Wanted, make: Make) -> Standing:
        """Create a resource, change it, replace it, or leave it alone; returns how it stands."""
        r, told = wanted.registration, comparable(wanted.inputs)
        with self._lock:
            old = self._old.get(r.urn)
            touched = r.urn in self._touched
        if old:
            ignored = old.inputs.keys() if "*" in wanted.ignored else wanted.ignored
            told |= {key: old.inputs[key] for key in ignored if key in old.inputs}
            changed = differing(old.inputs, told)
            if not (changed or touched):
                return self._keep(old)
        else:
            changed = frozenset()
        if self.are_some:
            self._hold()
        if old and self._can_change(old, changed):
            return self._change(old, changed, wanted, told, make)
        if old:
            self._take_away(old)
        replaced = old is not None or r.urn in self._taken
        with recording() as calls:
            try:
                made = make(None)
            except Exception:
                self._undo(calls)
                raise
        self._note(Change("replaced" if replaced else "created", r.type, r.name, tuple(sorted(changed))))
        return self._keep(_standing(wanted, told, made, calls))

    def delete(self) -> Iterator[tuple[Standing, Exception]]:
        """Take away what the program no longer has, and what was replaced; yields what could not be."""
        for one in [*self._later, *reversed(list(self._old.values()))]:
            if one.kept:
                self._old.pop(one.urn, None)
                continue
            try:
                self._remove(one)
            except Exception as error:  # noqa: BLE001 - the others go all the same
                yield one, error
                continue
            if self._old.pop(one.urn, None):
                self._note(Change("deleted", one.type, one.name))

    def _keep(self, one: Standing) -> Standing:
        with self._lock:
            self._old.pop(one.urn, None)
            self._stands[one.urn] = one
        return one

    def _note(self, change: Change) -> None:
        with self._lock:
            self.made.append(change)

    def _hold(self) -> None:
        self._began.wait(_LONGEST_HOLD)
        if self.failure:
            raise AbandonedError("the program failed before anything was changed")

    @staticmethod
    def _can_change(old: Standing, changed: frozenset[str]) -> bool:
        update = UPDATES.get(old.type)
        return update is not None and changed.isdisjoint(update.replaces | {"region"})

    def _change(
        self, old: Standing, changed: frozenset[str], wanted: Wanted, told: Mapping[str, Any], make: Make
    ) -> Standing:
        with recording() as calls:
            made = make(Before(old, changed))
        self._note(Change("updated", old.type, old.name, tuple(sorted(changed))))
        undone = [*(call for call in calls if call not in old.undo), *old.undo]
        return self._keep(_standing(wanted, told, made, undone))

    def _take_away(self, old: Standing) -> None:
        """Undo a resource that is made anew, after those that stand on it and must be made anew with it."""
        if old.type in _NUMBERED:
            self._later.append(old)
            return
        with self._lock:
            falling = [old, *self._falling(old)]
        for one in reversed(falling):
            self._remove(one)
            with self._lock:
                self._old.pop(one.urn, None)
                self._taken.add(one.urn)

    def _falling(self, base: Standing) -> Iterator[Standing]:
        """Yield what falls with a resource, in the order in which it was made; note what is to be renewed."""
        fallen = {base.urn}
        for one in self._old.values():
            if one.urn in fallen or fallen.isdisjoint(one.needs):
                continue
            if one.type in UPDATES:
                self._touched.add(one.urn)
            elif one.type not in _NUMBERED:
                fallen.add(one.urn)
                yield one

    def _remove(self, one: Standing) -> None:
        if one.type in _BUCKETS and one.inputs.get("forceDestroy"):
            _empty(self._clients.get("s3", one.undo[-1].region), one.id)
        self._undo(one.undo)

    def _undo(self, calls: Sequence[Undo]) -> None:
        for call in calls:
            undo(call, self._clients.get(call.service, call.region))


def _standing(wanted: Wanted, told: Mapping[str, Any], made: Made, undone: Sequence[Undo]) -> Standing:
    r = wanted.registration
    return Standing(
        urn=r.urn,
        type=r.type,
        name=r.name,
        id=made.id,
        inputs=told,
        state=made.state,
        became=made.became,
        undo=undone,
        needs=sorted(wanted.needs),
        warnings=made.warnings,
        kept=wanted.kept,
    )


def _empty(client: Any, bucket: str) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            client.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
