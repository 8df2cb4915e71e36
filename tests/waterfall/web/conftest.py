"""The console over the embedded X-Ray, and one Chromium for all tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.waterfall import samples
from tests.waterfall.web.browser import Browser, Page, browsing
from waterfall.traces.client import connect
from waterfall.web.app import create_app
from waterfall.web.listener import bind
from waterfall.web.server import serving_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.waterfall.cloud import Cloud
    from tests.waterfall.conftest import Api


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with browsing() as running:
        yield running


@pytest.fixture
def console(api: Api) -> Iterator[str]:
    """The address of a console that reads the embedded X-Ray, at the same time of day as it."""
    app = create_app(connect(api.source), api.source, clock=lambda: samples.T0 + 100)
    with serving_app(app, bind(0)) as address:
        yield address


@pytest.fixture
def client(console: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=console, trust_env=False) as client:
        yield client


@contextmanager
def opened_page(browser: Browser) -> Iterator[Page]:
    """Open a page of 1280 by 800 that must end without a complaint, but for refused requests."""
    opened = browser.page()
    try:
        yield opened
        complaints = [text for text in opened.complaints() if "Failed to load resource" not in text]
        assert complaints == []
    finally:
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_page(browser) as opened:
        yield opened


@pytest.fixture
def cloud_console(cloud: Cloud) -> Iterator[str]:
    """The address of a console that reads an embedded AWS, logs and experiments included."""
    with serving_app(create_app(cloud.reader, cloud.source), bind(0)) as address:
        yield address
