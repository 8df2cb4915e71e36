"""What of Pulumi's command line is let through."""

from __future__ import annotations

import pytest

from waterfall.pulumi.cli import checked
from waterfall.traces.client import ReadError


@pytest.mark.parametrize(
    "words",
    ["up --yes", "preview --diff", "refresh", "destroy -y", "config", "config get size", "stack",
     "stack output url", "stack ls", "cancel", "about", "up -m message -p 4 --target urn:x"],
)  # fmt: skip
def test_what_deploys_and_what_reads_runs(words: str) -> None:
    """It is handed to the CLI as it is."""
    assert checked(words.split()) == words.split()


@pytest.mark.parametrize(
    "words",
    ["", "login", "login s3://state", "logout", "new aws-python", "stack rm", "stack init",
     "stack select prod", "stack rename other", "stack change-secrets-provider x", "config set size 3",
     "config rm size", "state delete x", "org set-default x", "env ls", "--yes"],
)  # fmt: skip
def test_what_concerns_another_state_is_refused(words: str) -> None:
    """The error names it, and what runs."""
    with pytest.raises(ReadError, match=r"does not run here, .* what does: up, preview"):
        checked(words.split())


@pytest.mark.parametrize(
    "option",
    ["-C", "--cwd=/x", "--cwd", "-s", "-sprod", "--stack", "--stack=prod", "--config-file=x", "-c", "-ysprod",
     "--config", "--config-path", "--secrets-provider=awskms://x"],
)  # fmt: skip
def test_options_that_lead_elsewhere_are_refused(option: str) -> None:
    """The error says where the option is given instead."""
    with pytest.raises(ReadError, match="is not taken after --: give -C DIR, --stack NAME") as refused:
        checked(["up", option])
    assert str(refused.value).startswith(option)
