"""X-Ray's header for clients that ask OpenTelemetry's API for the propagator: imported when one does."""

from __future__ import annotations

from typing import Any

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.propagators import textmap

from tracing._context import NAME, Contexts, with_header
from tracing._span import parse


class Propagator(textmap.TextMapPropagator):
    """X-Ray's header for every client that uses the OpenTelemetry API, with `Lineage` and unknown fields."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    def extract(
        self,
        carrier: textmap.CarrierT,
        context: Context | None = None,
        getter: textmap.Getter[textmap.CarrierT] = textmap.default_getter,
    ) -> Context:
        context = context_api.get_current() if context is None else context
        values = getter.get(carrier, NAME) or getter.get(carrier, NAME.lower()) or ()
        header = parse(next(iter(values), ""))
        return with_header(header, context) if header.trace_id and header.parent_id else context

    def inject(
        self,
        carrier: textmap.CarrierT,
        context: Context | None = None,
        setter: textmap.Setter[textmap.CarrierT] = textmap.default_setter,
    ) -> None:
        if header := self._contexts.outgoing(context):
            setter.set(carrier, NAME, header)

    @property
    def fields(self) -> set[str]:
        return {NAME}


class Silent(textmap.TextMapPropagator):
    """Writes nothing: the header of an AWS call is written further in, whoever instruments it."""

    def extract(self, carrier: Any, context: Context | None = None, getter: Any = None) -> Context:
        del carrier, getter
        return Context() if context is None else context

    def inject(self, carrier: Any, context: Context | None = None, setter: Any = None) -> None:
        """Leave the carrier as it is."""

    @property
    def fields(self) -> set[str]:
        return set()
