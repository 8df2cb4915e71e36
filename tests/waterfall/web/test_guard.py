"""Who may ask the console, and what its pages may do."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize("path", ["/", "/api/traces", "/static/main.js", "/nothing"])
def test_a_foreign_host_is_refused(client: httpx.Client, path: str) -> None:
    """A name that was rebound to 127.0.0.1 reads nothing, not even a static file."""
    answer = client.get(path, headers={"host": "attacker.example:8080"})
    assert answer.status_code == 403
    assert "attacker.example" in answer.json()["error"]


def test_another_site_s_script_is_refused(client: httpx.Client) -> None:
    """A page elsewhere cannot make the console ask X-Ray; a link from elsewhere works."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get("/api/source", headers=headers).status_code == 403
    assert client.get("/traces", headers=headers | {"sec-fetch-mode": "navigate"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/source", "/static/main.js", "/nothing", "/api/traces?limit=x"])
def test_every_answer_carries_the_policy(client: httpx.Client, path: str) -> None:
    """No script or style but the console's own files, on errors too."""
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
