"""`waterfall up` as far as it is the viewer's: options in, one line and an exit status out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded_aws.server import ServeOptions
from waterfall.cli import main, parse
from waterfall.commands.up import settings_of
from waterfall.ports import AWS_PORT, DAEMON_PORT, OTLP_PORT

if TYPE_CHECKING:
    from pathlib import Path

FREE_PORTS = ["--port", "0", "--console-port", "0", "--daemon-port", "0", "--otlp-port", "0"]


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ([], {}),
        (["--tracing", "native"], {"tracing": "native"}),
        (["--export", "otlp", "--config", "workSeconds=0"], {"export": "otlp", "workSeconds": "0"}),
        (["--config", "tracing=off", "--tracing", "otel"], {"tracing": "otel"}),
        (["--config", "aws:region=eu-west-1", "--config", "x=a=b"], {"aws:region": "eu-west-1", "x": "a=b"}),
    ],
)
def test_options_become_settings(arguments: list[str], settings: dict[str, str]) -> None:
    """Settings are given as KEY=VALUE; the short options outweigh them."""
    assert settings_of(parse(["up", *arguments])) == settings


def test_front_ends_are_named_by_their_origins() -> None:
    """As often as there are any, each as browsers write it."""
    given = parse(["up", "--allow-origin", "http://localhost:3000/", "--allow-origin", "https://A.test"])
    assert given.allow_origin == ["http://localhost:3000", "https://a.test"]
    assert parse(["up"]).allow_origin == []


@pytest.mark.parametrize("origin", ["*", "null", "localhost:3000", "http://localhost:3000/app"])
def test_what_is_no_origin_is_refused(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the option, the value and what to give instead."""
    with pytest.raises(SystemExit, match="2"):
        parse(["up", "--allow-origin", origin])
    error = capsys.readouterr().err
    assert "--allow-origin" in error
    assert (
        f"{origin!r} is not the origin of a page: give scheme, host and port, such as http://localhost:3000"
        in error
    )


def test_default_ports_are_those_of_the_embedded_aws(tmp_path: Path) -> None:
    """The viewer, which must not know the embedded AWS to read from it, has the same defaults."""
    embedded = ServeOptions(tmp_path)
    assert (embedded.port, embedded.daemon_port, embedded.otlp_port) == (AWS_PORT, DAEMON_PORT, OTLP_PORT)


def test_folder_without_a_program_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What keeps the stack from starting is one line on standard error, and exit status 1."""
    assert main(["up", "-C", str(tmp_path), "--once", *FREE_PORTS]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"waterfall: no Pulumi.yaml in {tmp_path}")
    assert captured.err.count("\n") == 1


def test_warnings_are_told_when_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was warned of until the failure is printed whole, before the one line on standard error."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    program = "import pulumi_aws as aws\nkey = aws.ecr.Repository('net')\nkey.arn.apply(lambda arn: 1 / 0)\n"
    (tmp_path / "__main__.py").write_text(program)
    assert main(["up", "-C", str(tmp_path), "--once", *FREE_PORTS]) == 1
    captured = capsys.readouterr()
    told = (
        "aws:ecr/repository:Repository 'net' (__main__.py:2): this type is not supported here; it was skipped"
    )
    assert told in " ".join(captured.out.split())
    assert captured.err == (
        "waterfall: the program raised ZeroDivisionError: division by zero (__main__.py:3)\n"
    )


def test_nothing_is_left_by_a_failed_start(tmp_path: Path) -> None:
    """A start that fails at once writes nothing into the folder."""
    main(["up", "-C", str(tmp_path), "--once", *FREE_PORTS])
    assert list(tmp_path.iterdir()) == []
