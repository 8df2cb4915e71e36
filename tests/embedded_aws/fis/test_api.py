"""FIS's HTTP API: what is refused before an operation sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.fis.api import fis_api
from tests.embedded_aws.fis import builders
from tests.embedded_aws.fis.builders import World
from tests.embedded_aws.raw import exchange, request
from tests.embedded_aws.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def url() -> Iterator[str]:
    with serving(fis_api(World().fis())) as found:
        yield found


def test_templates_and_experiments_are_of_one_account(url: str) -> None:
    """Both count the accounts that they reach beyond this one: none."""

    def told(line: str, **given: Any) -> Any:
        return exchange(url, request(line, {}, json.dumps(given).encode())).json()

    template = told("POST /experimentTemplates", **builders.request())["experimentTemplate"]
    wanted = {"clientToken": "once", "experimentTemplateId": template["id"]}
    experiment = told("POST /experiments", **wanted)["experiment"]
    shown = told(f"GET /experiments/{experiment['id']}")["experiment"]
    assert [one["targetAccountConfigurationsCount"] for one in (template, experiment, shown)] == [0, 0, 0]


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff", b'{"a":NaN}', b"9" * 5000, b"[]"])
@pytest.mark.parametrize("line", ["POST /experimentTemplates", "POST /experiments"])
def test_a_body_that_is_not_json_is_refused(url: str, line: str, body: bytes) -> None:
    """The error is FIS's own, with the reason."""
    answer = exchange(url, request(line, {}, body))
    assert answer.status == 400
    assert answer.json()["message"].startswith("The body is not a JSON object: ")


@pytest.mark.parametrize("query", ["maxResults=" + "9" * 5000, "maxResults=%D9%A3", "nextToken=" + "9" * 100])
def test_a_number_that_is_none_is_refused(url: str, query: str) -> None:
    """Pages are counted in short numbers."""
    answer = exchange(url, request(f"GET /actions?{query}", {}))
    assert answer.status == 400
    assert "is not a whole number" in answer.json()["message"]
