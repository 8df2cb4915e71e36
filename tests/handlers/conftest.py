"""Handlers as plain Python: tracing is off, AWS is botocore's stub, spans are kept in memory."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

REQUEST_ID = "8f3c1d2e-0000-4000-8000-000000000001"


Load = Callable[..., ModuleType]
Stub = Callable[[Any], Stubber]
Spans = Callable[[ModuleType], Callable[[], dict[str, Any]]]
"""Gives a module a tracer; what it returns are the finished spans by name."""


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Imports a handler's module as Lambda does: the environment is there first."""

    def load(name: str, **environment: str) -> ModuleType:
        variables = {"TRACING_MODE": "off", "AWS_DEFAULT_REGION": "eu-west-1", **environment}
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
        return importlib.import_module(f"handlers.{name}")

    return load


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Stubs a client; at the end, every answer that was prepared must have been asked for."""
    stubbers = []

    def stub(client: Any) -> Stubber:
        stubber = Stubber(client)
        stubber.activate()
        stubbers.append(stubber)
        return stubber

    yield stub
    for stubber in stubbers:
        stubber.deactivate()
    for stubber in stubbers:
        stubber.assert_no_pending_responses()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    """Gives a module a tracer that records, and returns its finished spans by name."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def record(module: ModuleType) -> Callable[[], dict[str, Any]]:
        monkeypatch.setattr(module, "tracer", provider.get_tracer("test"))
        return lambda: {span.name: span for span in exporter.get_finished_spans()}

    return record


@pytest.fixture
def context() -> SimpleNamespace:
    """What the handlers use of Lambda's context object."""
    return SimpleNamespace(aws_request_id=REQUEST_ID)
