"""What Step Functions answers of moto's executions: times as numbers, members as in its API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

_INCLUDED = {"included": True}


def started(execution: Any) -> dict[str, Any]:
    """Return the answer of StartExecution."""
    return {"executionArn": execution.exec_arn, "startDate": execution.start_date.timestamp()}


def described(execution: Any, *, is_over: bool) -> dict[str, Any]:
    """Return the answer of DescribeExecution."""
    status = execution.status if is_over else "RUNNING"
    output = _text(execution.output) if status == "SUCCEEDED" else None
    stopped = execution.stop_date if is_over else None
    members = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": execution.start_date.timestamp(),
        "stopDate": stopped.timestamp() if stopped else None,
        "input": execution.execution_input,
        "inputDetails": _INCLUDED,
        "output": output,
        "outputDetails": None if output is None else _INCLUDED,
        "traceHeader": execution.trace_header,
        "error": execution.error,
        "cause": execution.cause,
    }
    return {name: value for name, value in members.items() if value is not None}


def finished(execution: Any) -> dict[str, Any]:
    """Return the answer of StartSyncExecution."""
    seconds = execution.stop_date - execution.start_date if execution.stop_date else None
    milliseconds = round(seconds.total_seconds() * 1000) if seconds else 0
    billed = {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": -(-milliseconds // 100) * 100}
    status = execution.status if execution.status in {"SUCCEEDED", "TIMED_OUT"} else "FAILED"
    return {**described(execution, is_over=True), "status": status, "billingDetails": billed}


def event(noted: Any) -> dict[str, Any]:
    """Return one event of a history."""
    return {**noted, "timestamp": datetime.fromisoformat(noted["timestamp"]).timestamp()}


def _text(output: Any) -> str:
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str  # noqa: PLC0415 - a slow import

    return str(to_json_str(output, separators=(",", ":")))
