"""A stack's settings as Pulumi reads them here: a copy of those that are committed, for an embedded AWS.

https://www.pulumi.com/registry/packages/aws/installation-configuration/
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from typing import Any

from waterfall.pulumi.project import Project
from waterfall.traces.client import ReadError

_SERVICES = (
    "apigateway", "apigatewayv2", "cloudwatch", "cloudwatchlogs", "dynamodb", "events", "fis", "iam",
    "kinesis", "kms", "lambda", "s3", "s3control", "scheduler", "secretsmanager", "sfn", "sns", "sqs", "ssm",
    "sts", "xray",
)  # fmt: skip
"""Named one by one, by names that providers of several years know: older ones read no AWS_ENDPOINT_URL."""
_ACCOUNTS = frozenset(
    f"aws:{name}"
    for name in (
        "accessKey", "allowedAccountIds", "assumeRole", "assumeRoleWithWebIdentity", "assumeRoles",
        "customCaBundle", "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode", "endpoints",
        "forbiddenAccountIds", "httpProxy", "httpsProxy", "insecure", "noProxy", "profile", "secretKey",
        "sharedConfigFiles", "sharedCredentialsFile", "sharedCredentialsFiles", "stsRegion", "token",
        "useDualstackEndpoint", "useFipsEndpoint",
    )
)  # fmt: skip
"""Settings that say which account is meant and how it is reached."""
_NOBODY: Mapping[str, Any] = {
    "aws:profile": "",
    "aws:token": "",
    "aws:assumeRoles": [],
    "aws:allowedAccountIds": [],
    "aws:forbiddenAccountIds": [],
    "aws:sharedConfigFiles": [],
    "aws:sharedCredentialsFiles": [],
}
"""What outweighs an account that `Pulumi.yaml` names for all stacks."""
_MACHINES = {"aarch64": "arm64", "amd64": "x86_64"}


def copied(project: Project, given: Mapping[str, str], endpoint: str, region: str) -> dict[str, Any]:
    """Return the settings for a stack file: committed, of this machine, `given`, and the way to `endpoint`.

    Raises ReadError for secrets that are not given: only the stack's own backend can decrypt them.
    """
    settings = {key: value for key, value in _NOBODY.items() if key in project.kinds}
    settings |= {key: value for key, value in project.settings.items() if key not in _ACCOUNTS}
    settings |= {key: value for key, value in _of_this_machine(project).items() if key in project.kinds}
    settings |= {project.key(name): _typed(project, name, value) for name, value in given.items()}
    _refuse_encrypted(project, settings)
    return settings | {
        "aws:region": region,
        "aws:accessKey": "test",
        "aws:secretKey": "test",
        "aws:endpoints": [dict.fromkeys(_SERVICES, endpoint)],
        # The SDK puts the account before the host of S3 Control, also before an address: no name to resolve.
        "aws:httpProxy": endpoint,
        "aws:s3UsePathStyle": True,
        "aws:skipCredentialsValidation": True,
        "aws:skipMetadataApiCheck": True,
    }


def _of_this_machine(project: Project) -> dict[str, str]:
    """Return what must fit, where the program asks for it: functions run on this machine."""
    machine = platform.machine().lower()
    return {
        project.key("runtime"): f"python{sys.version_info.major}.{sys.version_info.minor}",
        project.key("architecture"): _MACHINES.get(machine, machine),
    }


def _typed(project: Project, name: str, value: str) -> Any:
    """Read lists and objects; all others are text to Pulumi too."""
    structured = project.kinds.get(project.key(name)) in {"array", "object"} or value[:1] in {"{", "["}
    try:
        return json.loads(value) if structured else value
    except (RecursionError, ValueError) as error:
        raise ReadError(f"--config {name}: {value!r} is not valid JSON") from error


def _refuse_encrypted(project: Project, settings: Mapping[str, Any]) -> None:
    own = f"{project.name}:"
    names = [key.removeprefix(own) for key, value in sorted(settings.items()) if _is_encrypted(value)]
    if names:
        raise ReadError(
            f"stack {project.stack!r} has secrets that cannot be decrypted here: {', '.join(names)}; give "
            f"values for this machine, before --: {' '.join(f'--config {name}=VALUE' for name in names)}"
        )


def _is_encrypted(value: Any) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(map(_is_encrypted, value.values()))
    return isinstance(value, list) and any(map(_is_encrypted, value))
