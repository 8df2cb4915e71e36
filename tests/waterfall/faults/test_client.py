"""Experiments of an embedded AWS's FIS, as `waterfall fault` and the console use them."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.waterfall.cloud import FUNCTION
from waterfall.faults.client import Experiment, Faults, iso_seconds
from waterfall.faults.direct import read_fault
from waterfall.shell import typed
from waterfall.stack.invocations import arn_of
from waterfall.traces.client import ReadError, RefusedError, Source

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud
    from tests.waterfall.conftest import Api

DELAY = {"action": "add-delay", "startupDelayMilliseconds": "250", "invocationPercentage": "40"}


def names(experiments: list[Experiment]) -> list[str]:
    return [one.name for one in experiments]


@pytest.mark.parametrize(
    ("action", "parameters", "words"),
    [
        (
            "add-delay",
            {"startupDelayMilliseconds": "250", "invocationPercentage": "40"},
            "delay 250 ms, 40 %",
        ),
        ("error", {"preventExecution": "true"}, "error instead of the handler, 100 %"),
        ("error", {"preventExecution": "false", "invocationPercentage": "1"}, "error after the handler, 1 %"),
        (
            "http-integration-response",
            {"preventExecution": "true", "statusCode": "503", "contentTypeHeader": "text/plain"},
            "status 503 instead of the handler, 100 %",
        ),
    ],
)
def test_a_template_says_what_it_does(
    cloud: Cloud, action: str, parameters: dict[str, str], words: str
) -> None:
    """Each of Lambda's actions reads as one phrase."""
    id_ = cloud.template("on-purpose", action, **parameters)
    (template,) = Faults(cloud.source).templates()
    assert (template.id, template.name, template.faults) == (id_, "on-purpose", (words,))


def test_an_experiment_is_started_by_its_name(cloud: Cloud) -> None:
    """It runs on the function, for its five minutes."""
    cloud.template("slow", **DELAY)
    started = Faults(cloud.source).start("slow")
    assert (started.name, started.status, started.targets) == ("slow", "running", ("worker",))
    assert started.faults == ("delay 250 ms, 40 %",)
    assert started.started == pytest.approx(time.time(), abs=30)
    assert started.left(started.started or 0.0) == pytest.approx(300)


def test_an_experiment_is_started_by_its_templates_id(cloud: Cloud) -> None:
    """Two templates may share a name; ids tell them apart."""
    first, _ = (cloud.template("twin", **DELAY) for _ in range(2))
    faults = Faults(cloud.source)
    with pytest.raises(ReadError, match="2 experiments are called twin"):
        faults.start("twin")
    assert faults.start(first).is_active


def test_an_unknown_name_lists_those_there_are(cloud: Cloud) -> None:
    """Whoever misspells a name sees the right ones."""
    cloud.template("slow", **DELAY)
    with pytest.raises(ReadError, match="no experiment slwo; there are: slow"):
        Faults(cloud.source).start("slwo")


def test_stopping_ends_what_runs(cloud: Cloud) -> None:
    """All of it, or what has a name or an id; what is over has no time left."""
    faults = Faults(cloud.source)
    for name in ("one", "two", "three"):
        cloud.template(name, **DELAY)
        faults.start(name)
    (stopped,) = faults.stop("two")
    assert (stopped.name, stopped.status, stopped.left(time.time())) == ("two", "stopped", None)
    assert names(faults.experiments(active=True)) == ["three", "one"]
    assert sorted(names(faults.stop(None))) == ["one", "three"]
    assert faults.stop(None) == []
    with pytest.raises(ReadError, match="no experiment two is running"):
        faults.stop("two")


def test_experiments_come_newest_first(cloud: Cloud) -> None:
    """With a limit, only so many of the newest are read."""
    faults = Faults(cloud.source)
    for name in ("one", "two"):
        cloud.template(name, **DELAY)
        faults.start(name)
    assert names(faults.experiments())[:2] == ["two", "one"]
    assert names(faults.experiments(most=1)) == ["two"]


def test_an_experiment_outlives_its_template(cloud: Cloud) -> None:
    """Its own tag keeps the name."""
    template = cloud.template("slow", **DELAY)
    started = Faults(cloud.source).start("slow")
    cloud.client("fis").delete_experiment_template(id=template)
    assert Faults(cloud.source).experiment(started.id).name == "slow"


def test_an_endpoint_without_fis_refuses(api: Api) -> None:
    """What has X-Ray alone is told as FIS's refusal."""
    with pytest.raises(RefusedError, match="FIS refused ListExperiments"):
        Faults(api.source).experiments()


def test_an_endpoint_that_is_not_there_says_how_to_start_one() -> None:
    """As with traces."""
    with pytest.raises(ReadError, match=f"start a local stack with `{typed('up')}`"):
        Faults(Source("http://127.0.0.1:1")).experiments()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT5M", 300), ("PT1H30M", 5400), ("P1DT1S", 86401), ("PT0S", 0), ("", 0), ("soon", 0)],
)
def test_durations_of_iso_8601(text: str, seconds: float) -> None:
    """Days, hours, minutes and seconds; what is none counts as nothing."""
    assert iso_seconds(text) == seconds


def test_actions_one_after_the_other_add_up(cloud: Cloud) -> None:
    """An experiment lasts until the last action that waits for others is over."""
    template = cloud.template("chain", **DELAY)
    target, actions = {"Functions": "fn"}, {}
    for name, after in (("fault", []), ("then", ["fault"])):
        actions[name] = {
            "actionId": "aws:lambda:invocation-add-delay",
            "parameters": {"duration": "PT2M", "startupDelayMilliseconds": "1"},
            "targets": target,
            "startAfter": after,
        }
    cloud.client("fis").update_experiment_template(id=template, actions=actions)
    started = Faults(cloud.source).start("chain")
    assert started.left(started.started or 0.0) == pytest.approx(240)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("delay 500ms", "delay 500 ms, 40 %"),
        ("delay 2s", "delay 2000 ms, 40 %"),
        ("error", "error instead of the handler, 40 %"),
        ("status 503", "status 503 instead of the handler, 40 %"),
    ],
)
def test_a_fault_needs_no_template(cloud: Cloud, text: str, words: str) -> None:
    """It runs at once, for as long as is said, and leaves no template."""
    faults, fault = Faults(cloud.source), read_fault(text)
    cloud.function()
    started = faults.put(fault, "worker", FUNCTION, percentage=40, seconds=90)
    assert (started.name, started.status) == (f"worker-{fault.kind}", "running")
    assert (started.faults, started.targets) == ((words,), ("worker",))
    assert started.left(started.started or 0.0) == pytest.approx(90)
    assert faults.templates() == []
    (stopped,) = faults.stop(f"worker-{fault.kind}")
    assert stopped.status == "stopped"


@pytest.mark.parametrize(
    "text", ["", "delay", "delay soon", "delay 5", "error 500", "status 999", "status", "fast"]
)
def test_what_is_no_fault_is_refused(text: str) -> None:
    """With what is allowed."""
    with pytest.raises(ValueError, match=r"give (`delay 500ms`|500ms)"):
        read_fault(text)


def test_nothing_names_no_function(cloud: Cloud) -> None:
    """Nor the only one that there is."""
    cloud.function()
    with pytest.raises(ReadError, match="there is no function ''"):
        arn_of(cloud.source, "")


def test_an_account_takes_faults_from_templates_alone() -> None:
    """Nothing is asked of it."""
    with pytest.raises(ReadError, match="need a template"):
        Faults(Source(aws=True, region="us-east-1")).put(
            read_fault("error"), "worker", FUNCTION, percentage=1, seconds=60
        )


LOCATION = {"AWS_FIS_CONFIGURATION_LOCATION": "arn:aws:s3:::a-bucket/FisConfigs/"}
LAYER = "arn:aws:lambda:us-east-1:211125607513:layer:aws-fis-extension-x86_64:9"


NO_LAYER = "the layer of the FIS extension"
NO_LOCATION = "the variable AWS_FIS_CONFIGURATION_LOCATION"
NO_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER=/opt/aws-fis/bootstrap"
BOOTSTRAP, ADOT, BOTH = (
    {"AWS_LAMBDA_EXEC_WRAPPER": f"/opt/{script}"}
    for script in ("aws-fis/bootstrap", "otel-instrument", "both")
)


@pytest.mark.parametrize(
    ("variables", "layers", "lacks"),
    [
        ({}, [], f"{NO_LAYER} and {NO_LOCATION} and {NO_WRAPPER}"),
        ({**LOCATION, **BOOTSTRAP}, [], NO_LAYER),
        (ADOT, [LAYER], f"{NO_LOCATION} and {NO_WRAPPER} instead of /opt/otel-instrument"),
        ({**LOCATION, **BOOTSTRAP}, [LAYER], None),
        ({**LOCATION, **BOTH}, [LAYER], None),
    ],
)
def test_who_starts_a_fault_is_told_what_aws_needs(
    cloud: Cloud, variables: dict[str, str], layers: list[str], lacks: str | None
) -> None:
    """A function without it meets no fault there, in silence; a script of one's own may start both."""
    cloud.template("slow", **DELAY)
    change = partial(cloud.client("lambda").update_function_configuration, FunctionName="worker")
    change(Environment={"Variables": variables}, Layers=layers)
    notes = Faults(cloud.source).start("slow").notes
    change(Environment={"Variables": {}}, Layers=[])
    told = f"On AWS worker meets no fault: it needs {lacks} (docs.aws"
    assert [note.startswith(told) for note in notes] == ([True] if lacks else [])
