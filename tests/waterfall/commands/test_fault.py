"""`waterfall fault --aws`: in an account, the experiments of one's own stack, unless all are asked for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from waterfall.cli import main
from waterfall.faults.client import Faults

if TYPE_CHECKING:
    from pathlib import Path

    from tests.waterfall.cloud import Cloud


@pytest.fixture
def account(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    """An account in which two stacks have an experiment `slow`, and both run; the program is `shop`."""
    for name, value in {
        "AWS_ENDPOINT_URL_FIS": cloud.source.endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": cloud.source.endpoint,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    for project in ("shop", "bank"):
        id_ = cloud.template("slow", "add-delay", startupDelayMilliseconds="250")
        arn = cloud.client("fis").get_experiment_template(id=id_)["experimentTemplate"]["arn"]
        cloud.client("fis").tag_resource(resourceArn=arn, tags={"project": project, "stack": "dev"})
        Faults(cloud.source).start(id_)
    (tmp_path / "Pulumi.yaml").write_text("runtime: python\nname: shop\n")
    monkeypatch.chdir(tmp_path)
    return cloud


def run(*arguments: str) -> int:
    return main(["fault", *arguments, "--aws", "--region", "us-east-1"])


def left(account: Cloud) -> list[str]:
    """Return the projects whose experiment still runs."""
    listed = account.client("fis").list_experiments()["experiments"]
    return [one["tags"]["project"] for one in listed if one["state"]["status"] == "running"]


def test_another_team_s_experiment_goes_on(account: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether all are stopped, or one by a name that both have."""
    assert run("stop") == 0
    assert left(account) == ["bank"]
    assert run("stop", "slow") == 1
    assert "no experiment slow is running" in capsys.readouterr().err
    assert left(account) == ["bank"]


def test_a_list_has_the_stack_s_own(account: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """So that `start slow` is not ambiguous; of another stack there are none."""
    assert run("list") == 0
    assert capsys.readouterr().out.count("slow") == 1
    assert run("list", "--stack", "prod") == 0
    assert "no experiments" in capsys.readouterr().out
    assert run("start", "slow") == 0
    assert sorted(left(account)) == ["bank", "shop", "shop"]


def test_nothing_is_no_percentage_and_no_length_of_time(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not stand for what holds when nothing is said."""
    start = ("fault", "start", cloud.function(), "--endpoint", cloud.source.endpoint)
    for option, refused in (("--percentage=0", "invocationPercentage"), ("--for=0s", "duration")):
        assert main([*start, "--error", option]) == 1
        assert refused in capsys.readouterr().err
        with pytest.raises(SystemExit):
            main([*start, option])
        assert "belong to --delay, --error or --status" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "status", "still"), [("y\n", 0, []), ("\n", 1, ["bank", "shop"])])
def test_stopping_all_asks(
    account: Cloud, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, still: list[str]
) -> None:
    """No answer is a no."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert run("stop", "--all") == status
    assert sorted(left(account)) == still


@pytest.mark.usefixtures("account")
def test_a_folder_without_a_program_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says how to choose."""
    assert run("stop", "-C", str(tmp_path / "gone")) == 1
    assert "Pulumi.yaml: No such file or directory; with -C name the program" in capsys.readouterr().err
