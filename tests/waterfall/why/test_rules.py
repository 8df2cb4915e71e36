"""`waterfall why rule NAME`: why a rule of EventBridge fired or did not, on an embedded AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.stack import until
from waterfall.cli import main
from waterfall.traces.client import ReadError, Source, connect
from waterfall.why.question import question
from waterfall.why.reasons import Explanation
from waterfall.why.service import Explainer

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud

GONE = "arn:aws:lambda:us-east-1:123456789012:function:gone"


def explained(cloud: Cloud, name: str, holds: Callable[[Explanation], bool] = lambda _: True) -> Explanation:
    """Return the explanation once something holds of it: targets take what a rule sends a little later."""

    def ask() -> Explanation | None:
        found = Explainer(cloud.reader, cloud.source).ask(question(["rule", name]), time.time()).explanation
        return found if holds(found) else None

    return until(ask, f"that explanation of {name}")


def make(
    cloud: Cloud, name: str, pattern: dict[str, Any], *targets: dict[str, Any], state: str = "ENABLED"
) -> None:
    """Make a rule on a bus of the same name, to which one event has come: of the source shop, with a kind."""
    events = cloud.client("events")
    events.create_event_bus(Name=name)
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(pattern), State=state)
    if targets:
        events.put_targets(
            Rule=name, EventBusName=name, Targets=[{"Id": f"{n}", **one} for n, one in enumerate(targets)]
        )


def put(cloud: Cloud, bus: str) -> None:
    detail = json.dumps({"kind": "plain"})
    entry = {"EventBusName": bus, "Source": "shop", "DetailType": "order", "Detail": detail}
    cloud.client("events").put_events(Entries=[entry])


def queue(cloud: Cloud, name: str) -> dict[str, Any]:
    cloud.client("sqs").create_queue(QueueName=name)
    return {"Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}


def test_the_field_that_does_not_fit_is_named(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """With what the event has and what the pattern wants; the command says the same."""
    make(cloud, "why-gold", {"source": ["shop"], "detail": {"kind": ["gold"]}}, queue(cloud, "why-gold"))
    put(cloud, "why-gold")
    told = 'detail.kind of the newest event is "plain", its pattern wants ["gold"]'
    assert explained(cloud, "why-gold").verdict == f"The rule why-gold did not fire: {told}"
    assert main(["why", "rule", "why-gold", "--endpoint", cloud.endpoint]) == 0
    assert told in " ".join(capsys.readouterr().out.split())


def test_choices_of_which_none_fits_are_named(cloud: Cloud) -> None:
    make(
        cloud,
        "why-either",
        {"$or": [{"source": ["bank"]}, {"detail-type": ["loan"]}]},
        queue(cloud, "why-either"),
    )
    put(cloud, "why-either")
    told = 'no choice of $or fits the newest event, of [{"source": ["bank"]}, {"detail-type": ["loan"]}]'
    assert explained(cloud, "why-either").verdict == f"The rule why-either did not fire: {told}"


def test_a_target_that_is_nowhere_is_no_obstacle(cloud: Cloud) -> None:
    """Of a function's ARN without a name, or in a region that there is not, no policy can be told."""
    arns = [f"arn:aws:lambda:{place}" for place in ("moon-1:123456789012:function:f", "us-east-1:1:function")]
    make(cloud, "why-nowhere", {"source": ["shop"]}, *({"Arn": arn} for arn in arns))
    assert "no event has come" in explained(cloud, "why-nowhere").verdict


def test_a_bus_to_which_nothing_came(cloud: Cloud) -> None:
    make(cloud, "why-lonely", {"source": ["shop"]}, queue(cloud, "why-lonely"))
    assert explained(cloud, "why-lonely").verdict == (
        "The rule why-lonely did not fire: no event has come to the bus why-lonely"
    )


@pytest.mark.parametrize(
    ("name", "state", "why"),
    [("why-off", "DISABLED", "it is disabled"), ("why-aimless", "ENABLED", "it has no targets")],
)
def test_a_rule_that_cannot_fire(cloud: Cloud, name: str, state: str, why: str) -> None:
    """Although an event fits its pattern."""
    targets = [] if name == "why-aimless" else [queue(cloud, name)]
    make(cloud, name, {"source": ["shop"]}, *targets, state=state)
    put(cloud, name)
    found = explained(cloud, name)
    assert found.verdict == f"The rule {name} did not fire: {why}"
    assert any("fits its pattern" in reason.text for reason in found.reasons)


def test_a_rule_that_fired(cloud: Cloud) -> None:
    """It says which target took the event."""
    make(cloud, "why-fires", {"source": ["shop"]}, queue(cloud, "why-fires"))
    put(cloud, "why-fires")
    found = explained(cloud, "why-fires", lambda found: found.verdict.startswith("The rule why-fires fired "))
    assert found.is_good
    assert any("why-fires took what it sent" in reason.text for reason in found.reasons)


def test_a_target_that_is_gone(cloud: Cloud) -> None:
    """With its error, and the queue that has the event instead."""
    dead = queue(cloud, "why-dead")
    make(cloud, "why-misses", {"source": ["shop"]}, {"Arn": GONE, "DeadLetterConfig": dead})
    put(cloud, "why-misses")
    wanted = "The rule why-misses fired, and its target did not take it"
    found = explained(
        cloud, "why-misses", lambda found: found.verdict == wanted and "dead-letter" in found.reasons[-1].text
    )
    assert not found.is_good
    assert "Function not found" in found.reasons[-1].text
    assert found.reasons[-1].text.endswith("the dead-letter queue why-dead has it.")


def test_a_function_that_aws_would_not_invoke(cloud: Cloud) -> None:
    """Its policy lets EventBridge in for another rule alone; nothing enforces that here."""
    name = cloud.function()
    lambda_, arn = cloud.client("lambda"), "arn:aws:lambda:us-east-1:123456789012:function:worker"
    make(cloud, "why-stranger", {"source": ["bank"]}, {"Arn": arn})

    def gaps() -> list[str]:
        return [reason.text for reason in explained(cloud, "why-stranger").reasons if reason.state == "gap"]

    def permit(rule: str) -> None:
        lambda_.add_permission(
            FunctionName=name,
            StatementId=rule,
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=f"arn:aws:events:us-east-1:123456789012:rule/{rule}/{rule}",
        )

    permit("other")
    assert ["does not let EventBridge invoke it" in text for text in gaps()] == [True]
    permit("why-stranger")
    assert gaps() == []


def test_a_schedule_that_was_not_due_yet(cloud: Cloud) -> None:
    cloud.rule("why-daily")
    found = explained(cloud, "why-daily")
    assert found.verdict == "The rule why-daily has not fired yet"
    assert found.reasons[0].text == "It is enabled, by its schedule, rate(1 day)."


def test_a_rule_that_is_not_there(cloud: Cloud) -> None:
    """The error lists those that are; an account remembers no events."""
    make(cloud, "why-here", {"source": ["shop"]})
    with pytest.raises(ReadError, match=r"there is no rule nowhere: there are .*why-here"):
        explained(cloud, "nowhere")
    source = Source(aws=True, region="us-east-1")
    with pytest.raises(ReadError, match="the embedded AWS alone explains rules"):
        Explainer(connect(cloud.source), source).ask(question(["rule", "why-here"]), 0.0)
