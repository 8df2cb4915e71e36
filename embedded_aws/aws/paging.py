"""Lists in pages: a token says where the next one begins. What it looks like is the service's own affair."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded_aws.aws.errors import AwsError, InvalidRequestError
from embedded_aws.aws.parsing import ParseError, read_integer, read_json


@dataclass(frozen=True)
class NumberedPages:
    """Pages whose `nextToken` is the position of their first item, up to `last`; `refused` says it is none.

    The request's member `size` has the most items of a page, of which `default` are usual.
    """

    size: str
    default: int
    last: int
    refused: Callable[[ParseError], AwsError]

    def page(self, key: str, items: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the page that is asked for as `key`; raises `AwsError`."""
        try:
            first = read_integer(given.get("nextToken", "0"), 0, self.last)
        except ParseError as error:
            raise self.refused(error) from error
        return _page(key, items, first, given.get(self.size, self.default), ("nextToken", str))


def paged(key: str, items: Sequence[Any], given: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return X-Ray's page of `items` as `key`, with a NextToken when there are more."""
    return _page(key, items, position(given), size, ("NextToken", token))


def token(place: Any) -> str:
    """Return a NextToken of X-Ray, which nobody can read, for a place in JSON."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def position(given: Mapping[str, Any]) -> int:
    """Return how many items the earlier pages had."""
    match read_token(given):
        case None:
            return 0
        case int(number) if number > 0:
            return number
    raise bad_token(given)


def read_token(given: Mapping[str, Any]) -> Any:
    """Return what `token` was given; `None` when there is no NextToken."""
    if given.get("NextToken") is None:
        return None
    try:
        return read_json(base64.b64decode(given["NextToken"], altchars=b"-_", validate=True))
    except (TypeError, ValueError) as error:
        raise bad_token(given) from error


def bad_token(given: Mapping[str, Any]) -> InvalidRequestError:
    """Return the error for a NextToken that no answer had."""
    return InvalidRequestError(
        f"NextToken {given['NextToken']!r} did not come from an answer of this operation"
    )


def _page(
    key: str, items: Sequence[Any], first: int, size: int, following: tuple[str, Callable[[int], str]]
) -> dict[str, Any]:
    name, written = following
    page: dict[str, Any] = {key: list(items[first : first + size])}
    return page if first + size >= len(items) else {**page, name: written(first + size)}
