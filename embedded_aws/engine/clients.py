"""Clients for the embedded AWS: one per service and region, shared by all threads."""

from __future__ import annotations

import threading
from typing import Any

import botocore.session
from botocore.config import Config

from embedded_aws.aws.loader import ModelLoader
from embedded_aws.engine import undoing
from embedded_aws.host.user_account import ACCESS_KEY, SECRET_KEY


class Clients:
    """Makes clients on first use.

    No retries: the endpoint is on this machine, so an error is an answer.
    No proxies: whatever the environment says, loopback needs none.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint.rstrip("/")
        # botocore's own session: importing boto3 on top takes as long again and adds nothing here.
        self._session = botocore.session.Session()
        self._session.register_component("data_loader", ModelLoader())
        self._session.set_credentials(ACCESS_KEY, SECRET_KEY)
        self._config = Config(
            retries={"total_max_attempts": 1},
            proxies={},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=16,
            s3={"addressing_style": "path"},
        )
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def made(self) -> list[tuple[str, str]]:
        """Return service and region of those that were made."""
        with self._lock:
            return list(self._clients)

    def get(self, service: str, region: str) -> Any:
        """Return the client of a service; making one is not thread-safe, using it is."""
        with self._lock:
            if (service, region) not in self._clients:
                made = self._session.create_client(
                    service, region_name=region, endpoint_url=self.endpoint, config=self._config
                )
                undoing.watch(made, service, region)
                self._clients[service, region] = made
            return self._clients[service, region]
