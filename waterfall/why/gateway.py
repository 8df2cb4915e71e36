"""What API Gateway did with a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from waterfall.why.facts import ApiRequest
from waterfall.why.reasons import Reason, listed
from waterfall.why.sampled import header_reasons, rule_reasons

_TURN_ON = (
    "Turn X-Ray tracing on for the stage (xray_tracing_enabled=True; in this program a `tracing` other than "
    "off) and deploy."
)


def request_reasons(request: ApiRequest, deployed: Mapping[str, str]) -> list[Reason]:
    """Say how far a request came and what decided, in the order in which it was decided."""
    if request.api_name is None:
        return [_unknown(request, deployed)]
    reached = Reason(
        "ok", f"The request reached the stage {request.stage_name} and was answered {request.status}."
    )
    return [reached, _integration(request), *_decided(request)]


def is_untraced_kind(request: ApiRequest) -> bool:
    """Tell whether X-Ray does not know the kind of API, so that the function decides."""
    return request.api_type != "REST"


def _unknown(request: ApiRequest, deployed: Mapping[str, str]) -> Reason:
    places = [f"{name} at {url}" for name, url in deployed.items()]
    missing = f"stage {request.stage or '(none)'} of an API {request.api_id} is deployed"
    return Reason(
        "stop",
        f"No {missing}: the request was answered {request.status}, and nothing is there that could trace it.",
        f"Send it to {listed(places)}." if places else "Deploy an API first.",
        f"no {missing}",
        "no such stage",
    )


def _integration(request: ApiRequest) -> Reason:
    if request.function:
        return Reason("ok", f"Its route {request.route} called the function {request.function}.")
    if request.route is not None and request.error is None:
        return Reason("ok", f"What its route {request.route} leads to is no function, and answered.")
    told = f"API Gateway itself answered {request.status} {request.error or ''}".rstrip()
    if request.route is None:
        why, fix = (
            f"the API has no route for {request.method} {request.url}",
            "Deploy the route, or mend the URL.",
        )
    elif request.status == 429:
        why, fix = "the stage's throttling let it not through", "Raise throttleRate and throttleBurst."
    elif request.status == 413:
        why, fix = "its body is larger than API Gateway takes", "Send less than 10 MB; Lambda takes 6 MB."
    elif request.status in {401, 403}:
        why, fix = _refusal(request)
    else:
        why, fix = "the integration could not be called", ""
    left = "." if is_untraced_kind(request) else ", the stage's own segment is all."
    return Reason("info", f"{told}, as {why}: no function was called{left}", fix)


def _refusal(request: ApiRequest) -> tuple[str, str]:
    """Say what a request lacked that was not let in, and what lets it in."""
    if request.api_type == "URL" or request.error == "Missing Authentication Token":
        return "it was not signed with Signature Version 4", "Sign it, as `curl --aws-sigv4` does."
    if request.status == 403 and request.error == "Forbidden" and request.api_type == "REST":
        return "it came without a valid API key", "Send one in X-Api-Key."
    if request.status == 401:
        return "it came without what its authorizer asks for", "Send a token that the authorizer accepts."
    return "its authorizer did not allow it", ""


def _decided(request: ApiRequest) -> Iterator[Reason]:
    if is_untraced_kind(request):
        kind = "Function URLs" if request.api_type == "URL" else "HTTP APIs"
        yield Reason(
            "info",
            f"{kind} have no X-Ray tracing: the request's tracing header is handed on, the function's side "
            "decides. The node of the gateway is inferred.",
        )
    else:
        yield stage_reason(request.stage_name, tracing=request.tracing)
    yield from header_reasons(request)
    if request.decision:
        yield from rule_reasons(request.decision)


def stage_reason(name: str, *, tracing: bool) -> Reason:
    """Say whether a stage, named `<API>/<stage>`, traces."""
    if tracing:
        return Reason("ok", f"X-Ray tracing is on for the stage {name}.")
    return Reason(
        "stop",
        f"X-Ray tracing is off for the stage {name}: it sends no segment and asks no rule.",
        _TURN_ON,
        f"tracing is off for the stage {name}",
        "stage: tracing off",
    )
