"""Resources of Pulumi's own engine: https://www.pulumi.com/docs/iac/concepts/stash/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.engine import naming
from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before


def stash(r: Registration) -> Created:
    """Give the value back."""
    return naming.auto_name(r.urn, r.name, 2048), {"output": r.inputs.get("input")}


def update_stash(r: Registration, before: Before) -> State:
    """Keep the first value, which is what a stash is for."""
    return {"output": before.standing.state.get("output", r.inputs.get("input"))}


RESOURCES = {"pulumi:index:Stash": stash}

UPDATES = {"pulumi:index:Stash": Update(update_stash)}
