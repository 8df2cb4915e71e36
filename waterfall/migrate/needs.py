"""What the deployment of moved functions needs, step by step, and which old variables files name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from waterfall.migrate import xray_sdk
from waterfall.migrate.inventory import Change, files_of

LIBRARY = (
    "opentelemetry-api",
    "opentelemetry-sdk",
    "opentelemetry-sdk-extension-aws",
    "opentelemetry-instrumentation-botocore",
)
PERMISSION = (
    '{"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}'
)
"""The statement of a policy that sending traces needs, which the managed AWSXRayDaemonWriteAccess has too.

https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
"""
_FILES = (".py", ".yaml", ".yml", ".json", ".toml", ".tf", ".txt", ".in", ".cfg", ".env", ".ts")
_OLD = {
    "POWERTOOLS_TRACE_DISABLED": "TRACING_MODE=off",
    "POWERTOOLS_TRACE_MIDDLEWARES": "nothing",
    "POWERTOOLS_TRACER_CAPTURE_RESPONSE": "nothing: responses are not kept",
    "POWERTOOLS_TRACER_CAPTURE_ERROR": "nothing: exceptions are always recorded",
    "AWS_XRAY_CONTEXT_MISSING": "nothing: what has no trace is not recorded and does not fail",
    "AWS_XRAY_SDK_ENABLED": "TRACING_MODE=off",
    "AWS_XRAY_TRACING_NAME": "nothing: a function's segment has its name",
    "AWS_XRAY_NOOP_ID": "nothing",
}
_INSTRUMENTED = re.compile(r"^from opentelemetry\.instrumentation\.(\w+) import", re.MULTILINE)
_NAMED = re.compile("|".join(_OLD))
_OURS = re.compile(r"\b(?:traced_api|TracedFunction|TracingLayers)\b")


def settings(place: Path) -> list[tuple[Path, int, str, str]]:
    """Return where files name variables of the old SDKs: file, line, variable, what takes its place."""
    found = []
    for path in files_of(place, *_FILES):
        for number, line in enumerate(_text(path).splitlines(), 1):
            found += [(path, number, name, _OLD[name]) for name in dict.fromkeys(_NAMED.findall(line))]
    return found


def has_components(place: Path) -> bool:
    """Whether the code base deploys with the components of `traced_api`."""
    return any(_OURS.search(_text(path)) for path in files_of(place, ".py"))


def steps(changes: Sequence[Change], *, components: bool) -> list[str]:
    """Return what to do for the deployment, in order."""
    is_whole = all(use.is_moved for change in changes for use in change.uses)
    mode = (
        "pulumi config set tracing {}" if components else "Set the variable TRACING_MODE={} of each function"
    )
    told = [_packages(changes, is_whole=is_whole, components=components)]
    if is_whole:
        told.append(f"{mode.format('otel')}: nothing of the old SDKs is left")
    else:
        told.append(f"{mode.format('native')}: both APIs share one trace there; otel once nothing is left")
    if not components:
        told.append(
            f"Keep active tracing on, and this permission in the policy of each function's role: {PERMISSION}"
        )
        told.append(
            "Take AWS_LAMBDA_EXEC_WRAPPER away if it is set: with it ADOT's provider is at work first"
        )
    if any(use.is_moved and xray_sdk.OUTSIDE_LAMBDA.search(use.construct) for c in changes for use in c.uses):
        told.append(
            "Outside Lambda, start the program with opentelemetry-instrument of aws-opentelemetry-distro: "
            "tracing records in functions alone"
        )
    if is_whole:
        told.append(f"Take {_old(changes)} out of the requirements, where nothing else of them is used")
    return [*told, "waterfall check, function by function: docs/switching.md"]


def _packages(changes: Sequence[Change], *, is_whole: bool, components: bool) -> str:
    """Tell which packages have to be brought, and how."""
    after = "".join(change.after for change in changes)
    names = {name.replace("_", "-") for name in _INSTRUMENTED.findall(after)}
    more = [f"opentelemetry-instrumentation-{name}" for name in sorted(names)]
    if components:
        bring = "TracedFunction and TracingLayers bring the library"
        return (
            f"{bring}; add {', '.join(more)} to requirements.txt" if more else f"{bring}: nothing to package"
        )
    more += [] if is_whole else ["aws-xray-sdk"]
    packages = ", ".join([*LIBRARY, *more])
    return (
        f"Give each function the folder tracing of traced-api, in a layer or in its own zip, and {packages}"
    )


def _old(changes: Iterable[Change]) -> str:
    text = "".join(change.before for change in changes)
    names = {
        "aws_xray_sdk": "aws-xray-sdk",
        "aws_lambda_powertools": "the extra `tracer` of aws-lambda-powertools",
    }
    return " and ".join(name for module, name in names.items() if module in text) or "the old SDKs"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size < 1_000_000 else ""
    except OSError:
        return ""
