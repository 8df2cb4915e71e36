"""Refuses what Lambda would refuse and moto takes, and what the embedded AWS cannot run."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from embedded_aws.aws.errors import InvalidParameterValueError
from embedded_aws.aws.parsing import shown
from embedded_aws.awslambda.logging_config import check_config
from embedded_aws.awslambda.runtime.environ import RESERVED
from embedded_aws.awslambda.runtime.worker import opened

_RANGES = {"Timeout": (1, 900), "MemorySize": (128, 10_240)}
_MOST_VARIABLES = 4096
"""Bytes of all variables together as JSON, which Lambda quotes where there are more.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


def check_configuration(request: Mapping[str, Any]) -> None:
    """Check the settings of a create or update request; raises `InvalidParameterValueError`."""
    for name, (low, high) in _RANGES.items():
        value = request.get(name)
        if value is not None and not low <= value <= high:
            raise InvalidParameterValueError(f"{name} {value}: must be from {low} to {high}")
    mode = (request.get("TracingConfig") or {}).get("Mode", "Active")
    if mode not in {"Active", "PassThrough"}:
        raise InvalidParameterValueError(f"TracingConfig.Mode {mode}: must be Active or PassThrough")
    check_config(request.get("LoggingConfig") or {})
    _check_variables((request.get("Environment") or {}).get("Variables") or {})


def check_zip(encoded: str | None) -> None:
    """Check a zip in Base64 as it comes in a request; raises `InvalidParameterValueError`."""
    if encoded is None:
        return
    try:
        with opened(base64.b64decode(encoded, validate=True)):
            pass
    except (ValueError, zipfile.BadZipFile) as error:
        raise InvalidParameterValueError(
            f"Could not unzip uploaded file. Please check your file, then try to upload again. ({error})"
        ) from error


def _check_variables(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if not name or "=" in name or "\0" in f"{name}{value}":
            raise InvalidParameterValueError(
                f"Environment.Variables {shown(name)}: a name has letters, digits and _, "
                "and a value no null character"
            )
    taken = sorted(RESERVED & set(variables))
    if taken:
        raise InvalidParameterValueError(
            "Lambda was unable to configure your environment variables because the environment variables "
            "you have provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )
    text = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode("utf-8", "replace"))
    if size > _MOST_VARIABLES:
        raise InvalidParameterValueError(  # without the values, which AWS adds: they may be secrets
            "Lambda was unable to configure your environment variables because the environment variables "
            f"you have provided exceeded the 4KB limit. Measured as JSON: {size} bytes"
        )


def check_handler(name: str, handler: str, code: bytes, layers: Sequence[Path]) -> None:
    """Check that the zip or a layer holds the handler's module; raises `InvalidParameterValueError`.

    AWS finds out at the first invocation. Here it is known earlier, when it costs less.
    """
    module, dot, function = handler.rpartition(".")
    if not dot or not module or not function:
        raise InvalidParameterValueError(
            f"function {name}: handler {handler!r} is not <module>.<function>, such as app.handler"
        )
    path = module.replace(".", "/")
    wanted = (f"{path}.py", f"{path}/__init__.py")
    content = _names(name, code)
    if content.isdisjoint(wanted) and not any(_in_layer(layer, wanted) for layer in layers):
        shown = ", ".join(sorted(content)[:10]) or "nothing"
        raise InvalidParameterValueError(
            f"function {name}: handler {handler!r} needs {wanted[0]} (or {wanted[1]}), which is neither in "
            f"the function's zip nor in its layers; the zip holds {shown}"
        )


def _names(name: str, code: bytes) -> set[str]:
    try:
        with opened(code) as archive:
            return set(archive.namelist())
    except zipfile.BadZipFile as error:
        raise InvalidParameterValueError(f"function {name}: the code is not a zip file ({error})") from error


def _in_layer(layer: Path, wanted: Iterable[str]) -> bool:
    return any((layer / "python" / file).exists() for file in wanted)
