"""Resources of Pulumi's own engine: https://www.pulumi.com/docs/iac/concepts/stash/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.engine import naming

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration


def stash(r: Registration) -> Created:
    """Give the value back; every run is a first deployment, so there is no older one."""
    return naming.auto_name(r.urn, r.name, 2048), {"output": r.inputs.get("input")}


RESOURCES = {"pulumi:index:Stash": stash}
