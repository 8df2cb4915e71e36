from __future__ import annotations

import re

import pytest

from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.naming import api_id, auto_name

URN = "urn:pulumi:dev::shop::aws:sqs/queue:Queue::orders"


def test_automatic_name_has_pulumis_form() -> None:
    """An automatic name is the logical name, a dash and seven hex digits."""
    assert re.fullmatch(r"orders-[0-9a-f]{7}", auto_name(URN, "orders", 80))


def test_automatic_name_is_the_same_in_every_run() -> None:
    """The suffix depends on the URN alone."""
    assert auto_name(URN, "orders", 80) == auto_name(URN, "orders", 80)
    assert auto_name(URN, "orders", 80) != auto_name(URN.replace("dev", "prod"), "orders", 80)


def test_ending_follows_the_suffix() -> None:
    """A FIFO queue's automatic name ends in .fifo."""
    assert re.fullmatch(r"orders-[0-9a-f]{7}\.fifo", auto_name(URN, "orders", 80, ".fifo"))


def test_name_that_aws_would_refuse_is_an_error() -> None:
    """A name over the service's limit fails as it would with Pulumi, saying the limit."""
    with pytest.raises(EngineError, match="has 88 characters, but AWS allows 80"):
        auto_name(URN, "o" * 80, 80)


def test_api_id_looks_like_awss_and_is_stable() -> None:
    """A REST API id has ten lower-case letters and digits, the same in every run."""
    assert re.fullmatch(r"[0-9a-z]{10}", api_id(URN))
    assert api_id(URN) == api_id(URN) != api_id(URN + "2")
