"""Differences: found, named, and paired so that a person can read them."""

from __future__ import annotations

import copy
from typing import Any

from tests.waterfall import answers, samples
from tests.waterfall.samples import aws_call, segment, subsegment
from waterfall.compare.difference import Finding, compare
from waterfall.traces.service_map import service_map


def tree(*children: dict[str, Any]) -> Any:
    return samples.trace([segment("top", "a000000000000001", 0, 1, subsegments=list(children))])


def span(name: str, number: int, start: float = 0.1, end: float = 0.2, **fields: Any) -> dict[str, Any]:
    return subsegment(name, f"b{number:015x}", start, end, **fields)


def test_a_trace_equals_itself() -> None:
    """There is nothing to tell of one trace twice."""
    trace = samples.trace([*samples.request(), *samples.failed()])
    assert compare(trace, trace).findings == ()


def test_a_finding_names_path_field_and_both_values() -> None:
    """A difference reads as: where, what, left, right."""
    put = aws_call("DynamoDB", "b000000000000001", 0, 1, "PutItem", about={"table_name": "orders"})
    other = copy.deepcopy(put)
    other["aws"]["table_name"] = "carts"
    [finding] = compare(tree(put), tree(other)).findings
    assert finding == Finding(("top", "DynamoDB PutItem"), "aws.table_name", "orders", "carts")
    assert str(finding) == "top > DynamoDB PutItem: aws.table_name: 'orders' | 'carts'"


def test_what_one_side_lacks_is_null() -> None:
    """An absent field has the value None on its side."""
    [finding] = compare(tree(span("a", 1, fault=True)), tree(span("a", 1))).findings
    assert (finding.field, finding.left, finding.right) == ("fault", True, None)


def test_a_flag_is_not_a_number() -> None:
    """An annotation that is true differs from one that is 1; 1 and 1.0 are the same number."""
    assert not compare(
        tree(span("a", 1, annotations={"k": True})), tree(span("a", 1, annotations={"k": 1}))
    ).equal
    assert compare(tree(span("a", 1, annotations={"k": 1})), tree(span("a", 1, annotations={"k": 1.0}))).equal


def test_a_missing_subtree_is_one_finding() -> None:
    """What one side lacks altogether is told once, with how much is below it."""
    [finding] = compare(tree(span("a", 1, subsegments=[span("b", 2)])), tree()).findings
    assert finding == Finding(("top", "a"), "(whole)", "a and 1 below it", None)


def test_a_renamed_subsegment_is_told_as_renamed() -> None:
    """Two siblings that only differ in name stand for each other."""
    one = aws_call("dynamodb", "b000000000000001", 0, 1, "PutItem")
    other = aws_call("DynamoDB", "b000000000000001", 0, 1, "PutItem")
    [finding] = compare(tree(one), tree(other)).findings
    assert (finding.field, finding.left, finding.right) == ("name", "dynamodb", "DynamoDB")


def test_a_renamed_span_is_told_as_renamed() -> None:
    """So it is with spans, whatever words their names are made of."""
    [finding] = compare(tree(span("step", 1)), tree(span("the last step", 1))).findings
    assert (finding.field, finding.left, finding.right) == ("name", "step", "the last step")


def test_the_changed_one_of_many_namesakes_is_found() -> None:
    """Of fifty equal calls with one changed, only that one is told."""
    left = [span("call", number, annotations={"n": number}) for number in range(50)]
    right = copy.deepcopy(left)
    right[7]["annotations"]["extra"] = True
    [finding] = compare(tree(*left), tree(*right)).findings
    assert (finding.field, finding.right) == ("annotations.extra", True)


def test_the_order_of_concurrent_siblings_does_not_count() -> None:
    """Which of two overlapping siblings began first may change from run to run."""
    one = tree(span("a", 1, 0.10, 0.30), span("b", 2, 0.11, 0.30))
    other = tree(span("b", 2, 0.10, 0.30), span("a", 1, 0.11, 0.30))
    assert compare(one, other).equal


def test_the_order_of_successive_siblings_counts() -> None:
    """What ended before the next began must do so on both sides."""
    one = tree(span("a", 1, 0.1, 0.2), span("b", 2, 0.3, 0.4))
    other = tree(span("b", 2, 0.1, 0.2), span("a", 1, 0.3, 0.4))
    [finding] = compare(one, other).findings
    assert finding == Finding(("top",), "(order)", "a before b", "b before a")


def test_nesting_counts() -> None:
    """A child is not a sibling: what moved is told once, with both places."""
    one = tree(span("a", 1, 0.1, 0.5, subsegments=[span("b", 2, 0.2, 0.3)]))
    other = tree(span("a", 1, 0.1, 0.5), span("b", 2, 0.2, 0.3))
    [finding] = compare(one, other).findings
    assert finding == Finding(("top", "a", "b"), "(place)", "top > a", "top")


def test_a_trace_of_any_depth_is_compared() -> None:
    """No depth of nesting is too much."""
    one, other = samples.deep(3000), samples.deep(3000)
    assert compare(samples.trace([one]), samples.trace([other])).equal
    assert not compare(samples.trace([one]), samples.trace([samples.deep(2999)])).equal


def graphs(counts: int) -> Any:
    services = copy.deepcopy(answers.SERVICES)
    services[0]["SummaryStatistics"]["OkCount"] += counts
    return service_map(services, samples.T0, samples.T0 + 1)


def test_service_maps_are_compared() -> None:
    """Nodes, types, edges and counts of the maps are part of the comparison; durations are not."""
    trace = samples.trace(samples.request())
    assert compare(trace, trace, (graphs(0), graphs(0))).equal
    [finding] = compare(trace, trace, (graphs(0), graphs(1))).findings
    assert finding.path == ("service map",)
    assert finding.field == "greetings (AWS::DynamoDB::Table).counts.ok"
    assert (finding.left, finding.right) == (11_870, 11_871)
