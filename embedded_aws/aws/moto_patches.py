"""All that is changed in moto itself; `moto.load` applies it, once, before anything of moto is used.

What SNS, EventBridge and S3 would deliver is switched off in `moto_deliveries`, and Step Functions tell in
`moto_states` what they execute.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any, NoReturn

from moto.core.common_models import BaseModel
from moto.core.config import default_user_config
from moto.moto_server import werkzeug_app
from moto.sqs.models import SQSBackend

from embedded_aws.aws.moto_input import UnknownOperationError

_BATCH: ContextVar[Iterator[dict[str, Any] | None]] = ContextVar("sqs_batch")


@cache
def apply() -> None:
    """Patch moto, at the first call."""
    # moto's own invocations would start Docker; only its bookkeeping is used here.
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # moto lists every object it ever made, for a dashboard that is not served here: messages and items that
    # are gone stay in that list.
    BaseModel.__new__ = lambda cls, *_, **__: super(BaseModel, cls).__new__(cls)  # type: ignore[method-assign]
    vars(werkzeug_app)["print"] = _refuse_service
    _keep_system_attributes()


def _refuse_service(told: str) -> NoReturn:
    """Answer for a service that moto does not have: it prints that, for its authors, and fails later."""
    raise UnknownOperationError(told.partition("Remember to add the URL")[0])


def _keep_system_attributes() -> None:
    """Let SQS's SendMessageBatch keep the system attributes of its entries, which moto loses."""
    send, send_batch = SQSBackend.send_message, SQSBackend.send_message_batch

    def send_message_batch(self: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]) -> Any:
        # moto sends the entries one by one, in order, through `send_message` below.
        token = _BATCH.set(iter([entry.get("MessageSystemAttributes") for entry in entries.values()]))
        try:
            return send_batch(self, queue_name, entries)
        finally:
            _BATCH.reset(token)

    def send_message(self: SQSBackend, *args: Any, system_attributes: Any = None, **options: Any) -> Any:
        # All callers in moto pass `system_attributes` by name.
        options["system_attributes"] = system_attributes or next(_BATCH.get(iter(())), None)
        return send(self, *args, **options)

    SQSBackend.send_message = send_message  # type: ignore[method-assign]
    SQSBackend.send_message_batch = send_message_batch  # type: ignore[method-assign]
