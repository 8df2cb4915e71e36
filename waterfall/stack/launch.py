"""`.vscode/launch.json`: one configuration for each function that can be debugged, and one for all of them.

https://code.visualstudio.com/docs/debugtest/debugging-configuration
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_OURS = "waterfall: "
_ALL = f"{_OURS}all functions"


class LaunchError(Exception):
    """The file stays as it is; the message says why and what to put there."""


def write_launch(directory: Path, ports: Mapping[str, int]) -> Path:
    """Write the functions' configurations below `directory`, beside others that are there; return the file.

    What an earlier run wrote is replaced. Raises `LaunchError` for a file with comments, which would be lost.
    """
    file = directory / ".vscode" / "launch.json"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = '{"version": "0.2.0"}'
    except (OSError, UnicodeDecodeError) as problem:
        raise LaunchError(f"{file} cannot be read: {problem}") from problem
    try:
        content = merged(json.loads(text), ports)
    except ValueError as problem:
        own = json.dumps(merged({}, ports), indent=2)
        raise LaunchError(
            f"{file} has comments, or is no JSON, and stays as it is ({problem}); put this into it:\n{own}"
        ) from problem
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as problem:
        raise LaunchError(f"{file} cannot be written: {problem.strerror}") from problem
    return file


def merged(content: Any, ports: Mapping[str, int]) -> dict[str, Any]:
    """Return a file's content with these functions in the place of earlier ones; raises ValueError."""
    if not isinstance(content, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - the file's content is what is wrong
    configurations = [_configuration(name, port) for name, port in ports.items()]
    names = [configuration["name"] for configuration in configurations]
    compound = {"name": _ALL, "configurations": names, "stopAll": True}
    return {
        **content,
        "configurations": [*_others(content, "configurations"), *configurations],
        "compounds": [*_others(content, "compounds"), compound],
    }


def _others(content: Mapping[str, Any], key: str) -> list[Any]:
    given = content.get(key, [])
    if not isinstance(given, list):
        raise ValueError(f"its {key} are not a list")  # noqa: TRY004 - likewise
    return [
        item for item in given if not (isinstance(item, dict) and str(item.get("name")).startswith(_OURS))
    ]


def _configuration(function: str, port: int) -> dict[str, Any]:
    """Return what attaches to one function; where its files are, the port's other end knows."""
    return {
        "name": f"{_OURS}{function}",
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": "127.0.0.1", "port": port},
        "justMyCode": True,
    }
