"""Pulumi components of a traced serverless API: all that a program names."""

from .alarms import AlarmSettings
from .api import TracedApi, TracedApiArgs
from .authorization import IAM, OPEN, CognitoAuthorizer, Iam, LambdaAuthorizer, Open
from .baseline import Baseline
from .faults import FaultExperiments, FaultExperimentsArgs, FaultExtension, FaultExtensionArgs
from .function import (
    AsyncInvocation,
    Extension,
    QueueTrigger,
    TracedFunction,
    TracedFunctionArgs,
    VpcSettings,
)
from .kinds import SettingError
from .layers import PythonLayer, PythonLayerArgs, TracingLayers, TracingLayersArgs
from .monitoring import Monitoring, MonitoringArgs
from .policy import Grant
from .queue import WorkQueue, WorkQueueArgs
from .routes import RouteError
from .sampling import Keep, Sampling, Special
from .settings import ApiProfile, FunctionProfile, Settings, Target, Throttling, load_settings
from .storage import ItemTable, ItemTableArgs, ObjectBucket, ObjectBucketArgs
from .zips import PackagingError

__all__ = [
    "IAM",
    "OPEN",
    "AlarmSettings",
    "ApiProfile",
    "AsyncInvocation",
    "Baseline",
    "CognitoAuthorizer",
    "Extension",
    "FaultExperiments",
    "FaultExperimentsArgs",
    "FaultExtension",
    "FaultExtensionArgs",
    "FunctionProfile",
    "Grant",
    "Iam",
    "ItemTable",
    "ItemTableArgs",
    "Keep",
    "LambdaAuthorizer",
    "Monitoring",
    "MonitoringArgs",
    "ObjectBucket",
    "ObjectBucketArgs",
    "Open",
    "PackagingError",
    "PythonLayer",
    "PythonLayerArgs",
    "QueueTrigger",
    "RouteError",
    "Sampling",
    "SettingError",
    "Settings",
    "Special",
    "Target",
    "Throttling",
    "TracedApi",
    "TracedApiArgs",
    "TracedFunction",
    "TracedFunctionArgs",
    "TracingLayers",
    "TracingLayersArgs",
    "VpcSettings",
    "WorkQueue",
    "WorkQueueArgs",
    "load_settings",
]
