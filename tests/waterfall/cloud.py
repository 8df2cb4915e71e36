"""An embedded AWS as the viewer meets it: traces, logs and experiments go in through AWS's APIs."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.ids import RandomIds
from tests.embedded_aws.engine.harness import Aws
from tests.waterfall.samples import T0, TRACE_ID
from waterfall.traces.client import LOCAL_REGION, Source, client, connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.waterfall.logs.writing import Stream
    from waterfall.traces.client import Reader

ROLE = "arn:aws:iam::123456789012:role/experiments"
_ASSUMED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:worker"


class Cloud:
    """A running AWS. What tests write as of T0 happens half a minute ago, in the trace `trace_id`."""

    def __init__(self, data: Path) -> None:
        self._aws = Aws(data, LOCAL_REGION)
        self.source = Source(self._aws.url)
        self._clients: dict[str, Any] = {}
        # moto's state is the process's: what earlier tests left goes away with the first `clear`
        found = self.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
        self._groups = {str(group["logGroupName"]) for group in found}
        self.clear()
        self.renew()

    def renew(self) -> None:
        """Take another trace id, and let T0 be half a minute ago."""
        self.start = round(time.time() - 30, 3)
        self.trace_id = RandomIds().trace_id(self.start)

    def close(self) -> None:
        self._aws.close()

    @property
    def endpoint(self) -> str:
        return self.source.endpoint

    @property
    def reader(self) -> Reader:
        return connect(self.source)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = client(self.source, service)
        return self._clients[service]

    def rule(self, name: str) -> str:
        """Make a rule with a schedule, which sends to a queue of the same name; return the queue's URL."""
        url = self.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{LOCAL_REGION}:123456789012:{name}"
        self.client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)")
        self.client("events").put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        return str(url)

    def put(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Send segment documents, but for those that X-Ray adds itself."""
        sent = [json.dumps(self._moved(item)) for item in documents if not item.get("inferred")]
        answer = self.client("xray").put_trace_segments(TraceSegmentDocuments=sent)
        assert answer["UnprocessedTraceSegments"] == []

    def _moved(self, value: Any) -> Any:
        if isinstance(value, dict):
            times = ("start_time", "end_time")
            return {
                key: item - T0 + self.start if key in times else self._moved(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._moved(item) for item in value]
        return self._named(value) if isinstance(value, str) else value

    def _named(self, text: str) -> str:
        own = (self.trace_id, self.trace_id.replace("-", "")[1:])
        return text.replace(TRACE_ID, own[0]).replace(TRACE_ID.replace("-", "")[1:], own[1])

    def write(self, *streams: Stream) -> None:
        """Put the events of streams into CloudWatch Logs."""
        logs = self.client("logs")
        for stream in streams:
            self.group(stream.group)
            logs.create_log_stream(logGroupName=stream.group, logStreamName=stream.name)
            events = [
                {
                    "timestamp": round((event.time - T0 + self.start) * 1000),
                    "message": self._named(event.text),
                }
                for event in stream.events
            ]
            logs.put_log_events(logGroupName=stream.group, logStreamName=stream.name, logEvents=events)

    def group(self, name: str, **retention: int) -> None:
        """Create a log group unless it is there; `days` it keeps its events."""
        logs = self.client("logs")
        if name not in self._groups:
            logs.create_log_group(logGroupName=name)
            self._groups.add(name)
        if retention:
            logs.put_retention_policy(logGroupName=name, retentionInDays=retention["days"])

    def template(self, name: str, action: str, **parameters: str) -> str:
        """Create an experiment template with one action on the function `worker`; return its id."""
        self.function()
        answer = self.client("fis").create_experiment_template(
            clientToken=f"{time.time_ns()}",
            description="A test's experiment",
            roleArn=ROLE,
            stopConditions=[{"source": "none"}],
            targets={
                "fn": {
                    "resourceType": "aws:lambda:function",
                    "resourceArns": [FUNCTION],
                    "selectionMode": "ALL",
                }
            },
            actions={
                "fault": {
                    "actionId": f"aws:lambda:invocation-{action}",
                    "parameters": {"duration": "PT5M", **parameters},
                    "targets": {"Functions": "fn"},
                }
            },
            tags={"Name": name},
        )
        return str(answer["experimentTemplate"]["id"])

    def function(self) -> str:
        """Create the function that experiments are about, which never runs; return its name."""
        lambda_ = self.client("lambda")
        if "worker" in {one["FunctionName"] for one in lambda_.list_functions()["Functions"]}:
            return "worker"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("worker.py", "def handler(event, context): ...\n")
        self.client("iam").create_role(RoleName="experiments", AssumeRolePolicyDocument=_ASSUMED)
        lambda_.create_function(
            FunctionName="worker",
            Runtime="python3.13",
            Role=ROLE,
            Handler="worker.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        return "worker"

    def clear(self) -> None:
        """Take away what a test has left."""
        logs, fis = self.client("logs"), self.client("fis")
        while self._groups:
            logs.delete_log_group(logGroupName=self._groups.pop())
        for one in fis.list_experiments()["experiments"]:
            if one["state"]["status"] == "running":
                fis.stop_experiment(id=one["id"])
        for one in fis.list_experiment_templates()["experimentTemplates"]:
            fis.delete_experiment_template(id=one["id"])
