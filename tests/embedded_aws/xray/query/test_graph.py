"""The service graph of requests through API Gateway, Lambda, DynamoDB and SQS."""

from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.xray.service import XRay
from tests.embedded_aws.steps import lines_run
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, identifier, inner, segment, subsegment, trace_id

STAGE = ("shop/dev", "AWS::ApiGateway::Stage")
SERVICE = ("front", "AWS::Lambda")
FUNCTION = ("front", "AWS::Lambda::Function")
TABLE = ("orders", "AWS::DynamoDB::Table")
CLIENT = ("shop/dev", "client")


def request(trace: str = TRACE, **function: Any) -> list[dict[str, Any]]:
    """One request: stage -> Lambda service -> function -> table."""
    documents = [
        segment(
            "stage",
            name="shop/dev",
            origin="AWS::ApiGateway::Stage",
            takes=1,
            subsegments=[inner("call", name="Lambda", namespace="aws", at=0.1, takes=0.8)],
        ),
        segment("service", "call", name="front", origin="AWS::Lambda", at=0.2, takes=0.6),
        segment(
            "function", "service", name="front", origin="AWS::Lambda::Function", at=0.3, takes=0.5, **function
        ),
        subsegment(
            "write",
            "function",
            name="dynamodb",
            namespace="aws",
            aws={"table_name": "orders"},
            at=0.4,
            takes=0.1,
        ),
    ]
    return [document | {"trace_id": trace} for document in documents]


def values(histogram: list[dict[str, float]]) -> dict[float, float]:
    return {entry["Value"]: entry["Count"] for entry in histogram}


def counts(statistics: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return ok, throttle, other errors, faults; the totals must agree."""
    errors, faults = statistics["ErrorStatistics"], statistics["FaultStatistics"]
    found = statistics["OkCount"], errors["ThrottleCount"], errors["OtherCount"], faults["OtherCount"]
    assert errors["TotalCount"] == found[1] + found[2]
    assert faults["TotalCount"] == found[3]
    assert statistics["TotalCount"] == sum(found)
    return found


def test_request_is_a_chain_of_services(api: Api) -> None:
    """Client, stage, both nodes of the function, and the table, each calling the next."""
    api.put(*request())
    assert set(api.graph()) == {CLIENT, STAGE, SERVICE, FUNCTION, TABLE}
    assert set(api.edges()) == {
        ("client", "AWS::ApiGateway::Stage"),
        ("AWS::ApiGateway::Stage", "AWS::Lambda"),
        ("AWS::Lambda", "AWS::Lambda::Function"),
        ("AWS::Lambda::Function", "AWS::DynamoDB::Table"),
    }


def test_direct_invoke_is_one_function(api: Api) -> None:
    """A direct invoke gives the function's two nodes and its client, and nothing twice."""
    api.put(
        segment("service", name="front", origin="AWS::Lambda"),
        segment("function", "service", name="front", origin="AWS::Lambda::Function"),
        subsegment("work", "function", namespace="local"),
    )
    assert set(api.graph()) == {("front", "client"), SERVICE, FUNCTION}


def test_node_has_the_segments_times_and_statistics(api: Api) -> None:
    """A node counts its segments and sums their time."""
    api.put(*request())
    node = api.graph()[FUNCTION]
    assert (node["StartTime"], node["EndTime"]) == (NOW + 0.3, NOW + 0.8)
    assert counts(node["SummaryStatistics"]) == (1, 0, 0, 0)
    assert node["SummaryStatistics"]["TotalResponseTime"] == pytest.approx(0.5)
    assert values(node["ResponseTimeHistogram"]) == values(node["DurationHistogram"]) == {0.5: 1}
    assert node["Names"] == ["front"]


def test_edge_is_the_callers_view(api: Api) -> None:
    """An edge has the times of the calling subsegment, not those of the called segment."""
    api.put(*request())
    edge = api.edges()["AWS::ApiGateway::Stage", "AWS::Lambda"]
    assert (edge["StartTime"], edge["EndTime"]) == (NOW + 0.1, NOW + 0.1 + 0.8)
    assert values(edge["ResponseTimeHistogram"]) == {0.8: 1}
    assert edge["Aliases"] == []


def test_edge_inside_lambda_is_the_service_itself(api: Api) -> None:
    """No subsegment lies between Lambda's two segments, so the edge has the service segment's own numbers."""
    api.put(*request())
    edge = api.edges()["AWS::Lambda", "AWS::Lambda::Function"]
    assert values(edge["ResponseTimeHistogram"]) == {0.6: 1}


def test_client_has_the_roots_numbers_on_its_edge(api: Api) -> None:
    """The client is unknown, counts nothing itself, and its edge has the root's statistics."""
    api.put(*request())
    client = api.graph()[CLIENT]
    assert (client["State"], client["Root"]) == ("unknown", False)
    assert counts(client["SummaryStatistics"]) == (0, 0, 0, 0)
    (edge,) = client["Edges"]
    assert edge["SummaryStatistics"] == api.graph()[STAGE]["SummaryStatistics"]


def test_state_and_root_are_told(api: Api) -> None:
    """Only services that sent segments are active; only the first service is the root."""
    api.put(*request())
    graph = api.graph()
    assert {key for key, node in graph.items() if node["State"] == "active"} == {STAGE, SERVICE, FUNCTION}
    assert [key for key, node in graph.items() if node["Root"]] == [STAGE]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, (1, 0, 0, 0)),
        ({"error": True, "throttle": True}, (0, 1, 0, 0)),
        ({"error": True}, (0, 0, 1, 0)),
        ({"fault": True}, (0, 0, 0, 1)),
        ({"error": True, "throttle": True, "fault": True}, (0, 0, 0, 1)),
    ],
)
def test_flags_sort_into_one_count(api: Api, flags: dict[str, Any], expected: tuple[int, ...]) -> None:
    """Each segment counts once: as fault, throttle, other error or ok."""
    api.put(*request(**flags))
    assert counts(api.graph()[FUNCTION]["SummaryStatistics"]) == expected


def test_open_segment_is_a_node_without_counts(api: Api) -> None:
    """A segment in progress is on the map and counts as no outcome."""
    api.put(segment("a", takes=None))
    assert counts(api.graph()["a", None]["SummaryStatistics"]) == (0, 0, 0, 0)


def test_duration_goes_on_after_the_response(api: Api) -> None:
    """Work after the response lengthens the duration and not the response time."""
    api.put(segment("a", takes=1, subsegments=[inner("b", at=0.5, takes=2)]))
    node = api.graph()["a", None]
    assert values(node["ResponseTimeHistogram"]) == {1.0: 1}
    assert values(node["DurationHistogram"]) == {2.5: 1}


def test_several_traces_are_summed(api: Api) -> None:
    """The graph of several traces adds their statistics up."""
    traces = [trace_id(number) for number in range(3)]
    for trace in traces:
        api.put(*request(trace, fault=trace == traces[0]))
    node = api.graph(*traces)[FUNCTION]
    assert counts(node["SummaryStatistics"]) == (2, 0, 0, 1)
    assert values(node["ResponseTimeHistogram"]) == {0.5: 3}
    assert (
        counts(api.edges(*traces)["AWS::Lambda::Function", "AWS::DynamoDB::Table"]["SummaryStatistics"])[0]
        == 3
    )


@pytest.mark.parametrize(
    ("call", "service"),
    [({"aws": {"invocation_type": "Event"}}, {}), ({}, {"http": {"response": {"status": 202}}})],
)
def test_asynchronous_edge_has_no_response_times(
    api: Api, call: dict[str, Any], service: dict[str, Any]
) -> None:
    """Nobody waits for an asynchronous invoke: it is counted, without a histogram."""
    api.put(
        segment("caller", subsegments=[inner("invoke", name="lambda", namespace="aws", **call)]),
        segment("service", "invoke", name="worker", origin="AWS::Lambda", **service),
    )
    edge = api.edges()["caller", "AWS::Lambda"]
    assert counts(edge["SummaryStatistics"]) == (1, 0, 0, 0)
    assert edge["ResponseTimeHistogram"] == []


def test_function_below_an_attempt_is_called_by_its_service(api: Api) -> None:
    """An asynchronous invoke's attempt lies between Lambda's segments, and the edge is the attempt's."""
    api.put(
        segment(
            "service", name="f", origin="AWS::Lambda", takes=0.01, subsegments=[inner("try", at=1, takes=3)]
        ),
        segment("function", "try", name="f", origin="AWS::Lambda::Function", at=1),
    )
    assert values(api.edges()["AWS::Lambda", "AWS::Lambda::Function"]["ResponseTimeHistogram"]) == {3.0: 1}


def test_accounts_are_told(api: Api) -> None:
    """A node has the account that its segment or its ARNs name."""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    api.put(
        segment("a", origin="AWS::Lambda", resource_arn=arn),
        segment("b", "a", aws={"account_id": "210987654321"}),
        segment("c", "a", aws={"api_gateway": {"account_id": "333333333333"}}),
        segment("d", "a"),
    )
    accounts = {name: node.get("AccountId") for (name, kind), node in api.graph().items() if kind != "client"}
    assert accounts == {"a": "123456789012", "b": "210987654321", "c": "333333333333", "d": None}


@pytest.mark.parametrize("empty", [{"aws": {"account_id": ""}}, {"origin": ""}], ids=["account", "origin"])
def test_an_empty_account_or_origin_is_none(empty: dict[str, Any], api: Api) -> None:
    """It made a second node of the service, and which of both came first was a matter of chance."""
    api.put(segment("a"))
    api.put({**segment("a"), **empty, "trace_id": trace_id(2)})
    services = api.ask("/TraceGraph", TraceIds=[TRACE, trace_id(2)])["Services"]
    [node] = [service for service in services if service.get("Type") != "client"]
    assert node["SummaryStatistics"]["TotalCount"] == 2
    assert "AccountId" not in node


class TestLinks:
    """Queue -> Lambda: two traces that only a link connects."""

    URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
    PRODUCER, CONSUMER = trace_id(1), trace_id(2)

    def produce(self, *urls: str) -> list[dict[str, Any]]:
        sends = [
            inner(f"send{place}", name="sqs", namespace="aws", aws={"queue_url": url}, at=0.1, takes=0.4)
            for place, url in enumerate(urls or (self.URL,))
        ]
        return [segment("producer", trace_id=self.PRODUCER, subsegments=[inner("work", subsegments=sends)])]

    def consume(self, linked: str) -> list[dict[str, Any]]:
        link = {"trace_id": self.PRODUCER, "id": identifier(linked)}
        return [segment("f", trace_id=self.CONSUMER, origin="AWS::Lambda", at=2, links=[link])]

    def test_link_is_an_edge_from_the_queue(self, api: Api) -> None:
        """The edge is of type `link`, counts nothing, and has the age of the message."""
        api.put(*self.produce(), *self.consume("send0"))
        edge = api.edges(self.PRODUCER, self.CONSUMER)["AWS::SQS::Queue", "AWS::Lambda"]
        assert edge["EdgeType"] == "link"
        assert values(edge["ReceivedEventAgeHistogram"]) == {1.5: 1}
        assert counts(edge["SummaryStatistics"]) == (0, 0, 0, 0)
        assert edge["ResponseTimeHistogram"] == []

    def test_link_may_come_before_its_producer(self, api: Api) -> None:
        """A link that was read while its producer was unknown is drawn when that arrives."""
        api.put(*self.consume("send0"))
        assert api.edges(self.PRODUCER, self.CONSUMER).keys() == {("client", "AWS::Lambda")}
        api.put(*self.produce())
        assert ("AWS::SQS::Queue", "AWS::Lambda") in api.edges(self.PRODUCER, self.CONSUMER)

    @pytest.mark.parametrize("linked", ["work", "producer"])
    def test_link_to_what_encloses_the_only_queue(self, api: Api, linked: str) -> None:
        """A message that carries the id of the sender's function still leads to the queue."""
        api.put(*self.produce(self.URL, self.URL), *self.consume(linked))
        assert ("AWS::SQS::Queue", "AWS::Lambda") in api.edges(self.PRODUCER, self.CONSUMER)

    def test_link_to_the_function_around_the_sender_s_own_segment(self, api: Api) -> None:
        """As ADOT's wrapper leaves it: its segment is below the function's, whose id the message carries."""
        (own,) = self.produce()
        function = segment("function", trace_id=self.PRODUCER, origin="AWS::Lambda::Function")
        api.put(function, own | {"parent_id": function["id"]}, *self.consume("function"))
        assert ("AWS::SQS::Queue", "AWS::Lambda") in api.edges(self.PRODUCER, self.CONSUMER)

    @pytest.mark.parametrize("linked", ["work", "nobody"])
    def test_link_that_does_not_tell_the_queue_draws_nothing(self, api: Api, linked: str) -> None:
        """With two queues below the linked id, or none, no edge is guessed."""
        api.put(*self.produce(self.URL, self.URL + "2"), *self.consume(linked))
        assert ("AWS::SQS::Queue", "AWS::Lambda") not in api.edges(self.PRODUCER, self.CONSUMER)

    def test_a_sender_is_read_once_for_all_of_its_messages(self) -> None:
        """Read again for each of them, ten times the messages took a hundred times as long."""
        few, many = self.steps_for(30), self.steps_for(300)
        assert many < 15 * few

    def steps_for(self, messages: int) -> int:
        """Count what the map takes of a trace that sent these messages, each to a trace of its own."""
        api = Api(XRay(None, clock=lambda: NOW))
        api.put(*self.produce(*[self.URL] * messages))
        for message in range(messages):
            api.put(*({**one, "trace_id": trace_id(3 + message)} for one in self.consume(f"send{message}")))
        steps = lines_run(lambda: api.ask("/ServiceGraph", StartTime=NOW, EndTime=NOW + 5))
        api.xray.close()
        return steps

    def test_queue_outside_the_graph_is_not_drawn(self, api: Api) -> None:
        """The consumer's graph alone has no queue."""
        api.put(*self.produce(), *self.consume("send0"))
        assert set(api.graph(self.CONSUMER)) == {("f", "client"), ("f", "AWS::Lambda")}


def test_calls_of_an_orphan_have_no_caller(api: Api) -> None:
    """What a subsegment without a segment calls is a node, but no service is invented as its caller."""
    api.put(subsegment("b", "gone", name="shop", namespace="remote"))
    assert set(api.graph()) == {("shop", "remote")}
    assert api.edges() == {}


def test_service_whose_caller_is_elsewhere_is_the_root(api: Api) -> None:
    """The first segment of a trace is the root even if it was called by something that is not traced here."""
    api.put(segment("a", "outside"), segment("b", "a", at=0.1))
    assert [key for key, node in api.graph().items() if node["Root"]] == [("a", None)]


def test_service_graph_covers_a_window(api: Api) -> None:
    """GetServiceGraph sums the traces that began in [StartTime, EndTime)."""
    for second in range(5):
        api.put(segment("a", trace_id=trace_id(second, NOW + second), at=second))
    answer = api.ask("/ServiceGraph", StartTime=NOW + 1, EndTime=NOW + 3)
    services = {service.get("Type"): service for service in answer["Services"]}
    assert services[None]["SummaryStatistics"]["TotalCount"] == 2
    assert (answer["StartTime"], answer["EndTime"]) == (NOW + 1, NOW + 3)
    assert answer["ContainsOldGroupVersions"] is False


def test_graph_follows_new_documents(api: Api) -> None:
    """A graph that was asked for before has the documents that came since."""
    api.put(segment("a", takes=None))
    assert counts(api.graph()["a", None]["SummaryStatistics"]) == (0, 0, 0, 0)
    api.put(segment("a", fault=True))
    assert counts(api.graph()["a", None]["SummaryStatistics"]) == (0, 0, 0, 1)


def test_unknown_traces_have_an_empty_graph(api: Api) -> None:
    """Ids that nobody sent, or that are none, are no error."""
    assert api.graph(trace_id(7), "no-id", "\ud800") == {}
