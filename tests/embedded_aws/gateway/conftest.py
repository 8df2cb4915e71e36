from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.embedded_aws.gateway.fakes import Front, Function, Logs, OneStage, Rules, Segments, ok, stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.aws.interfaces import InvokeResult
    from embedded_aws.gateway.model import Stage


@pytest.fixture
def front() -> Callable[..., Front]:
    """Make a gateway in front of one stage and one function."""

    def make(
        deployed: Stage | None = None, answer: InvokeResult | None = None, keys: tuple[str, ...] = ()
    ) -> Front:
        function = Function(answer or ok())
        return Front(OneStage(deployed or stage(), set(keys)), function, Rules(), Segments(), Logs())

    return make
