"""What `docs/terraform.md` says to write and to type."""

from __future__ import annotations

import re
from pathlib import Path

from pulumi_aws import ProviderArgs, ProviderEndpointArgs

PAGE = (Path(__file__).parents[1] / "docs" / "terraform.md").read_text(encoding="utf-8")
BLOCK = PAGE.partition("```hcl\n")[2].partition("```")[0]


def test_the_providers_block_has_arguments_that_the_provider_knows() -> None:
    """Pulumi's provider is made of Terraform's, with the same arguments."""
    outer, _, endpoints = BLOCK.partition("endpoints {")
    arguments = re.findall(r"^ +(\w+) +=", outer, re.MULTILINE)
    services = [
        name.replace("lambda", "lambda_") for name in re.findall(r"^ +(\w+) +=", endpoints, re.MULTILINE)
    ]
    assert len(arguments) > 5
    assert len(services) > 15
    assert [name for name in arguments if not hasattr(ProviderArgs, name)] == []
    assert [name for name in services if not hasattr(ProviderEndpointArgs, name)] == []


def test_the_providers_block_has_one_address() -> None:
    """That of `waterfall serve`, unless it is told otherwise."""
    assert set(re.findall(r'= "(http[^"]+)"', BLOCK)) == {"http://127.0.0.1:4566"}
