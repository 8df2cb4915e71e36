"""What a run of a program left, so that the next one changes the difference alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import asset

from embedded_aws.engine.archives import asset_bytes, files_below, is_executable
from embedded_aws.engine.undoing import Undo

if TYPE_CHECKING:
    from embedded_aws.engine.registration import State


@dataclass(frozen=True)
class Standing:
    """A resource that exists. All of it is JSON.

    `inputs` have digests in the place of assets and archives, `state` are the outputs that AWS computed,
    `undo` are the calls that take it away, `needs` the URNs that its inputs came from; `became` and
    `warnings` are what was told of it. A `kept` one stays when the program no longer has it.
    """

    urn: str
    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]
    state: State
    became: str
    undo: Sequence[Undo] = ()
    needs: Sequence[str] = ()
    warnings: Sequence[str] = ()
    kept: bool = False

    def shape(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def of(cls, shape: Mapping[str, Any]) -> Standing:
        """Return what `shape` made JSON of."""
        return cls(**{**shape, "undo": [Undo(**call) for call in shape["undo"]]})


@dataclass(frozen=True)
class Before:
    """What an update finds: the resource as it stands, and the names of the inputs that differ."""

    standing: Standing
    changed: frozenset[str] = field(default_factory=frozenset)

    def has(self, *keys: str) -> bool:
        """Tell whether any of these inputs differ."""
        return not self.changed.isdisjoint(keys)


def comparable(value: Any) -> Any:
    """Return inputs as JSON, with the digest of its content for each asset and archive."""
    if isinstance(value, asset.Asset | asset.Archive):
        return {"digest": _digest(value)}
    if isinstance(value, Mapping):
        return {str(key): comparable(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [comparable(item) for item in value]
    return value


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the inputs that differ."""
    keys = old.keys() | new.keys()
    return frozenset(key for key in keys if _text(old.get(key)) != _text(new.get(key)))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _digest(value: asset.Asset | asset.Archive) -> str:
    found = hashlib.sha256(type(value).__name__.encode())
    for part in _parts(value):
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def _parts(value: object) -> Iterator[bytes]:
    """Yield what an asset or archive is made of: names, modes and contents."""
    if isinstance(value, asset.AssetArchive):
        for name, part in sorted(value.assets.items()):
            yield name.encode()
            yield from _parts(part)
    elif isinstance(value, asset.FileArchive) and Path(value.path).is_dir():
        for file in sorted(files_below(Path(value.path))):
            yield from (bytes(file.relative_to(value.path)), _mode(file), file.read_bytes())
    elif isinstance(value, asset.FileArchive):
        path = Path(value.path)
        yield path.read_bytes() if path.is_file() else b""  # what is missing is told where it is needed
    elif isinstance(value, asset.FileAsset) and Path(value.path).is_file():
        yield from (_mode(Path(value.path)), asset_bytes(value))
    else:
        yield json.dumps(vars(value), default=str).encode()


def _mode(file: Path) -> bytes:
    return b"x" if is_executable(file) else b""
