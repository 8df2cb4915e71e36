"""Pulumi components of a traced serverless API: all that a program names."""

from .api import TracedApi, TracedApiArgs
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
from .policy import Grant
from .queue import WorkQueue, WorkQueueArgs
from .routes import RouteError
from .sampling import Keep, Sampling, Special
from .settings import ApiProfile, FunctionProfile, Settings, Target, Throttling, load_settings
from .storage import ItemTable, ItemTableArgs, ObjectBucket, ObjectBucketArgs
from .zips import PackagingError

__all__ = [
    "ApiProfile",
    "AsyncInvocation",
    "Baseline",
    "Extension",
    "FaultExperiments",
    "FaultExperimentsArgs",
    "FaultExtension",
    "FaultExtensionArgs",
    "FunctionProfile",
    "Grant",
    "ItemTable",
    "ItemTableArgs",
    "Keep",
    "ObjectBucket",
    "ObjectBucketArgs",
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
