"""All that is changed in moto itself; `moto.load` applies it, once, before anything of moto is used.

What is changed in its streams waits for their first request: importing them takes long. Elsewhere are what is
changed in its tables (`moto_tables`), what SNS, EventBridge and S3 would deliver (`moto_deliveries`), and how
Step Functions tell of what they execute (`moto_states`).
"""

from __future__ import annotations

import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from inspect import isfunction
from threading import Lock
from types import ModuleType
from typing import Any, NoReturn

from boto3 import Session
from botocore.session import Session as BotocoreSession
from moto.core import responses, utils
from moto.core.base_backend import AccountSpecificBackend
from moto.core.common_models import BaseModel
from moto.core.config import default_user_config
from moto.core.loaders import Loader, moto_root
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS
from moto.core.utils import camelcase_to_underscores, unix_time_millis
from moto.sqs.models import Message, Queue, SQSBackend

from embedded_aws.aws.model import loader
from embedded_aws.aws.model_files import ModelLoader
from embedded_aws.aws.moto_answers import PlainAnswers

MOST_RECORDS = 10_000
"""Records that a shard of a stream keeps; moto would keep all of them, AWS those of a day or more."""

FIS_ACCOUNT = "000000000000"
"""Stands for the account that publishes the FIS extension, which differs between regions."""
_FIS_EXTENSION = re.compile(r"/aws/service/fis/lambda-extension/AWS-FIS-extension-(x86_64|arm64)/[\w.]+")
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
    # moto lists all methods of a class with each call.
    vars(responses)["method_names_from_class"] = _Methods
    _keep_system_attributes()
    _keep_policies()
    _look_at_messages_once()
    _leave_out_openapi_validator()
    _read_models_once()
    _look_for_keys_where_some_are()
    for service in ("dynamodb", "sqs"):
        SERVICE_SPECIFIC_SERIALIZERS.setdefault(service, {})["json"] = PlainAnswers


def _leave_out_openapi_validator() -> None:
    """Let moto's API Gateway do without its validator of OpenAPI documents: a fifth of a start is its import.

    No document comes as far as moto, since the gateway reads them all itself.
    """
    package, name = ModuleType("openapi_spec_validator"), "openapi_spec_validator.validation.exceptions"
    exceptions = ModuleType(name)
    vars(package)["validate"] = _refuse_document
    vars(exceptions)["OpenAPIValidationError"] = ValueError
    sys.modules.setdefault("openapi_spec_validator", package)
    sys.modules.setdefault(
        "openapi_spec_validator.validation", ModuleType("openapi_spec_validator.validation")
    )
    sys.modules.setdefault(name, exceptions)


class _Methods:
    """The names of a class's methods, in which moto looks for one."""

    def __init__(self, of_class: type) -> None:
        self._class = of_class

    def __contains__(self, name: str) -> bool:
        return isfunction(getattr(self._class, name, None))


class _Models(ModelLoader, Loader):
    """botocore's models with what moto adds to them."""


def _read_models_once() -> None:
    """Let moto look through botocore's folder of models once, not for each service, and read as we do."""
    module, backend, session = _open(utils), _open(AccountSpecificBackend), BotocoreSession()
    session.register_component("data_loader", loader())
    module.create_loader = cache(lambda: _Models(extra_search_paths=[moto_root]))
    backend.get_session = cache(lambda: Session(botocore_session=session))


def _look_for_keys_where_some_are() -> None:
    """Let moto look for the owner of an access key in the partitions that were used.

    Each request asks. Asking the others would make them, and read AWS's 1,300 policies for each. Before IAM,
    a slow import, is used for the first time, there are none.
    """

    def get_current_account(self: responses.BaseResponse) -> str:
        key = self.get_access_key()
        iam = sys.modules.get("moto.iam.models")
        used: Mapping[str, Mapping[str, Any]] = getattr(iam, "iam_backends", {})
        for account, partitions in list(used.items()):
            if any(key in each.access_keys for each in list(partitions.values())):
                return account
        return DEFAULT_ACCOUNT_ID

    responses.BaseResponse.get_current_account = get_current_account  # type: ignore[method-assign]


def _refuse_document(_: object) -> NoReturn:
    raise NotImplementedError("moto was to read an OpenAPI document")


def _open(of_moto: Any) -> Any:
    """Return a class of moto as what it is: changeable."""
    return of_moto


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


def _keep_policies() -> None:
    """Let queues have the text of each policy as it was set, until it is set again.

    moto writes `RedrivePolicy` anew, has no `RedriveAllowPolicy`, and loses `Policy` with any other change.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """
    queue = _open(Queue)
    set_attributes = queue._set_attributes  # noqa: SLF001 - no hooks

    def kept(self: Any, given: dict[str, Any], now: float | None = None) -> None:
        before = vars(self).get("policy")
        set_attributes(self, given, now)
        self.policy = given.get("Policy", before) or None
        self.redrive_allow_policy = self.redrive_allow_policy or None
        self.redrive_text = given.get("RedrivePolicy", self.redrive_text)

    queue.redrive_allow_policy = queue.redrive_text = None
    queue.BASE_ATTRIBUTES = [*queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    queue._set_attributes = kept  # noqa: SLF001
    queue.attributes = property(_QueueAttributes)


class _QueueAttributes(Mapping[str, Any]):
    """A queue's attributes, of which each is worked out when it is asked for.

    Each message that is sent asks for one of them; others count all messages there are.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._names = [
            *queue.BASE_ATTRIBUTES,
            *(queue.FIFO_ATTRIBUTES if queue.fifo_queue else ()),
            *(queue.KMS_ATTRIBUTES if queue.kms_master_key_id else ()),
            "Policy",
            "RedrivePolicy",
        ]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name == "RedrivePolicy":
            return self._queue.redrive_text if self._queue.redrive_policy else None
        value = getattr(self._queue, camelcase_to_underscores(name))
        return str(value).lower() if isinstance(value, bool) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _look_at_messages_once() -> None:
    """Let a queue read the clock once for all its messages, where moto reads it twice for each."""

    def messages(self: Any) -> list[Message]:
        now = unix_time_millis()
        return [each for each in self._messages if each.visible_at < now and each.delayed_until <= now]

    _open(Queue).messages = property(messages)


def correct_iam() -> None:
    """Let IAM answer one request at a time, and read AWS's policies when somebody asks for one."""
    _serve_iam_in_turn()
    _read_policies_when_asked()


def _serve_iam_in_turn() -> None:
    """Let IAM answer one request at a time: moto looks for roles and policies while others are made.

    A program makes its roles in several threads; one of them would fail with "dictionary changed size".
    """
    from moto.iam.responses import IamResponse  # noqa: PLC0415 - a slow import

    answer, turn = IamResponse.call_action, Lock()

    def call_action(self: IamResponse) -> Any:
        with turn:
            return answer(self)

    IamResponse.call_action = call_action  # type: ignore[method-assign, assignment]


class _WhenAsked:
    """An attribute that is read when somebody asks for it; nothing is what one is made with.

    It takes that from an `__init__` too that began before `IAMBackend` was opened: other services import it.
    """

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, backend: Any, owner: type | None = None) -> Any:
        kept = vars(backend)
        if self._name not in kept:
            kept[self._name] = self._read(backend)
        return kept[self._name]

    def __set__(self, backend: Any, given: Any) -> None:
        if given:
            vars(backend)[self._name] = given


def _read_policies_when_asked() -> None:
    """Let IAM read AWS's 1,500 policies when somebody asks for one: they take 18 MB and 50 ms."""
    from moto.iam.models import IAMBackend  # noqa: PLC0415 - a slow import

    # Of the environment, which is not this one's alone, moto would ask when it reads them.
    default_user_config["iam"]["load_aws_managed_policies"] = True
    backend = _open(IAMBackend)
    policies = {
        "aws_managed_policies": _WhenAsked(backend._init_aws_policies),  # noqa: SLF001
        "managed_policies": _WhenAsked(backend._init_managed_policies),  # noqa: SLF001
    }
    for name, read in policies.items():
        read.__set_name__(backend, name)
        setattr(backend, name, read)
    backend._init_aws_policies = list  # noqa: SLF001 - what it is made with
    backend._init_managed_policies = dict  # noqa: SLF001


def correct_bucket_policies() -> None:
    """Let no policy of a bucket refuse a request, and none be kept that cannot be read.

    moto refuses whatever a policy's conditions are: a bucket that denies plain HTTP alone would have no
    objects. As everywhere else here, policies are kept, and nobody is refused for lack of permission; what a
    policy opens to everybody stays open. It looks at the policy of a bucket with each request for it, and
    would fail each time on one that is none.
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult  # noqa: PLC0415 - a slow import
    from moto.s3.exceptions import S3ClientError  # noqa: PLC0415
    from moto.s3.models import FakeBucket, S3Backend  # noqa: PLC0415

    ask, put = FakeBucket.get_permission, S3Backend.put_bucket_policy

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        found = ask(self, action, resource)
        return PermissionResult.NEUTRAL if found == PermissionResult.DENIED else found

    def put_bucket_policy(self: S3Backend, bucket_name: str, policy: bytes) -> None:
        try:
            IAMPolicy(policy.decode()).is_action_permitted("s3:GetObject", f"arn:aws:s3:::{bucket_name}/a")
        except Exception as problem:  # moto looks for what is there, and fails in as many ways
            told = f"This policy contains invalid Json, or no statements: {type(problem).__name__}"
            raise S3ClientError("MalformedPolicy", told) from problem
        put(self, bucket_name, policy)

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]
    S3Backend.put_bucket_policy = put_bucket_policy  # type: ignore[method-assign]


def publish_parameters() -> None:
    """Have AWS's public parameters with the FIS extension, the layer by which its faults reach functions.

    https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html
    """
    from moto.core.utils import utcnow  # noqa: PLC0415
    from moto.ssm import models  # noqa: PLC0415 - a slow import
    from moto.utilities.utils import get_partition  # noqa: PLC0415

    parameters, made = _open(models.ParameterDict), _open(models.Parameter)
    check = parameters._check_loading_status  # noqa: SLF001 - moto has no hook

    def checked(self: Any, key: str) -> None:
        check(self, key)
        found = _FIS_EXTENSION.fullmatch(str(key or ""))
        # Of the defaultdict, beside moto's own look-ups, which would come here again.
        if not found or dict.__contains__(self, key):
            return
        layer = f"layer:AWS-FIS-extension-{found[1]}:1"
        dict.__setitem__(
            self,
            key,
            [
                made(
                    account_id="",
                    name=key,
                    value=f"arn:{get_partition(self.region_name)}:lambda:{self.region_name}:{FIS_ACCOUNT}:{layer}",
                    parameter_type="String",
                    description=None,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=utcnow(),
                    version=1,
                    data_type="text",
                )
            ],
        )

    parameters._check_loading_status = checked  # noqa: SLF001


def correct_streams() -> None:
    """Let a shard that is split or merged keep its records; moto copies them into those that follow it.

    https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
    """
    from moto.kinesis.models import Shard, Stream  # noqa: PLC0415 - a slow import

    split, merge, put = Stream.split_shard, Stream.merge_shards, Shard.put_record

    def split_shard(self: Stream, shard_to_split: str, new_starting_hash_key: str) -> None:
        with _KeptRecords(self, shard_to_split):
            split(self, shard_to_split, new_starting_hash_key)

    def merge_shards(self: Stream, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        with _KeptRecords(self, shard_to_merge, adjacent_shard_to_merge):
            merge(self, shard_to_merge, adjacent_shard_to_merge)

    def put_record(self: Shard, *args: Any, **options: Any) -> str:
        sequence_number = put(self, *args, **options)
        if len(self.records) > MOST_RECORDS:
            del self.records[int(sequence_number) - MOST_RECORDS]
        return sequence_number

    Stream.split_shard = split_shard  # type: ignore[method-assign]
    Stream.merge_shards = merge_shards  # type: ignore[method-assign]
    Shard.put_record = put_record  # type: ignore[method-assign]


class _KeptRecords:
    """Hides the records of shards while moto closes them."""

    def __init__(self, stream: Any, *ids: str) -> None:
        self._shards = [stream.shards[id_] for id_ in ids if id_ in stream.shards]

    def __enter__(self) -> None:
        self._records = [shard.records for shard in self._shards]
        for shard in self._shards:
            shard.records = OrderedDict()

    def __exit__(self, *_: object) -> None:
        for shard, records in zip(self._shards, self._records, strict=True):
            shard.records = records
