"""The only way to traces: an X-Ray API, of a local stack or of an AWS account, through boto3.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from __future__ import annotations

import math
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from loopback_guard import is_loopback, origin_of
from waterfall.ports import LOCAL_ENDPOINT
from waterfall.shell import typed
from waterfall.traces.advice import DENIED, advice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waterfall.traces.model import Trace
    from waterfall.traces.service_map import ServiceMap
    from waterfall.traces.summaries import Summary

LOCAL_REGION = "us-east-1"
IDS_PER_CALL = 5
"""BatchGetTraces and GetTraceGraph take at most five ids."""
LOCAL_DELAY, AWS_DELAY = 60.0, 300.0
"""Seconds after its start within which a trace is found: an account's X-Ray lists it later than a stack's."""
LONGEST_LISTING = 24 * 3600.0
LONGEST_MAP = 6 * 3600.0
_MAKING = threading.Lock()
"""boto3's sessions make one client at a time."""
_KEPT = 30 * 86_400.0
_LATEST_AMONG = 100
_FIRST_WINDOW = 60.0
_GROWTH = 6


class ReadError(Exception):
    """Traces cannot be read; the message says why and what to do, in one line."""


class RefusedError(ReadError):
    """X-Ray, or another service, refused what was asked: `code` and `reason` are its own."""

    def __init__(
        self, operation: str, code: str, reason: str, service: str = "X-Ray", advised: str = ""
    ) -> None:
        super().__init__(_with(f"{service} refused {operation}: {code}: {reason}", advised))
        self.code = code
        self.reason = reason

    @property
    def is_about_request(self) -> bool:
        """Tell whether what was asked is wrong, not who asked, how often, or X-Ray itself."""
        return self.code == "InvalidRequestException"

    @property
    def is_denied(self) -> bool:
        """Tell whether who asked lacks the permission."""
        return self.code in DENIED


@dataclass(frozen=True, slots=True)
class Source:
    """Where traces are read: a local endpoint, or with `aws` the account of a profile and region."""

    endpoint: str = LOCAL_ENDPOINT
    aws: bool = False
    profile: str | None = None
    region: str | None = None

    @property
    def used_profile(self) -> str | None:
        """The profile whose credentials boto3 takes, if not those of the environment."""
        return self.profile or os.environ.get("AWS_PROFILE")


def client(source: Source, service: str) -> Any:
    """Return a boto3 client; raises ReadError when the profile or region is missing."""
    # `up` starts its stack first: these take longer than everything else that the viewer imports
    from botocore.config import Config  # noqa: PLC0415

    try:
        if source.aws:
            import boto3  # noqa: PLC0415 - a local stack needs none of what it adds to botocore

            session = boto3.Session(profile_name=source.profile, region_name=source.region)
            config = Config(
                retries={"mode": "standard", "max_attempts": 8},
                ignore_configured_endpoint_urls=exported_endpoint() is not None,
            )
            return session.client(service, config=config)
        config = Config(
            connect_timeout=2,
            read_timeout=60,
            retries={"total_max_attempts": 1},
            proxies={},
            user_agent="waterfall",
        )
        with _MAKING:
            session, region = _local_session(), source.region or LOCAL_REGION
            return session.create_client(service, region, endpoint_url=source.endpoint, config=config)
    except (ProfileNotFound, NoRegionError) as error:
        raise ReadError(f"{error}; name one with --profile or --region") from error
    except BotoCoreError as error:
        raise ReadError(_with(str(error), advice(error, source.used_profile))) from error
    except ValueError as error:
        raise ReadError(str(error)) from error


def exported_endpoint() -> str | None:
    """Return the endpoint that this shell gives to AWS SDKs, if it is one of this machine.

    Others, such as a proxy or an account's own endpoint, are on the way to an account.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    scheme, _, host = (origin_of(endpoint) or "").partition("://")
    return endpoint if scheme == "http" and is_loopback(host) else None


@cache
def _local_session() -> Any:
    """Return a session that reads no file of the user's: a local stack must not need an account.

    There is one for all clients: a new one reads the models of AWS's services again, for each of them.
    """
    import botocore.session  # noqa: PLC0415 - as above

    from waterfall.traces.loader import ModelLoader  # noqa: PLC0415 - as above

    unset = (None, None, None, None)
    files = ("profile", "config_file", "credentials_file")
    session = botocore.session.Session(session_vars=dict.fromkeys(files, unset))
    session.register_component("data_loader", ModelLoader())
    session.set_credentials("local", "local")
    return session


class Reader:
    """Reads traces, summaries and maps; every method raises ReadError when X-Ray cannot be read."""

    def __init__(self, source: Source, xray: Any) -> None:
        self._source = source
        self._xray = xray

    @property
    def source(self) -> Source:
        """Where it reads."""
        return self._source

    def get(self, ids: Sequence[str]) -> list[Trace]:
        """Return the traces that exist, in the order of their ids."""
        from waterfall.traces import tree  # noqa: PLC0415 - a stack starts without them; so below

        found: dict[str, Trace] = {}
        for first in range(0, len(ids), IDS_PER_CALL):
            for page in self.pages("batch_get_traces", TraceIds=list(ids[first : first + IDS_PER_CALL])):
                for answer in page.get("Traces", []):
                    found[answer["Id"]] = tree.from_api(answer)
        return [found[id_] for id_ in ids if id_ in found]

    def summaries(
        self, start: float, end: float, *, limit: int | None = None, expression: str | None = None
    ) -> list[Summary]:
        """Return the summaries of a time, newest first; `expression` is X-Ray's filter expression.

        The time is read in windows, from the end and growing, so that a small `limit` reads little of a
        long time and no window is longer than X-Ray allows.
        """
        found: dict[str, Summary] = {}
        for window in self._windows(start, end):
            missing = None if limit is None else limit - len(found)
            found |= self._window(*window, expression, missing)
            if limit is not None and len(found) >= limit:
                break
        newest = sorted(found.values(), key=lambda item: (item.start or 0.0, item.id), reverse=True)
        return newest[:limit]

    def _windows(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Cut a time into windows that are answered: the embedded AWS takes any length.

        X-Ray keeps nothing for longer than 30 days. https://docs.aws.amazon.com/general/latest/gr/xray.html
        """
        if self._source.aws:
            return windows(max(start, end - _KEPT), end)
        return windows(start, end, math.inf)

    def _window(
        self, start: float, end: float, expression: str | None, limit: int | None
    ) -> dict[str, Summary]:
        """Return the summaries of a window by id; with `limit`, at least so many of its newest.

        A window may hold a hundred thousand traces, of which fifty are wanted. The embedded AWS promises that
        its pages are newest first, so there the first pages are enough. X-Ray promises no order: a page may
        be any part of its window. There, a window that turns out to hold more than is wanted is halved, and
        its younger half read instead, down to one second, which is the finest time that its API takes: that
        reads some pages twice, but never the whole of a window for its end.
        """
        from waterfall.traces.summaries import summary  # noqa: PLC0415

        found: dict[str, Summary] = {}
        for page in self.pages("get_trace_summaries", **_span(start, end, expression)):
            found |= {one.id: one for one in map(summary, page.get("TraceSummaries", []))}
            if limit is not None and len(found) >= limit and page.get("NextToken"):
                break
        else:
            return found
        if not self._source.aws:
            return found
        middle = float(math.ceil((start + end) / 2))
        if not int(start) < middle < int(end):  # boto3 sends whole seconds
            return self._window(start, end, expression, None)
        newer = self._window(middle, end, expression, limit)
        if len(newer) >= limit:
            return newer
        return newer | self._window(start, middle, expression, limit - len(newer))

    def latest(self, start: float, end: float) -> Summary | None:
        """Return the newest trace of a time: of the youngest window with traces, a request if it has one.

        Of many traces only the newest are looked at.
        """
        for window in self._windows(start, end):
            newest = self._window(*window, None, _LATEST_AMONG).values()
            if newest:
                return max(newest, key=lambda item: (item.is_request, item.start or 0.0))
        return None

    def service_map(self, start: float, end: float) -> ServiceMap:
        """Return the service map of a time of at most six hours.

        boto3 cuts seconds off, and of six hours a younger end would make six hours and a second.
        """
        from waterfall.traces.service_map import service_map  # noqa: PLC0415

        pages = self.pages("get_service_graph", **_span(min(math.ceil(start), end), end))
        return service_map([item for page in pages for item in page.get("Services", [])], start, end)

    def map_of(self, trace: Trace) -> ServiceMap:
        """Return the service map of one trace."""
        from waterfall.traces.service_map import service_map  # noqa: PLC0415

        pages = self.pages("get_trace_graph", TraceIds=[trace.id])
        services = [item for page in pages for item in page.get("Services", [])]
        return service_map(services, trace.start, trace.end)

    def keeps_all_in_logs(self) -> bool:
        """Tell whether Transaction Search is on: then only indexed traces are found through this API."""
        try:
            answer = self._xray.get_trace_segment_destination()
        except (BotoCoreError, ClientError):
            return False  # a reader may lack the permission, and an older endpoint the operation
        return bool(answer.get("Destination") == "CloudWatchLogs")

    def pages(self, operation: str, **parameters: Any) -> Iterator[Any]:
        """Yield the pages of an operation, such as `get_sampling_rules`, as they are wanted.

        Who stops early has not waited for the rest.
        """
        with readable(self._source):
            yield from self._xray.get_paginator(operation).paginate(**parameters)


def connect(source: Source) -> Reader:
    return Reader(source, client(source, "xray"))


def _span(start: float, end: float, expression: str | None = None) -> dict[str, Any]:
    filters = {"FilterExpression": expression} if expression else {}
    return {"StartTime": _utc(start), "EndTime": _utc(end), **filters}


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def windows(start: float, end: float, longest: float = LONGEST_LISTING) -> Iterator[tuple[float, float]]:
    """Cut a time into windows, from its end backwards: a minute, then longer, up to 24 hours each."""
    length = _FIRST_WINDOW
    while end > start:
        began = max(start, end - length)
        yield began, end
        end, length = began, min(length * _GROWTH, longest)


@contextmanager
def readable(source: Source, service: str = "X-Ray") -> Iterator[None]:
    """Turn what boto3 raises into one line that says what to do."""
    try:
        yield
    except (BotoConnectionError, HTTPClientError) as error:
        if source.aws:
            raise ReadError(f"AWS cannot be reached: {error}") from error
        raise ReadError(
            f"nothing answers at {source.endpoint}: start a local stack with `{typed('up')}`, "
            "name its endpoint with --endpoint URL, or read a real account with --aws"
        ) from error
    except ClientError as error:
        details = error.response.get("Error", {})
        code, message = str(details.get("Code")), str(details.get("Message") or "no reason given")
        advised = advice(error, source.used_profile) if source.aws else ""
        raise RefusedError(error.operation_name, code, message, service, advised) from error
    except BotoCoreError as error:
        told = "no AWS credentials found" if isinstance(error, NoCredentialsError) else str(error)
        raise ReadError(_with(told, advice(error, source.used_profile))) from error
    except OverflowError as error:  # boto3 parses times that no clock can show
        raise ReadError(str(error)) from error


def _with(problem: str, advised: str) -> str:
    return f"{problem.rstrip('.')}; {advised}" if advised else problem
