"""Requests that API Gateway sends to other servers."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from dataclasses import dataclass

import urllib3

from embedded_aws.aws.http import run_in_thread
from embedded_aws.gateway.response import MAX_PAYLOAD

_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "host", "keep-alive"}
_REPLACED = _HOP_BY_HOP | {"date", "apigw-requestid"}


@dataclass(frozen=True)
class Reply:
    """What another server answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def fetch(
    method: str, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float
) -> Reply | None:
    """Send a request to another server; `None` when it does not answer in time.

    Raises `OSError` when it cannot be reached.
    """
    fields = urllib3.HTTPHeaderDict()
    for name, value in headers:
        if name.lower() not in _HOP_BY_HOP:
            fields.add(name, value)

    def send() -> Reply | None:
        try:
            with urllib3.PoolManager(retries=False, timeout=seconds) as pool:
                answer = pool.request(
                    method,
                    url,
                    body=body or None,
                    headers=fields,
                    redirect=False,
                    decode_content=False,
                    preload_content=False,
                )
                with closing(answer):
                    return _reply(answer)
        except urllib3.exceptions.NewConnectionError as problem:
            raise OSError(str(problem)) from problem
        except urllib3.exceptions.TimeoutError:
            return None
        except (urllib3.exceptions.HTTPError, ValueError) as problem:  # also for what was mapped to a header
            raise OSError(str(problem)) from problem

    try:
        async with asyncio.timeout(seconds):  # the other one is for each byte
            return await run_in_thread(send)
    except TimeoutError:
        return None


def _reply(answer: urllib3.BaseHTTPResponse) -> Reply:
    """Read an answer; raises `OSError` for one that API Gateway could not hand on."""
    if not 200 <= answer.status <= 599:
        raise OSError(f"it answered with status {answer.status}")
    body = answer.read(MAX_PAYLOAD + 1)
    if len(body) > MAX_PAYLOAD:
        raise OSError(f"it answered with more than {MAX_PAYLOAD} bytes")
    kept = answer.headers.items()
    return Reply(answer.status, tuple(each for each in kept if each[0].lower() not in _REPLACED), body)


def host_of(url: str) -> str:
    """Return the host of an address, as the name of a remote call."""
    return without_query(url).partition("://")[2].partition("/")[0]


def without_query(url: str) -> str:
    """Return an address, which may be none, without what may be secret."""
    return re.split("[?#]", url, maxsplit=1)[0]
