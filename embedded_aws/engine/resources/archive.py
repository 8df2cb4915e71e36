"""The provider `pulumi_archive`: https://www.pulumi.com/registry/packages/archive/."""

from __future__ import annotations

import base64
import hashlib
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.engine.archives import ZipEntry, files_below, is_executable, zipped
from embedded_aws.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.engine.registration import Created, Registration, State

_INPUTS = (
    "type", "outputPath", "outputFileMode", "sourceDir", "sourceFile", "sourceContent",
    "sourceContentFilename", "sources", "excludes", "excludeSymlinkDirectories",
)  # fmt: skip


def file(r: Registration) -> Created:
    """Write a zip of a folder, a file or texts."""
    state = _written({key: r.inputs[key] for key in _INPUTS if key in r.inputs})
    return state["outputSha"], state


def get_file(args: Mapping[str, Any], _aws: object) -> State:
    """Writes a zip of a folder, a file or texts."""
    state = _written(args)
    return {**args, **state, "id": state["outputSha"]}


def _written(given: Mapping[str, Any]) -> State:
    if given["type"] != "zip":
        raise EngineError(f"its `type` is '{given['type']}'; only 'zip' can be made here")
    output = Path(given["outputPath"])
    mode = given.get("outputFileMode")
    entries = [
        (name, content, executable if mode is None else bool(int(mode, 8) & 0o100))
        for name, content, executable in _entries(given, output)
    ]
    if not entries:
        raise EngineError("it has nothing to archive; check `source_dir` and `excludes`")
    content = zipped(entries)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(content)
    found = {
        name: hashlib.new(name, content, usedforsecurity=False)
        for name in ("md5", "sha1", "sha256", "sha512")
    }
    return {
        "outputSize": len(content),
        "outputSha": found["sha1"].hexdigest(),
        "outputMd5": found["md5"].hexdigest(),
        **{f"output{name.capitalize()}": found[name].hexdigest() for name in ("sha256", "sha512")},
        **{
            f"outputBase64{name}": base64.b64encode(found[name].digest()).decode()
            for name in ("sha256", "sha512")
        },
    }


def _entries(given: Mapping[str, Any], output: Path) -> Iterator[ZipEntry]:
    if "sourceDir" in given:
        folder = Path(given["sourceDir"])
        if not folder.is_dir():
            raise EngineError(f"its `source_dir` {folder.absolute()} is not a directory")
        for path in files_below(folder):
            name = path.relative_to(folder).as_posix()
            if path.resolve() != output.resolve() and not _is_excluded(name, given.get("excludes") or ()):
                yield name, path.read_bytes(), is_executable(path)
    elif "sourceFile" in given:
        path = Path(given["sourceFile"])
        if not path.is_file():
            raise EngineError(f"its `source_file` {path.absolute()} is not a file")
        yield path.name, path.read_bytes(), is_executable(path)
    elif "sourceContentFilename" in given:
        yield given["sourceContentFilename"], given.get("sourceContent", "").encode(), False
    else:
        for source in given.get("sources") or ():
            yield source["filename"], source["content"].encode(), False


def _is_excluded(name: str, patterns: Any) -> bool:
    """Tell whether a file, or a folder that it is in, is excluded by its path or by a pattern."""
    parts = name.split("/")
    paths = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    names = [pattern.removesuffix("/") for each in patterns for pattern in (each, each.removeprefix("**/"))]
    return any(fnmatch(path, pattern) for path in paths for pattern in names)


RESOURCES = {"archive:index/file:File": file}

FUNCTIONS = {"archive:index/getFile:getFile": get_file}
"""What the provider does for a program without making a resource."""
