"""The body of a CloudWatch dashboard: what goes on in an API, its functions and its queues, on one screen.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH, _HEIGHT = 12, 6


@dataclass(frozen=True)
class Shown:
    """What is on the dashboard, by the names and ARNs that CloudWatch knows.

    `functions` and `queues` are by the names that the program gives them; a queue is itself and its dead
    letters.
    """

    region: str
    api: str
    stage: str
    alarms: Sequence[str]
    functions: Mapping[str, str]
    queues: Mapping[str, tuple[str, str]]


def dashboard_body(shown: Shown) -> str:
    """Return the dashboard as CloudWatch takes it: alarms on top, then two graphs a row."""
    place = ["ApiName", shown.api, "Stage", shown.stage]
    graphs = [
        _graph(
            shown,
            "Requests and errors",
            "Sum",
            [["AWS/ApiGateway", name, *place] for name in ("Count", "4XXError", "5XXError")],
        ),
        _graph(
            shown,
            "Latency",
            "p50",
            [["AWS/ApiGateway", "Latency", *place, {"stat": stat}] for stat in ("p50", "p90", "p99")],
        ),
        *[
            _graph(shown, title, stat, _of_functions(shown, metric))
            for title, metric, stat in (
                ("Errors of functions", "Errors", "Sum"),
                ("Throttles of functions", "Throttles", "Sum"),
                ("Duration of functions, p90", "Duration", "p90"),
                ("Concurrent executions", "ConcurrentExecutions", "Maximum"),
            )
        ],
    ]
    if shown.queues:
        waiting = [(name, queue[0]) for name, queue in shown.queues.items()]
        given_up = [(f"{name} dead letters", queue[1]) for name, queue in shown.queues.items()]
        graphs += [
            _graph(shown, "Oldest message", "Maximum", _of_queues("ApproximateAgeOfOldestMessage", waiting)),
            _graph(
                shown,
                "Messages",
                "Maximum",
                _of_queues("ApproximateNumberOfMessagesVisible", [*waiting, *given_up]),
            ),
        ]
    alarms = {
        "type": "alarm",
        "x": 0,
        "y": 0,
        "width": 2 * _WIDTH,
        "height": 3,
        "properties": {"title": "Alarms", "alarms": list(shown.alarms)},
    }
    placed = [
        {**graph, "x": number % 2 * _WIDTH, "y": 3 + number // 2 * _HEIGHT}
        for number, graph in enumerate(graphs)
    ]
    return json.dumps({"widgets": [alarms, *placed]})


def _of_functions(shown: Shown, metric: str) -> list[list[Any]]:
    return [
        ["AWS/Lambda", metric, "FunctionName", function, {"label": name}]
        for name, function in shown.functions.items()
    ]


def _of_queues(metric: str, queues: Sequence[tuple[str, str]]) -> list[list[Any]]:
    return [["AWS/SQS", metric, "QueueName", queue, {"label": name}] for name, queue in queues]


def _graph(shown: Shown, title: str, stat: str, metrics: list[list[Any]]) -> dict[str, Any]:
    properties = {"title": title, "region": shown.region, "stat": stat, "period": 60, "metrics": metrics}
    return {"type": "metric", "width": _WIDTH, "height": _HEIGHT, "properties": properties}
