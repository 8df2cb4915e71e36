"""What is said about cold starts."""

from __future__ import annotations

from typing import Any

from tests.waterfall import samples
from tests.waterfall.samples import segment, subsegment, trace
from waterfall.traces.cold_starts import sentences


def cost(kind: str, name: str, number: int, seconds: float, **noted: str) -> dict[str, Any]:
    noted = {kind: name, **noted}
    return subsegment(
        f"{kind} {name}", f"c{number:015x}", -1, -1 + seconds, metadata={"init": noted}
    )  # fmt: skip


def started(*costs: dict[str, Any], not_measured: tuple[str, ...] = ()) -> list[str]:
    noted = {"init": {"not_measured": list(not_measured)}}
    own = subsegment("init", "b000000000000002", -1, 0, subsegments=list(costs), metadata=noted)
    init = subsegment("Init", "b000000000000001", -1, 0)
    function = segment("front", "a000000000000001", 0, 1, origin="AWS::Lambda::Function")
    return sentences(trace([{**function, "subsegments": [init, own]}]))


def test_the_longest_are_named_first() -> None:
    """Imports by their name, clients as such; what is under 5 % is left out."""
    said = started(
        cost("import", "boto3", 1, 0.112), cost("import", "pandas", 2, 0.64), cost("client", "sqs", 3, 0.06),
        cost("import", "json", 4, 0.006),
    )  # fmt: skip
    assert said == ["Cold start of front, 1,000 ms: pandas 640 ms, boto3 112 ms, client sqs 60 ms"]


def test_an_import_of_one_function_would_save_its_time() -> None:
    """Imported where it is used, other requests' cold starts are spared."""
    said = started(cost("import", "pandas", 1, 0.64, used_in="report"))
    assert said[1] == (
        "pandas is used in report() alone: imported there, it would save up to 640 ms of each cold start"
    )


def test_what_was_imported_before_is_named() -> None:
    """Nobody measured it; the way to see it is told."""
    said = started(cost("import", "pandas", 1, 0.64), not_measured=("boto3",))
    assert said[1] == (
        "Imported before tracing, so not measured: boto3 (import tracing first to see them)"
    )  # fmt: skip


def test_nothing_is_said_without_costs() -> None:
    """A trace of other recorders says nothing of imports."""
    assert sentences(trace(samples.request())) == []
