"""Answers why a request has a trace or none, from what the journal and AWS's APIs tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waterfall.sampling.client import read_rules
from waterfall.shell import typed
from waterfall.stack.routes import arn_of_stage, function_of, rest_apis
from waterfall.traces import arguments
from waterfall.traces.client import Reader, ReadError, RefusedError, Source, client, readable
from waterfall.traces.finding import ids_with
from waterfall.why.client import MOST, Journal
from waterfall.why.dry_run import DryRun, Stage, UnreadFunction, explain_dry_run
from waterfall.why.explain import brief, explain, explain_trace
from waterfall.why.facts import Entry, Evidence, Function, Refusal, read_entry, read_invocation
from waterfall.why.machines import explain_machine
from waterfall.why.question import Question, Url
from waterfall.why.reasons import Explanation, Reason
from waterfall.why.rules import explain_rule
from waterfall.why.traces import stored

_LAST = 50
"""Among so many of the newest entries the last request is looked for."""
_NOT_AWS = (
    "AWS records neither past requests nor how they were sampled: "
    "this is what decides about such a request as the account is set now."
)
_AWS_FORGETS = (
    "AWS records neither past requests nor how they were sampled: the trace itself is all there is."
)
_ELSEWHERE = (
    "No request or invocation of this trace is remembered: it began before the last start, "
    "thousands of requests ago, or elsewhere."
)
_IN_LOGS = "Transaction Search is on in this account: only indexed traces (1 % by default) are found here."
_FORGOTTEN = "No such request is remembered: this is what decides about one as the stack is set now."


class UnknownRequestError(ReadError):
    """The request that was meant is not remembered."""


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """A request in a list, its traces that are there, and why there are any or none, in a few words."""

    entry: Entry
    traces: tuple[str, ...]
    brief: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An explanation, and the request that it is about, if one is known."""

    explanation: Explanation
    entry: Entry | None = None


class Explainer:
    """Answers why a request has a trace or none; every method raises ReadError when that cannot be told."""

    def __init__(self, reader: Reader, source: Source) -> None:
        self._reader = reader
        self._source = source
        self._journal = Journal(None if source.aws else source.endpoint)

    def newest(self, limit: int) -> list[ListedRequest] | None:
        """Return the last requests, newest first; `None` where none are remembered."""
        told = self._journal.newest(min(limit, MOST))
        return None if told is None else [_listed(one) for one in told]

    def ask(self, question: Question, now: float) -> Answer:
        """Explain the request, or the rule, that is meant."""
        if question.rule:
            return Answer(self._of_rule(question.rule, now))
        if question.machine:
            return Answer(explain_machine(self._reader, self._source, question.machine))
        if question.trace_id:
            return self._of_trace(question.trace_id, now)
        if question.request_id:
            return self._of_id(question.request_id, now)
        if question.url:
            url = question.url
            entries = map(read_entry, self._journal.newest() or ())
            found = next((entry for entry in entries if url.matches(entry)), None)
            return self._of_request(found.id) if found else Answer(self._dry_run(url))
        newest = self._journal.newest(_LAST)
        if newest is None:
            raise ReadError(f"{self._endpoint} remembers no requests: give a trace id, or a method and a URL")
        if not newest:
            raise UnknownRequestError("no request has come yet: send one")
        # What a queue hands on is a consequence of a request, and not the one that somebody just sent.
        last = next((one for one in newest if not one.get("event_source")), newest[0])
        return self._of_request(last["id"])

    def _of_rule(self, name: str, now: float) -> Explanation:
        told = self._journal.rule(name)
        if told is None:
            raise ReadError(f"{self._endpoint} remembers no events: the embedded AWS alone explains rules")
        if told["rule"] is None:
            raise ReadError(f"there is no rule {name}: there are {', '.join(told['names']) or 'none'}")
        return explain_rule(told["rule"], now)

    @property
    def _endpoint(self) -> str:
        return "AWS" if self._source.aws else self._source.endpoint

    def _of_id(self, id_: str, now: float) -> Answer:
        """Explain the request with that id, or with the trace that has such a part in its id."""
        try:
            return self._of_request(id_)
        except ReadError:
            try:
                found = ids_with(self._reader, arguments.part_of_id(id_), now)
            except ValueError:
                found = []
            if len(found) != 1:
                raise
            return self._of_trace(found[0], now)

    def _of_request(self, id_: str) -> Answer:
        told = self._journal.one(id_)
        if told is None:
            raise ReadError(
                f"{self._endpoint} remembers no requests by id: give a trace id, or a method and a URL"
            )
        if told["entry"] is None:
            told = self._beginning_with(id_) or told
        evidence = self._evidence(told)
        if evidence.entry is None:
            raise UnknownRequestError(
                f"no request {id_} is remembered: `{typed('why --list')}` shows the last ones, "
                "and older ones, or those before the last start, are forgotten"
            )
        return Answer(explain(evidence), evidence.entry)

    def _beginning_with(self, start: str) -> dict[str, Any] | None:
        """Return what is known of the one request whose id begins so."""
        found = [one["id"] for one in self._journal.newest() or () if one["id"].startswith(start)]
        return self._journal.one(found[0]) if len(found) == 1 else None

    def _of_trace(self, trace_id: str, now: float) -> Answer:
        evidence = self._evidence(self._journal.one(trace_id) or {}, trace_id)
        if evidence.entry is None:
            return Answer(explain_trace(trace_id, evidence, self._unremembered(evidence), now))
        return Answer(explain(evidence), evidence.entry)

    def _unremembered(self, evidence: Evidence) -> list[Reason]:
        """Say why a trace's request is not known, and where traces are that this API does not show."""
        reasons = [Reason("info", _AWS_FORGETS if self._source.aws else _ELSEWHERE)]
        if self._source.aws and not evidence.stored and self._reader.keeps_all_in_logs():
            reasons.append(Reason("gap", _IN_LOGS, "Search the log group aws/spans for it."))
        return reasons

    def _evidence(self, told: Mapping[str, Any], trace_id: str | None = None) -> Evidence:
        entry = read_entry(told["entry"]) if told.get("entry") else None
        invocations = tuple(map(read_invocation, told.get("invocations", ())))
        documents: dict[str, int] = dict(told.get("documents", {}))
        ids = list(documents) or [id_ for id_ in [trace_id] if id_]
        traces = [stored(trace) for trace in self._reader.get(ids)]
        own = entry.trace_id if entry else trace_id
        return Evidence(
            entry=entry,
            invocations=invocations,
            documents=documents,
            refused=tuple(
                Refusal(one.get("name"), str(one.get("message"))) for one in told.get("refused", ())
            ),
            daemon=dict(told.get("daemon", {})),
            functions=self._functions({one.function for one in invocations}),
            stored=tuple(sorted(traces, key=lambda trace: trace.id != own)),
            deployed=self._journal.deployed() if entry and getattr(entry, "api_name", "") is None else {},
        )

    def _functions(self, names: set[str]) -> dict[str, Function]:
        """Return how functions are configured; those that are gone, or may not be read, are left out."""
        lambda_ = client(self._source, "lambda") if names else None
        found = {}
        for name in sorted(names):
            try:
                found[name] = self._function(lambda_, name)
            except RefusedError:
                continue
        return found

    def _function(self, lambda_: Any, name: str) -> Function:
        with readable(self._source, "Lambda"):
            told = lambda_.get_function_configuration(FunctionName=name)
        return Function(
            name=name,
            mode=told.get("TracingConfig", {}).get("Mode", "PassThrough"),
            variables=told.get("Environment", {}).get("Variables", {}),
            layers=tuple(layer["Arn"] for layer in told.get("Layers", ())),
        )

    def _dry_run(self, url: Url) -> Explanation:
        method, stage = url.method or "GET", self._stage(url)
        rules = read_rules(self._reader)
        remembered = _NOT_AWS if self._source.aws else _FORGOTTEN
        return explain_dry_run(DryRun(method, url.path, stage, rules, remembered))

    def _stage(self, url: Url) -> Stage | None:
        gateway = client(self._source, "apigateway")
        with readable(self._source, "API Gateway"):
            apis = [api for api in rest_apis(gateway) if url.api in {None, api["id"]}]
        for api in apis:
            try:
                return self._stage_in(gateway, api, url)
            except RefusedError as error:
                if error.code != "NotFoundException":
                    raise
        return None

    def _stage_in(self, gateway: Any, api: Mapping[str, Any], url: Url) -> Stage:
        with readable(self._source, "API Gateway"):
            if url.stage is None:
                (stage, *_) = gateway.get_stages(restApiId=api["id"])["item"] or [{}]
            else:
                stage = gateway.get_stage(restApiId=api["id"], stageName=url.stage)
            name = function_of(gateway, api["id"], url.method or "GET", url.path)
        return Stage(
            api["name"],
            stage.get("stageName", ""),
            bool(stage.get("tracingEnabled")),
            self._called(name) if name else None,
            arn_of_stage(gateway, api["id"], stage.get("stageName", "")),
        )

    def _called(self, name: str) -> Function | UnreadFunction:
        try:
            return self._function(client(self._source, "lambda"), name)
        except RefusedError as error:
            return UnreadFunction(name, str(error))


def _listed(told: Mapping[str, Any]) -> ListedRequest:
    entry, traces = read_entry(told), tuple(told.get("traces", ()))
    return ListedRequest(entry, traces, brief(entry, traces))
