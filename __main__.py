"""GET /hello: API Gateway, front, worker, then DynamoDB, S3, SQS and the queue's consumer, in one trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi

from components.api import TracedApi, TracedApiArgs
from components.faults import FaultExperiments, FaultExperimentsArgs, FaultExtension, FaultExtensionArgs
from components.function import QueueTrigger, TracedFunction, TracedFunctionArgs
from components.layers import TracingLayers, TracingLayersArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.queue import WorkQueue, WorkQueueArgs
from components.settings import load_settings
from components.storage import ItemTable, ItemTableArgs, ObjectBucket, ObjectBucketArgs

settings = load_settings()
profile = settings.functions
layers = TracingLayers("tracing", TracingLayersArgs(profile, settings.otel_layer, settings.adot_layer_arn))
table = ItemTable("items", ItemTableArgs(baseline=settings.baseline))
bucket = ObjectBucket("objects", ObjectBucketArgs(settings.baseline))
queue = WorkQueue("work", WorkQueueArgs(consumer_timeout=profile.timeout, baseline=settings.baseline))
fis = FaultExtension("fault", FaultExtensionArgs(settings.architecture)) if settings.disturbed else None


def function(name: str, environment: dict[str, Any], grants: list[Any], **more: Any) -> TracedFunction:
    code = Path("handlers") / f"{name}.py"
    more["reserved_concurrency"] = settings.reserved_concurrency.get(name)
    more["extension"] = fis.extension if fis and name in settings.disturbed else None
    args = TracedFunctionArgs(code, profile, layers.arns, environment, grants, **more)
    return TracedFunction(name, args)


resources = {"TABLE_NAME": table.name, "BUCKET_NAME": bucket.name, "QUEUE_URL": queue.url}
work = {"WORK_SECONDS": f"{settings.work_seconds:g}"}
worker = function("worker", {**resources, **work}, [table.can_write, bucket.can_write, queue.can_send])

reads = {"BUCKET_NAME": bucket.name}
consumer = function("consumer", reads, [bucket.can_read], queue=QueueTrigger(queue.arn))
asks = {"WORKER_FUNCTION": worker.name, "WORKER_TIMEOUT": str(profile.timeout + 4)}  # a second to answer
front = function("front", asks, [worker.can_invoke], extra_timeout=5)
routes, access = {"GET /hello": front}, settings.authorization
api = TracedApi("api", TracedApiArgs(routes, settings.api, authorization=access))
functions = {"front": front, "worker": worker, "consumer": consumer}
if settings.faults:
    kept = profile.log_retention, settings.baseline
    FaultExperiments("faults", FaultExperimentsArgs(settings.faults, functions, api, fis, *kept))
if settings.watched:
    watched = MonitoringArgs(api, functions, {"work": queue}, settings.watched, settings.baseline)
    Monitoring("api", watched)
outputs = {"apiUrl": api.url, "apiName": api.name, "tracing": settings.tracing, "export": settings.export}
names = {f"{name}Function": one.name for name, one in functions.items()}
stores = {"tableName": table.name, "bucketName": bucket.name, "queueUrl": queue.url}
for name, value in {**outputs, **names, **stores}.items():
    pulumi.export(name, value)
pulumi.export("url", pulumi.Output.concat(api.url, "/hello"))
pulumi.export("deadLetterQueueUrl", queue.dead_letter_url)
