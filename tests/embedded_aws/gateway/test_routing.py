from __future__ import annotations

import pytest

from embedded_aws.gateway.model import Method, Resource
from embedded_aws.gateway.routing import match


def tree(*routes: str) -> list[Resource]:
    """Make resources from `METHOD[,METHOD] /path` lines; `-` is a resource without methods."""
    resources = []
    for route in routes:
        methods, path = route.split()
        names = [] if methods == "-" else methods.split(",")
        resources.append(Resource(path, path, {name: Method(name, None) for name in names}))
    return resources


@pytest.mark.parametrize(
    ("method", "path", "served_by", "parameters"),
    [
        ("GET", "/jobs/reboot", "/jobs/{type}", {"type": "reboot"}),
        ("GET", "/jobs", "/{proxy+}", {"proxy": "jobs"}),
        ("POST", "/jobs", "/{proxy+}", {"proxy": "jobs"}),
        ("POST", "/jobs/reboot", "/{proxy+}", {"proxy": "jobs/reboot"}),
        ("GET", "/cors_only", "/{proxy+}", {"proxy": "cors_only"}),
        ("OPTIONS", "/cors_only", "/cors_only", {}),
    ],
)
def test_resource_and_method_are_matched_as_a_pair(
    method: str, path: str, served_by: str, parameters: dict[str, str]
) -> None:
    """A request falls through to a less specific resource when the better one lacks the method."""
    resources = tree("ANY /{proxy+}", "- /jobs", "GET /jobs/{type}", "OPTIONS /cors_only")
    found = match(resources, method, path)
    assert found is not None
    assert (found.resource.path, found.path_parameters) == (served_by, parameters)


def test_literal_beats_parameter_beats_greedy() -> None:
    """The most specific of several fitting resources answers."""
    resources = tree("GET /users/{rest+}", "GET /users/{id}", "GET /users/me")
    served = [match(resources, "GET", path) for path in ("/users/me", "/users/7", "/users/7/posts")]
    assert [found.resource.path for found in served if found] == [
        "/users/me",
        "/users/{id}",
        "/users/{rest+}",
    ]


def test_own_method_beats_any() -> None:
    """A resource's own method is preferred to its ANY."""
    found = match(tree("ANY,GET /a"), "GET", "/a")
    assert found is not None
    assert found.method.http_method == "GET"


def test_parameters_are_decoded() -> None:
    """Path parameters arrive percent-decoded, and an encoded slash does not split a segment."""
    found = match(tree("GET /files/{name}"), "GET", "/files/a%2Fb%20c")
    assert found is not None
    assert found.path_parameters == {"name": "a/b c"}


def test_greedy_does_not_match_its_parent() -> None:
    """`/{proxy+}` needs at least one segment."""
    assert match(tree("ANY /{proxy+}"), "GET", "/") is None


def test_unknown_path_matches_nothing() -> None:
    """A path longer or shorter than every resource has no route."""
    resources = tree("GET /", "GET /a/b")
    assert match(resources, "GET", "/a") is None
    assert match(resources, "GET", "/a/b/c") is None


def test_root_answers_the_bare_stage() -> None:
    """The root resource answers with and without the slash."""
    resources = tree("GET /")
    assert match(resources, "GET", "/") is not None
    assert match(resources, "GET", "") is not None
