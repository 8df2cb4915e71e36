"""The sampler of `aws-opentelemetry-distro` in a process of its own: one command in a line, one answer.

It fetches the rules in a thread, again and again; here they are fetched before the first command is read.
Its timers wait ten seconds and more; `targets` polls as they would, now.
"""

from __future__ import annotations

import sys

from amazon.opentelemetry.distro.sampler.aws_xray_remote_sampler import AwsXRayRemoteSampler
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.sampling import Decision

sampler = AwsXRayRemoteSampler(Resource({"service.name": "shop"}), endpoint=sys.argv[1])
sampler._AwsXRayRemoteSampler__get_and_update_sampling_rules()


def ask(path: str) -> str:
    result = sampler.should_sample(
        None, 1, "request", attributes={"url.path": path, "http.request.method": "GET"}
    )
    return "yes" if result.decision == Decision.RECORD_AND_SAMPLE else "no"


def targets() -> str:
    sampler._AwsXRayRemoteSampler__get_and_update_sampling_targets()
    return "polled"


for line in sys.stdin:
    command, _, argument = line.strip().partition(" ")
    sys.stdout.write((ask(argument) if command == "ask" else targets()) + "\n")
    sys.stdout.flush()
