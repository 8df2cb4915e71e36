"""Routes of an API."""

from __future__ import annotations

import pytest

from components.routes import Route, RouteError, parse_route


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("GET /", Route("GET", ())),
        ("GET /hello", Route("GET", ("hello",))),
        ("ANY /orders/{id}", Route("ANY", ("orders", "{id}"))),
        ("POST /files/{path+}", Route("POST", ("files", "{path+}"))),
    ],
)
def test_a_route_is_a_method_and_segments(text: str, route: Route) -> None:
    """Routes are read as API Gateway understands them."""
    assert parse_route(text) == route


@pytest.mark.parametrize(
    "text", ["", "hello", "GET hello", "get /hello", "FETCH /hello", "GET  /hello", "GET /a b"]
)
def test_what_is_no_route_is_refused(text: str) -> None:
    """The error shows what a route looks like."""
    with pytest.raises(RouteError, match="like 'GET /hello'"):
        parse_route(text)


@pytest.mark.parametrize("path", ["/a/", "//a", "/a//b", "/{}", "/{id", "/{a+}/b", "/a?b", "/é", "/{a}{b}"])
def test_a_segment_that_api_gateway_refuses_is_refused(path: str) -> None:
    """The error names the segment and what it may be."""
    with pytest.raises(RouteError, match="a segment is letters, digits"):
        parse_route(f"GET {path}")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("GET /", "GET/"),
        ("GET /hello", "GET/hello"),
        ("ANY /orders/{id}", "*/orders/*"),
        ("GET /files/{path+}", "GET/files/*"),
    ],
)
def test_the_source_of_a_call_is_as_narrow_as_the_route(text: str, source: str) -> None:
    """Only what varies from call to call is left open."""
    assert parse_route(text).source == source


def test_resources_go_from_the_top_down() -> None:
    """Each part of a path is a resource below the one before."""
    assert parse_route("GET /a/{b}").resources == [("a",), ("a", "{b}")]
