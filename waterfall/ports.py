"""Where things are served on this machine unless an option says otherwise."""

from __future__ import annotations

HOST = "127.0.0.1"
AWS_PORT = 4566
CONSOLE_PORT = 8080
DAEMON_PORT = 2000
OTLP_PORT = 4318
LOCAL_ENDPOINT = f"http://{HOST}:{AWS_PORT}"
