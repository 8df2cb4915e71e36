"""`waterfall serve`: the embedded AWS without a program, for whatever is deployed into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from waterfall.commands.options import Command
from waterfall.commands.serving import Serving, add_serving

if TYPE_CHECKING:
    import argparse

    from embedded_aws.server import Status


def _run(given: argparse.Namespace) -> int:
    from embedded_aws.server import ServeOptions  # noqa: PLC0415 - help does without

    serving = Serving(given, lambda _: "serve", given.data or Path())

    def greet(status: Status) -> bool:
        serving.welcome.serve(status)
        return True

    return serving.run(ServeOptions(), greet)


COMMAND = Command(
    "Serve an empty embedded AWS on this machine until Ctrl-C, with the console, for what Pulumi, Terraform, "
    "the AWS CLI or an SDK deploys into it. Its region is that of the shell's AWS_REGION, else us-east-1.",
    add_serving,
    _run,
)
