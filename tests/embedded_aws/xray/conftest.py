"""An X-Ray in memory and its API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import NOW, Api


@pytest.fixture
def api() -> Iterator[Api]:
    xray = XRay(None, clock=lambda: NOW + 5)
    yield Api(xray)
    xray.close()
