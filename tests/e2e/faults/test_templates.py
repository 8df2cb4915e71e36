"""What FIS refuses, through boto3: invalid templates, and requests that contradict earlier ones."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.lab import Lab
from tests.embedded_aws.fis.builders import ALARM, DELAY, RESPONSE, action, request, target

CODES = {
    400: "ValidationException",
    402: "ServiceQuotaExceededException",
    404: "ResourceNotFoundException",
    409: "ConflictException",
}
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "an unknown action": (
        {"actions": {"a": action("aws:lambda:explode")}},
        404,
        "Action with ID .* not found",
    ),
    "no action": ({"actions": {}}, 400, "At least one action"),
    "a percentage of 0": ({"actions": {"a": action(invocationPercentage="0")}}, 400, "from 1 to 100"),
    "a percentage of 101": ({"actions": {"a": action(invocationPercentage="101")}}, 400, "from 1 to 100"),
    "a percentage in words": ({"actions": {"a": action(invocationPercentage="ten")}}, 400, '"ten"'),
    "a bad duration": ({"actions": {"a": action(duration="5m")}}, 400, "ISO 8601"),
    "no duration": ({"actions": {"a": action(duration="PT0S")}}, 400, "ISO 8601"),
    "too long a duration": ({"actions": {"a": action(duration="PT13H")}}, 400, "at most 12 hours"),
    "too long a delay": (
        {"actions": {"a": action(DELAY, startupDelayMilliseconds="900001")}},
        400,
        "from 0 to 900000",
    ),
    "an unexpected parameter": ({"actions": {"a": action(speed="1")}}, 400, 'Unexpected parameter "speed"'),
    "a missing parameter": (
        {"actions": {"a": action(RESPONSE, preventExecution="true")}},
        400,
        'required parameter "contentTypeHeader" is missing',
    ),
    "a flag that is none": ({"actions": {"a": action(preventExecution="yes")}}, 400, "true or false"),
    "a missing target": (
        {"actions": {"a": {**action(), "targets": {}}}},
        400,
        'required target "Functions" is missing',
    ),
    "an undefined target": (
        {"actions": {"a": {**action(), "targets": {"Functions": "x"}}}},
        400,
        "not defined",
    ),
    "an unexpected target": (
        {"actions": {"a": {**action(), "targets": {"Instances": "fn"}}}},
        400,
        'Unexpected target "Instances"',
    ),
    "an unused target": ({"targets": {"fn": target(), "other": target()}}, 400, "not used"),
    "another resource type": (
        {"targets": {"fn": target(resourceType="aws:ec2:instance")}},
        400,
        "not supported",
    ),
    "no resources": ({"targets": {"fn": target(resourceArns=[])}}, 400, "either resourceArns or"),
    "a bucket for a function": ({"targets": {"fn": target("arn:aws:s3:::a-bucket-of-mine")}}, 400, "Lambda"),
    "a bad selection": ({"targets": {"fn": target(selectionMode="SOME")}}, 400, "selection mode"),
    "a selection of 101 percent": (
        {"targets": {"fn": target(selectionMode="PERCENT(101)")}},
        400,
        "selection",
    ),
    "no stop condition": ({"stopConditions": []}, 400, "At least one stop condition"),
    "a stop condition that is none": (
        {"stopConditions": [{"source": "aws:cloudwatch:alarm", "value": "an-alarm-without-an-account"}]},
        400,
        "not the ARN of an alarm",
    ),
    "an action that waits for itself": (
        {"actions": {"a": action(after=["a"])}},
        400,
        "Action a waits for itself, by its startAfter\\.",
    ),
    "actions that wait for each other": (
        {"actions": {"a": action(after=["b"]), "b": action(after=["a"])}},
        400,
        "Action a waits for itself, by its startAfter and those of b",
    ),
    "an action that waits for nothing": ({"actions": {"a": action(after=["b"])}}, 400, "not defined"),
    "too many actions": ({"actions": {f"a{n}": action() for n in range(21)}}, 402, "at most 20"),
    "too many at once": ({"actions": {f"a{n}": action() for n in range(11)}}, 402, "at most 10"),
    "too many stop conditions": (
        {"stopConditions": [{"source": "aws:cloudwatch:alarm", "value": ALARM}] * 6},
        402,
        "at most 5",
    ),
    "too long an experiment": (
        {"actions": {"a": action(duration="PT8H"), "b": action(duration="PT8H", after=["a"])}},
        402,
        "longer than 12 hours",
    ),
}


def refusal(call: Any, **arguments: Any) -> tuple[int, str, str]:
    """Return status, code and message of the error that a call gets."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    answer = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize("case", REFUSED)
def test_an_invalid_template_is_refused(lab: Lab, case: str) -> None:
    """Each mistake gets FIS's status and code, and a message that names what is wrong; nothing is made."""
    changes, status, message = REFUSED[case]
    known = len(lab.fis.list_experiment_templates()["experimentTemplates"])
    found = refusal(lab.fis.create_experiment_template, **request(**changes))
    assert found[:2] == (status, CODES[status])
    assert re.search(message, found[2]), found[2]
    assert len(lab.fis.list_experiment_templates()["experimentTemplates"]) == known


def test_an_invalid_change_leaves_the_template(lab: Lab) -> None:
    """An update is checked as a whole new template is, and changes nothing when it is refused."""
    made = lab.fis.create_experiment_template(**request())["experimentTemplate"]
    changes = {"actions": {"fail": action(invocationPercentage="101")}}
    found = refusal(lab.fis.update_experiment_template, id=made["id"], **changes)
    assert found[:2] == (400, "ValidationException")
    assert lab.fis.get_experiment_template(id=made["id"])["experimentTemplate"] == made


def test_a_client_token_means_one_template(lab: Lab) -> None:
    """The same request again gives the same template; another one with its token is a conflict."""
    first = request()
    made = [lab.fis.create_experiment_template(**first)["experimentTemplate"]["id"] for _ in range(2)]
    assert made[0] == made[1]
    found = refusal(lab.fis.create_experiment_template, **{**first, "description": "another one"})
    assert found[:2] == (409, "ConflictException")


def test_a_client_token_means_one_experiment(lab: Lab) -> None:
    """A token that started one template cannot start another one."""
    made = [lab.fis.create_experiment_template(**request())["experimentTemplate"]["id"] for _ in range(2)]
    lab.fis.start_experiment(clientToken=made[0], experimentTemplateId=made[0])
    found = refusal(lab.fis.start_experiment, clientToken=made[0], experimentTemplateId=made[1])
    assert found[:2] == (409, "ConflictException")


def test_an_unknown_template_cannot_start(lab: Lab) -> None:
    """It is not found."""
    found = refusal(lab.fis.start_experiment, clientToken="unknown", experimentTemplateId="EXT123")
    assert found == (404, "ResourceNotFoundException", "Experiment template EXT123 not found.")


def test_conflicting_actions_are_accepted(lab: Lab) -> None:
    """As on AWS: of an error and a response on one function the earlier one applies, so both may be there."""
    response = action(RESPONSE, preventExecution="true", statusCode="503", contentTypeHeader="text/plain")
    made = lab.fis.create_experiment_template(**request(actions={"fail": action(), "answer": response}))
    assert set(made["experimentTemplate"]["actions"]) == {"fail", "answer"}
