"""Debian's Chromium, driven headless through the DevTools protocol over a pipe: no driver, no port.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE = 60.0
"""Seconds that a condition may take to come true."""

START = 60.0
"""Seconds that the browser may take to answer."""

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    # A page of a test costs the start of one process instead of three.
    "--disable-features=SpareRendererForSitePerProcess",
    "--process-per-site",
    "--mute-audio",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "--window-size=1280,800",
    "about:blank",
)
_SHARED_MEMORY = "/dev/shm"
_PROFILE_BYTES = 1024**3
_PIPE_IN, _PIPE_OUT, _FREE_FROM = 3, 4, 10


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextlib.contextmanager
def browsing(names: Sequence[str] = ()) -> Iterator[Browser]:
    """Run a browser for tests (see `running_chromium`): they are skipped without one, and fail in CI."""
    binary = find_chromium()
    if binary is None:
        missing = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with running_chromium(binary, names) as running:
        yield running


class PageError(Exception):
    """A script in the page failed, or a condition did not come true in time."""


class Browser:
    """A running Chromium; commands go out and answers come in as JSON, each ended by a zero byte."""

    def __init__(self, pid: int, commands: int, answers: int) -> None:
        self.pid = pid
        self._commands = commands
        self._answers = answers
        self._buffer = b""
        self._last = 0
        self._idle: list[str] = []
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, /, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        self._write(json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self.events.append(answer)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._commands, data) :]

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + START
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self._answers, 1 << 20) if ready else b""
            if not chunk:
                raise PageError("the browser does not answer")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def page(self, *, width: int = 1280, height: int = 800) -> Page:
        """Open a page; nothing that an earlier page stored is there once that is closed.

        It is opened where an earlier one was closed: a tab of its own costs the start of a process.
        """
        target = self._idle.pop() if self._idle else self._new_tab()
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.call("Page.resetNavigationHistory")
        page.resize(width, height)
        return page

    def leave(self, target: str, session: str) -> None:
        """Keep a tab for the next page, without what was set for this one."""
        self.call("Target.detachFromTarget", sessionId=session)
        self._idle.append(target)

    def _new_tab(self) -> str:
        return str(self.call("Target.createTarget", url="about:blank")["targetId"])


@contextlib.contextmanager
def running_chromium(binary: str, names: Sequence[str] = ()) -> Iterator[Browser]:
    """Start a browser with an empty profile, which knows this machine, also by `names`, and no other."""
    known = [f"MAP {name} 127.0.0.1" for name in names]
    resolver = ", ".join([*known, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"])
    with tempfile.TemporaryDirectory(dir=_folder_in_memory(), ignore_cleanup_errors=True) as profile:
        command_read, command_write = _pipe()
        answer_read, answer_write = _pipe()
        actions = [
            (os.POSIX_SPAWN_DUP2, command_read, _PIPE_IN),
            (os.POSIX_SPAWN_DUP2, answer_write, _PIPE_OUT),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        arguments = [binary, f"--user-data-dir={profile}", f"--host-resolver-rules={resolver}", *_FLAGS]
        pid = os.posix_spawn(binary, arguments, dict(os.environ), file_actions=actions, setpgroup=0)
        os.close(command_read)
        os.close(answer_write)
        try:
            yield Browser(pid, command_write, answer_read)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(command_write)
            os.close(answer_read)


def _folder_in_memory() -> str | None:
    """Return where the many files that a browser writes and deletes cost least, if there is such a place."""
    has_room = os.access(_SHARED_MEMORY, os.W_OK) and shutil.disk_usage(_SHARED_MEMORY).free > _PROFILE_BYTES
    return _SHARED_MEMORY if has_room else None


def _pipe() -> tuple[int, int]:
    """Return a pipe whose ends are not those that Chromium expects its own on."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FREE_FROM) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


class Page:
    """One page, as its reader sees and uses it. Conditions are JavaScript expressions."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target
        self._origins: set[str] = set()

    def call(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def close(self) -> None:
        """Close the page; what it stored is gone, as ports come again."""
        for origin in self._origins:
            self.call("Storage.clearDataForOrigin", origin=origin, storageTypes="all")
        self.call("Network.clearBrowserCookies")
        self.call("Network.clearBrowserCache")
        self.call("Page.navigate", url="about:blank")
        self._browser.leave(self._target, self._session)

    def open(self, url: str) -> None:
        """Open an address and wait until its scripts have run."""
        self._origins.add("{0.scheme}://{0.netloc}".format(urlsplit(url)))
        self.call("Page.navigate", url=url)
        self.wait(
            f"location.href !== 'about:blank' && document.readyState === 'complete' && {json.dumps(url)}"
        )

    def resize(self, width: int, height: int = 800, *, scale: float = 1) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    def prefer(self, scheme: str) -> None:
        """Let the system prefer `light` or `dark`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, expression: str) -> Any:
        """Return what a JavaScript expression, or its promise, comes to."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, condition: str) -> Any:
        """Return what a condition comes to, once it is true; asked again with every frame."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(PageError):  # the page may be changing to another
                if found := self.run(f"((found) => found instanceof Node || found)({condition})"):
                    return found
                self.run("new Promise((done) => setTimeout(done, 15))")
        raise PageError(
            f"not true within {PATIENCE:.0f} s: {condition}\n{self.run('document.body.innerText')}"
        )

    def text(self, selector: str) -> str:
        return str(self.wait(f"document.querySelector({json.dumps(selector)})?.innerText"))

    def count(self, selector: str) -> int:
        return int(self.run(f"document.querySelectorAll({json.dumps(selector)}).length"))

    def box(self, element: str) -> tuple[float, float, float, float]:
        """Return left, top, width and height of what a JavaScript expression names."""
        sides = "({ x, y, width, height }) => [x, y, width, height]"
        x, y, width, height = self.run(f"({sides})(({element}).getBoundingClientRect())")
        return (x, y, width, height)

    def click(self, selector: str) -> None:
        """Click the middle of an element with the mouse; again, if the page moved it away meanwhile."""
        place = (
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            " if (!found) return null;"
            " found.scrollIntoView({ block: 'nearest' }); const box = found.getBoundingClientRect();"
            " window.met = false;"
            f" const meets = ({{ target }}) => target.closest({json.dumps(selector)}) !== null;"
            " const meet = (event) => { window.met = meets(event); };"
            " document.addEventListener('click', meet, { once: true, capture: true });"
            " return box.width || box.height ? [box.x + box.width / 2, box.y + box.height / 2] : null; })()"
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            x, y = self.wait(place)
            self.drag((x, y), (x, y))
            with contextlib.suppress(PageError):  # the click may have led to another page
                if self.run("window.met") is False:
                    continue
            return
        raise PageError(f"{selector} got no click within {PATIENCE:.0f} s")

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse at one point and let it go at another."""
        for kind, at in (("Moved", start), ("Pressed", start), ("Moved", end), ("Released", end)):
            self.mouse(kind, at, held=kind != "Moved" or start != end)

    def mouse(self, kind: str, at: tuple[float, float], *, held: bool = True) -> None:
        """Let the mouse be `Moved`, `Pressed` or `Released` at a point."""
        button = {"button": "left", "clickCount": 1} if held else {}
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=at[0], y=at[1], **button)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press a key by its name: `ArrowDown`, `Enter`, `/`."""
        code = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        fields: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code.get(key, 0)}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **fields)
        self.call("Input.dispatchKeyEvent", type="keyUp", **fields)

    def picture(self) -> bytes:
        """Return what is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def save(self, path: Path) -> None:
        path.write_bytes(self.picture())

    def complaints(self) -> list[str]:
        """Return what the page's console, its scripts and its policy complained about."""
        self.run("1")
        own = [
            event
            for event in self._browser.events
            if event.get("sessionId") == self._session and "method" in event
        ]
        found = []
        for event in own:
            parameters = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append(str(details.get("exception", {}).get("description") or details["text"]))
            elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                found.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        return found

    def forgive(self) -> None:
        """Forget what was complained about until now."""
        self._browser.events[:] = [
            event for event in self._browser.events if event.get("method") != "Log.entryAdded"
        ]

    def answers(self) -> list[tuple[str, int]]:
        """Return the address and the HTTP status of each answer that came, readable or not, in order."""
        self.run("1")
        own = [event for event in self._browser.events if event.get("sessionId") == self._session]
        asked = {
            event["params"]["requestId"]: event["params"]["request"]["url"]
            for event in own
            if event["method"] == "Network.requestWillBeSent"
        }
        return [
            (asked[event["params"]["requestId"]], event["params"]["statusCode"])
            for event in own
            if event["method"] == "Network.responseReceivedExtraInfo"
            and event["params"]["requestId"] in asked
        ]

    def requests(self) -> list[str]:
        """Return the addresses that the page asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event["method"] == "Network.requestWillBeSent"
        ]
