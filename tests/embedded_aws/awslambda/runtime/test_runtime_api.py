from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import pytest

from embedded_aws.awslambda.runtime.runtime_api import InvocationEvent, RuntimeApi
from tests.embedded_aws.awslambda.harness import PATIENCE

EVENT = InvocationEvent("request-1", b'{"a":1}', 1700000000000, "arn", "Root=1", '{"custom":{}}')
RUNTIME = "/2018-06-01/runtime"


async def exchange(address: str, text: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text.replace("\n", "\r\n").encode() + body)
    await writer.drain()
    status = int((await reader.readuntil(b"\r\n")).split()[1])
    headers = {}
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    content = await reader.readexactly(int(headers.get("content-length", 0)))
    writer.close()
    return status, headers, content


async def get(address: str, path: str) -> tuple[int, dict[str, str], bytes]:
    return await exchange(address, f"GET {path} HTTP/1.1\nHost: 127.0.0.1\n\n")


async def post(address: str, path: str, body: bytes, headers: str = "") -> tuple[int, dict[str, str], bytes]:
    return await exchange(
        address, f"POST {path} HTTP/1.1\nHost: 127.0.0.1\n{headers}Content-Length: {len(body)}\n\n", body
    )


def with_api(check: Callable[[RuntimeApi, str], Awaitable[None]]) -> None:
    async def run() -> None:
        api = RuntimeApi(time.time)
        address = await api.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await check(api, address)
        finally:
            await api.close()

    asyncio.run(run())


def test_a_cause_may_have_any_characters() -> None:
    """The runtime sends it in UTF-8."""

    async def check(api: RuntimeApi, address: str) -> None:
        asked = asyncio.create_task(get(address, f"{RUNTIME}/invocation/next"))
        await api.polled.wait()
        reply = api.deliver(EVENT)
        await asked
        cause = 'Lambda-Runtime-Function-XRay-Error-Cause: {"a":"é"}\n'
        await post(address, f"{RUNTIME}/invocation/request-1/error", b"{}", cause)
        assert (await reply).cause == '{"a":"é"}'

    with_api(check)


def test_an_event_is_handed_over_with_its_headers() -> None:
    """`/next` answers with the event and the headers that the runtime client reads."""

    async def check(api: RuntimeApi, address: str) -> None:
        asked = asyncio.create_task(get(address, f"{RUNTIME}/invocation/next"))
        await api.polled.wait()
        api.deliver(EVENT)
        status, headers, body = await asked
        assert (status, body) == (200, b'{"a":1}')
        assert headers["lambda-runtime-aws-request-id"] == "request-1"
        assert headers["lambda-runtime-deadline-ms"] == "1700000000000"
        assert headers["lambda-runtime-trace-id"] == "Root=1"
        assert headers["lambda-runtime-client-context"] == '{"custom":{}}'

    with_api(check)


@pytest.mark.parametrize("kind", ["response", "error"])
def test_a_reply_is_taken_once(kind: str) -> None:
    """A reply is accepted for the current event, and a second one is refused."""

    async def check(api: RuntimeApi, address: str) -> None:
        asked = asyncio.create_task(get(address, f"{RUNTIME}/invocation/next"))
        reply = api.deliver(EVENT)
        await asked
        cause = "Lambda-Runtime-Function-XRay-Error-Cause: {}\n"
        path = f"{RUNTIME}/invocation/request-1/{kind}"
        assert (await post(address, path, b'"done"', cause))[0] == 202
        received = await reply
        assert (received.failed, received.body, received.cause) == (kind == "error", b'"done"', "{}")
        assert (await post(address, path, b'"again"'))[0] == 400

    with_api(check)


def test_a_web_page_gets_no_event() -> None:
    """Nor does it take one from the runtime, which a page of another origin could do without reading it."""

    async def check(api: RuntimeApi, address: str) -> None:
        next_event = f"GET {RUNTIME}/invocation/next HTTP/1.1"
        api.deliver(EVENT)
        for header in ("Host: evil.example", "Host: localhost\nSec-Fetch-Site: cross-site"):
            assert (await exchange(address, f"{next_event}\n{header}\n\n"))[0] == 403
        assert (await post(address, f"{RUNTIME}/init/error", b"{}", "Origin: null\n"))[0] == 403
        assert not api.init_error.done()
        assert (await get(address, f"{RUNTIME}/invocation/next"))[0] == 200

    with_api(check)


def test_a_reply_to_another_request_is_refused() -> None:
    """A reply with an unknown request id answers 400 InvalidRequestID."""

    async def check(api: RuntimeApi, address: str) -> None:
        status, _, body = await post(address, f"{RUNTIME}/invocation/other/response", b"1")
        assert (status, json.loads(body)["errorType"]) == (400, "InvalidRequestID")

    with_api(check)


def test_asking_again_without_a_reply_is_refused() -> None:
    """`/next` while an event is unanswered answers 403."""

    async def check(api: RuntimeApi, address: str) -> None:
        asked = asyncio.create_task(get(address, f"{RUNTIME}/invocation/next"))
        api.deliver(EVENT)
        await asked
        assert (await get(address, f"{RUNTIME}/invocation/next"))[0] == 403

    with_api(check)


def test_an_init_error_is_kept() -> None:
    """What the runtime posts as its init error is there for the service."""

    async def check(api: RuntimeApi, address: str) -> None:
        assert (await post(address, f"{RUNTIME}/init/error", b'{"errorType":"E"}'))[0] == 202
        assert await api.init_error == b'{"errorType":"E"}'

    with_api(check)


def test_too_large_a_response_is_refused_and_counted() -> None:
    """A response over 6 MB answers 413, and its size is known."""

    async def check(api: RuntimeApi, address: str) -> None:
        asked = asyncio.create_task(get(address, f"{RUNTIME}/invocation/next"))
        reply = api.deliver(EVENT)
        await asked
        body = b"x" * 6_300_000
        status, _, _ = await post(address, f"{RUNTIME}/invocation/request-1/response", body)
        assert status == 413
        assert (await reply).size == 6_300_000

    with_api(check)


def test_an_unknown_path_is_not_found() -> None:
    """What is not part of the Runtime API answers 404."""

    async def check(_: RuntimeApi, address: str) -> None:
        assert (await get(address, "/2020-01-01/extension/register"))[0] == 404

    with_api(check)


def test_a_connection_that_talks_something_else_is_closed() -> None:
    """Bytes that are not HTTP close the connection and nothing more."""

    async def check(api: RuntimeApi, address: str) -> None:
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x00\x01garbage\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        assert (await post(address, f"{RUNTIME}/init/error", b"{}"))[0] == 202

    with_api(check)
