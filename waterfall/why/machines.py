"""Why the last execution of a state machine of Step Functions has a trace or none; of an account too.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from waterfall.shell import typed
from waterfall.traces.client import Reader, ReadError, Source, client, readable
from waterfall.why.reasons import Explanation, Reason, first_stop

_TYPE = "AWS::StepFunctions::StateMachine"


def explain_machine(reader: Reader, source: Source, name: str) -> Explanation:
    """Explain it as Step Functions and X-Ray tell it; raises ReadError.

    `name` is the machine's name or ARN, or its name in the program, to which Pulumi adds seven digits.
    """
    states = client(source, "stepfunctions")
    with readable(source, "Step Functions"):
        pages = list(states.get_paginator("list_state_machines").paginate())
        arn = _arn(
            {one["name"]: one["stateMachineArn"] for page in pages for one in page["stateMachines"]}, name
        )
        machine = states.describe_state_machine(stateMachineArn=arn)
        if machine["type"] == "EXPRESS":
            listing = typed(f"traces --filter 'service(\"{machine['name']}\")'")
            raise ReadError(
                f"{machine['name']} is an express machine, of whose executions Step Functions tells nothing; "
                f"`{listing}` lists its traces"
            )
        newest = states.list_executions(stateMachineArn=arn, maxResults=1)["executions"]
        execution = states.describe_execution(executionArn=newest[0]["executionArn"]) if newest else None
    traces = _traces(reader, machine["name"], execution) if execution else []
    reasons = [*_reasons(machine, execution), *_arrived(traces)]
    stop = first_stop(reasons)
    if traces:
        inferred = f"; {stop.clause}" if stop else ""
        return Explanation(f"There is a trace: {traces[0]}{inferred}", tuple(reasons), traces[0])
    return Explanation(f"No trace: {stop.clause if stop else 'nothing of it has arrived'}", tuple(reasons))


def _arn(machines: Mapping[str, str], name: str) -> str:
    automatic = re.compile(rf"{re.escape(name)}-[0-9a-f]{{7}}")
    found = [arn for other, arn in machines.items() if name in {other, arn}]
    found = found or [arn for other, arn in machines.items() if automatic.fullmatch(other)]
    if len(found) != 1:
        raise ReadError(
            f"there is no state machine {name}: there are {', '.join(sorted(machines)) or 'none'}"
        )
    return found[0]


def _traces(reader: Reader, name: str, execution: Mapping[str, Any]) -> Sequence[str]:
    """Return the traces in which the machine ran at that time, newest first."""
    start = execution["startDate"].timestamp()
    stop = execution["stopDate"].timestamp() if "stopDate" in execution else start
    expression = f'service(id(name: "{name}", type: "{_TYPE}"))'
    return [one.id for one in reader.summaries(start - 1, stop + 1, limit=5, expression=expression)]


def _reasons(machine: Mapping[str, Any], execution: Mapping[str, Any] | None) -> Iterator[Reason]:
    if execution is None:
        yield Reason(
            "stop", f"{machine['name']} was not executed yet.", "Start one.", "it was not executed yet"
        )
        return
    failed = execution["status"] not in {"RUNNING", "SUCCEEDED"}
    yield Reason(
        "gap" if failed else "ok",
        f"Its last execution, {execution['name']}, is {execution['status']}"
        + (f": {execution['error']}: {execution.get('cause', '')}" if execution.get("error") else "")
        + ".",
    )
    header = execution.get("traceHeader", "")
    if "Sampled=0" in header:
        clause = "whoever started it said Sampled=0"
        yield Reason("stop", f"Whoever started it passed on {header}: it is not traced.", "", clause)
    elif header:
        yield Reason("ok", f"Whoever started it passed on {header}: it is part of that trace.")
    elif machine.get("tracingConfiguration", {}).get("enabled"):
        yield Reason("ok", "Its tracing is enabled; whether one is sampled X-Ray's rules decide.")
    else:
        yield Reason(
            "stop",
            "Its tracing is off, and no trace was passed on to it.",
            'Give it tracing_configuration={"enabled": True}, and its role xray:PutTraceSegments.',
            "the tracing of the state machine is off",
        )


def _arrived(traces: Sequence[str]) -> Iterator[Reason]:
    if traces:
        yield Reason("ok", f"X-Ray has a trace with it, of that time: {traces[0]}.")
