"""The real AWS CLI in this process: a command takes half a second to start, and as long for its models."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from awscli.clidriver import create_clidriver


class AwsCli:
    """Runs commands against an endpoint; all tests of a process share what the CLI has read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        self._capsys = capsys

    def run(self, endpoint: str, *arguments: str) -> Any:
        """Return the JSON that a command prints; it prints nothing when an answer has no members."""
        self._capsys.readouterr()
        options = ["--endpoint-url", endpoint, "--region", "us-east-1", "--output", "json"]
        status = _driver().main([*arguments, *options])
        printed = self._capsys.readouterr()
        assert status == 0, printed.err
        return json.loads(printed.out or "{}")


@cache
def _driver() -> Any:
    return create_clidriver()
