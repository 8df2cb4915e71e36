"""Which stack a command reads when nobody says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import TRACE_ID
from waterfall.cli import main, parse
from waterfall.commands.context import showing, source_of
from waterfall.shell import typed
from waterfall.stack.registry import Noted, noted
from waterfall.traces.client import ReadError, Source

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

SHOP = Noted("http://127.0.0.1:41000", "eu-west-1", "dev", "/home/ada/shop")
OTHER = Noted("http://127.0.0.1:42000", "us-east-1", "live", "/home/ada/other")


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def source(*options: str) -> Source:
    return source_of(parse(["traces", *options]))


def test_without_any_the_usual_port_is_asked() -> None:
    """The stack may be another user's, or in a container."""
    assert source().endpoint == "http://127.0.0.1:4566"


def test_the_one_that_runs_is_read_on_whatever_port() -> None:
    """In its region."""
    with noted(SHOP):
        assert source() == Source(SHOP.endpoint, region="eu-west-1")


def test_a_stack_that_nobody_noted_says_its_region(api: Api) -> None:
    """One in a container, or of another user: its functions are in that region alone."""
    api.replies["/_local/status"] = lambda: (200, {}, b'{"region": "eu-west-1"}')
    assert source("--endpoint", api.endpoint) == Source(api.endpoint, region="eu-west-1")


def test_a_trace_is_shown_without_a_word_about_where(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`waterfall show` alone."""
    api.put(samples.request())
    with noted(Noted(api.endpoint, "us-east-1", "dev", "/home/ada/shop")):
        assert main(["show", TRACE_ID]) == 0
    assert TRACE_ID in capsys.readouterr().out


def test_of_several_one_must_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names them, and both ways to choose; each of these works."""
    with noted(SHOP), noted(OTHER):
        with pytest.raises(ReadError) as raised:
            source()
        assert str(raised.value) == (
            "several stacks run: http://127.0.0.1:41000 (dev of /home/ada/shop), "
            "http://127.0.0.1:42000 (live of /home/ada/other); choose one with "
            "--endpoint http://127.0.0.1:41000, or export AWS_ENDPOINT_URL"
        )
        assert source("--endpoint", SHOP.endpoint) == Source(SHOP.endpoint, region="eu-west-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", OTHER.endpoint)
        assert source() == Source(OTHER.endpoint, region="us-east-1")
        assert source("--endpoint", SHOP.endpoint).endpoint == SHOP.endpoint


def test_what_is_to_be_typed_to_see_a_trace_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside other stacks, behind another one that the shell names, and in an account too."""
    show = typed("show")
    local = Source(SHOP.endpoint, region="eu-west-1")
    with noted(SHOP):
        assert showing(local) == show
        with noted(OTHER):
            assert showing(local) == f"{show} --endpoint {SHOP.endpoint}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", SHOP.endpoint)
        assert showing(local) == show
    with noted(OTHER):
        assert showing(local) == f"{show} --endpoint {SHOP.endpoint}"
    account = Source(aws=True, profile="prod", region="eu-west-1")
    assert showing(account) == f"{show} --aws --profile prod --region eu-west-1"
    assert showing(Source(aws=True, profile="my prod")) == f"{show} --aws --profile 'my prod'"


def test_the_shell_s_endpoint_is_read_if_an_embedded_aws_answers_there(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that nobody noted, such as in a container."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{api.endpoint}/")
    with noted(SHOP):
        assert source().endpoint == api.endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:1",
        "http://localstack:4566",
        "https://vpce-1.xray.eu-west-1.vpce.amazonaws.com",
        "https://127.0.0.1:4566",
        "http://[",
        "nonsense",
    ],
)
def test_an_endpoint_of_something_else_is_left_to_it(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers there, it is elsewhere, or it is none."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with noted(SHOP):
        assert source().endpoint == SHOP.endpoint


def test_another_emulator_is_not_taken_for_a_stack(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no status to tell."""
    api.replies["/_local/status"] = lambda: (404, {}, b"")
    monkeypatch.setenv("AWS_ENDPOINT_URL", api.endpoint)
    with noted(SHOP):
        assert source().endpoint == SHOP.endpoint


def test_an_account_is_read_whatever_runs(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--aws` means AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", api.endpoint)
    with noted(SHOP), noted(OTHER):
        assert source("--aws", "--region", "eu-north-1") == Source(aws=True, region="eu-north-1")
    assert api.requests == []
