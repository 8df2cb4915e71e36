"""What Pulumi's SDK is spared in the next run of a program."""

from __future__ import annotations

import pulumi_aws as aws
import pytest
from pulumi import _types
from pulumi.runtime import resource

from embedded_aws.engine.shortcuts import read_types, remember_types, skip_stack_traces


def test_types_that_one_run_read_are_there_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are named by the class, which the next run has imported ahead."""
    monkeypatch.setattr(_types, "_raw_return_hints", _types._raw_return_hints)
    told = remember_types()
    known = _types._types_from_py_properties
    known.cache_clear()
    before = known(aws.sqs.Queue)
    assert list(told()) == [("pulumi_aws.sqs.queue", "Queue")]

    known.cache_clear()
    read_types([*told(), ("nowhere", "Queue"), ("pulumi_aws.sqs.queue", "Gone")])
    read = known.cache_info().misses
    assert known(aws.sqs.Queue) == before
    assert known.cache_info().misses == read


def test_no_stack_is_recorded_for_a_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi's engine shows it; here the line of the program is known otherwise."""
    monkeypatch.setattr(resource, "_get_stack_trace", resource._get_stack_trace)
    skip_stack_traces()
    assert not resource._get_stack_trace().frames
    assert resource._get_source_position(resource._get_stack_trace()) is None


def test_an_sdk_without_them_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Older ones have neither."""
    monkeypatch.delattr(_types, "_raw_return_hints")
    monkeypatch.delattr(resource, "_get_stack_trace")
    assert list(remember_types()()) == []
    skip_stack_traces()
    assert not hasattr(resource, "_get_stack_trace")
