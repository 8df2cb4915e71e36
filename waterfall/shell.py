"""What to type: how whoever reads a message starts `waterfall` in the shell that they have."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

_NAME = "waterfall"


def typed(words: str = "") -> str:
    """Return a command line that works as it stands, from this working directory.

    The script is often not on the PATH, as with `make up`: then it is named by the shorter of its paths.
    """
    return f"{_command()} {words}".rstrip()


def anywhere() -> str:
    """Return the command so that it works from every folder, for what shells run later."""
    script = Path(sys.argv[0])
    if script.name == _NAME and script.exists():
        return shlex.quote(str(script.absolute()))
    return shlex.join([sys.executable, "-m", _NAME])


def exports(endpoint: str, region: str) -> list[str]:
    """Return what a shell needs so that the AWS CLI and every SDK use a stack, as they stand.

    Nothing checks the keys, but no SDK sends a request without some to sign it with. The region has two
    names: boto3 and version 1 of the CLI read the second alone, the SDKs for JavaScript and Java the first.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html
    """
    return [
        f"export AWS_ENDPOINT_URL={endpoint}",
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        f"export AWS_REGION={region} AWS_DEFAULT_REGION={region}",
    ]


def _command() -> str:
    script = Path(sys.argv[0])
    if script.name != _NAME:  # `python -m waterfall`, or a program that imports it
        script = Path(sys.executable).with_name(_NAME)
    if not script.exists():
        return shlex.join([sys.executable, "-m", _NAME])
    found = shutil.which(_NAME)
    if found and script.samefile(found):
        return _NAME
    relative = os.path.relpath(script)
    if os.sep not in relative:
        relative = os.path.join(os.curdir, relative)  # noqa: PTH118 - a Path would drop the dot
    return shlex.quote(min(relative, os.path.abspath(script), key=len))  # noqa: PTH100 - links are kept
