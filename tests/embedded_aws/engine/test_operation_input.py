from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.model import Shape

from embedded_aws.engine.operation_input import fill


def shape(service: str, operation: str) -> Shape:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


@pytest.mark.parametrize(("service", "operation", "inputs", "request_"), [
    ("lambda", "CreateFunction", {"memorySize": "256", "tracingConfig": {"mode": "Active"}},
     {"MemorySize": 256, "TracingConfig": {"Mode": "Active"}}),
    ("lambda", "CreateFunction", {"environment": {"variables": {"lowerKey": "kept"}}},
     {"Environment": {"Variables": {"lowerKey": "kept"}}}),
    ("lambda", "CreateFunction", {"layers": "arn"}, {"Layers": ["arn"]}),
    ("lambda", "CreateFunction", {"tracingConfig": [{"mode": "Active"}]},
     {"TracingConfig": {"Mode": "Active"}}),
    ("apigateway", "CreateStage", {"tracingEnabled": "true"}, {"tracingEnabled": True}),
    ("iam", "CreateRole", {"assumeRolePolicyDocument": {"Version": "1"}},
     {"AssumeRolePolicyDocument": '{"Version": "1"}'}),
    ("iam", "CreateRole", {"tags": {"a": "b"}}, {"Tags": [{"Key": "a", "Value": "b"}]}),
    ("cloudwatch", "PutMetricAlarm", {"dimensions": {"Q": "x"}, "threshold": 1},
     {"Dimensions": [{"Name": "Q", "Value": "x"}], "Threshold": 1.0}),
    ("xray", "CreateSamplingRule", {"samplingRule": {"urlPath": "*", "fixedRate": 1}},
     {"SamplingRule": {"URLPath": "*", "FixedRate": 1.0}}),
    ("lambda", "CreateFunction", {"memorySize": None}, {}),
])  # fmt: skip
def test_inputs_become_the_request_that_the_operation_describes(
    service: str, operation: str, inputs: dict[str, Any], request_: dict[str, Any]
) -> None:
    """Names, types, flattened lists and documents follow the operation's own shape."""
    unknown: list[str] = []
    assert fill(shape(service, operation), inputs, {}, unknown) == request_
    assert unknown == []


def test_name_that_differs_by_more_than_case_is_given() -> None:
    """The table of names joins a property to its member."""
    assert fill(shape("apigateway", "PutMethod"), {"restApi": "id"}, {"restApi": "restApiId"}, []) == {
        "restApiId": "id"
    }


def test_nested_input_without_a_member_is_reported() -> None:
    """What the API does not know below the top level is named by its path."""
    unknown: list[str] = []
    request = fill(shape("lambda", "CreateFunction"), {"tracingConfig": {"modee": "Active"}}, {}, unknown)
    assert (request, unknown) == ({"TracingConfig": {}}, ["tracingConfig.modee"])
