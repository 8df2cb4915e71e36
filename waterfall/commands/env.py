"""`waterfall env`: what a shell needs so that the AWS CLI, the SDKs and Terraform use a running stack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from waterfall.commands.options import Command
from waterfall.commands.running import add_endpoint, running_stack
from waterfall.shell import exports

if TYPE_CHECKING:
    import argparse


def _run(given: argparse.Namespace) -> int:
    stack = running_stack(given)
    for line in exports(stack.endpoint, stack.region):
        sys.stdout.write(f"{line}\n")
    return 0


COMMAND = Command(
    "Print the exports by which the AWS CLI, AWS SDKs and Terraform use the stack that runs: "
    'eval "$(waterfall env)".',
    add_endpoint,
    _run,
)
