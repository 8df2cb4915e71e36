"""What axe-core says of the views, in light and in dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded_aws.aws.ids import RandomIds
from tests.waterfall import samples
from tests.waterfall.logs.writing import Stream, request_id
from tests.waterfall.web.accessibility import serious

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud
    from tests.waterfall.web.browser import Page

DRAWN = {
    "/trace/{id}?node=b000000000000003&find=greeting": ".failed, .details .exception",
    "/trace/{id}?logs=on&zoom=0.01-0.03": ".logs .line",
    "/trace/1-00000000-000000000000000000000000": ".empty",
    "/compare?a={id}&b={id}": ".pair",
    "/compare?a={id}": ".empty",
    "/why?request={id}": ".reasons li",
    "/faults": "table button",
    "/traces": "tbody .failedat.error",
    "/traces?group=failures": ".group",
    "/map": "a.service",
    "/nothing": ".nowhere",
}
"""Addresses, and what is there once they are drawn."""


@pytest.fixture
def failed(cloud: Cloud) -> Cloud:
    """A failed request whose function wrote, linked to one that its client got wrong, and an experiment."""
    refused = RandomIds().trace_id(cloud.start)
    call = samples.integration(0.003, 404, error=True)
    cloud.put([samples.stage(0.004, call, status=404, error=True) | {"trace_id": refused}])
    documents = samples.failed()
    documents[1]["links"] = [{"trace_id": refused, "id": "a000000000000001", "attributes": {}}]
    documents[1]["aws"] = {"request_id": request_id(1)}
    cloud.put(documents)
    cloud.write(Stream().run_in_text(0.018, 0.044, 1, "working", "[ERROR] KeyError: 'x'\n  in handler"))
    cloud.template("slow", action="add-delay", startupDelayMilliseconds="250", invocationPercentage="40")
    return cloud


@pytest.mark.parametrize("address", DRAWN)
def test_nothing_serious_stands_in_the_way_of_anybody(
    failed: Cloud, cloud_console: str, page: Page, address: str
) -> None:
    """Names, roles, contrast, and one heading that says what the view is."""
    page.open(cloud_console + address.format(id=failed.trace_id))
    page.wait(f"document.querySelector({DRAWN[address]!r})")
    assert serious(page) == []
    assert page.count("main h1") == 1
