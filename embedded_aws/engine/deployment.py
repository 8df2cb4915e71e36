"""Create the resources of one program run, each by the API calls that the AWS provider would make."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.engine import invokes, naming, placeholders, sdk, values
from embedded_aws.engine.changes import DEFAULT_TAGS, Changes, Made, Wanted
from embedded_aws.engine.components import COMPONENTS
from embedded_aws.engine.components.component import Component
from embedded_aws.engine.config import SECRET
from embedded_aws.engine.errors import AbandonedError, EngineError, NotEmulatedError
from embedded_aws.engine.permissions import Permissions
from embedded_aws.engine.placeholders import Placeholder
from embedded_aws.engine.registration import Created, Inputs, Registration, State, partition_of
from embedded_aws.engine.resources import READS, RESOURCES, UPDATES
from embedded_aws.engine.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from embedded_aws.engine.clients import Clients
    from embedded_aws.engine.stack_references import StackOutputs
    from embedded_aws.engine.standing import Before, Standing

RUN, STORED, SKIPPED = "run", "stored only", "skipped"
"""What became of a resource: it works as on AWS, it is kept but does nothing, it has placeholders."""

_AWS_PROVIDER = "pulumi:providers:aws"
_STACK_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True)
class Provider:
    """The settings of an AWS provider that matter here."""

    region: str
    default_tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A resource that the program asks for.

    `place` is the user's line, such as `__main__.py:12`, `needs` the URNs that its inputs come from;
    `secrets` names outputs that are secret whatever the inputs are. Changes of `ignored` inputs
    change nothing; a `kept` one stays when the program no longer asks for it.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    provider: str = ""
    place: str = ""
    needs: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    kept: bool = False

    @property
    def label(self) -> str:
        """How messages name it: `aws:sqs/queue:Queue 'jobs' (__main__.py:12)`."""
        return f"{self.type} '{self.name}'{f' ({self.place})' if self.place else ''}"


class Deployment:
    """The resources of one run; Pulumi registers them from several threads at once.

    `default` holds the settings of the default provider, as configured by `aws:region` and
    `aws:defaultTags`, `stack_outputs` the outputs of other stacks, `standing` what an earlier run left;
    `failure` is the first error, because Pulumi wraps errors on their way out.
    """

    def __init__(
        self,
        clients: Clients,
        default: Provider,
        stack_outputs: StackOutputs | None = None,
        tracing: Tracing | None = None,
        standing: Sequence[Standing] = (),
    ) -> None:
        self.clients = clients
        self.changes = Changes(standing, clients)
        self.default = default
        self._tracing = tracing or Tracing()
        self._permissions = Permissions()
        self.warnings: list[str] = []
        self.failure: EngineError | None = None
        self._stack_outputs = stack_outputs
        self._providers: dict[str, Provider] = {}
        self._urns: set[str] = set()
        self._became: dict[str, str] = {}
        self._skipped: dict[str, str] = {}
        self._skips: list[str] = []
        self._states: dict[str, tuple[str, State]] = {}
        self._lock = threading.Lock()

    def register(self, request: Request) -> Created:
        """Create one custom resource; returns its id and all of its outputs.

        What is not supported, and what cannot be created because it needs something skipped, is skipped.
        Raises EngineError that names the resource and what went wrong.
        """
        given = {key: values.plain(value) for key, value in request.inputs.items()}
        if request.type.startswith("pulumi:providers:"):
            return self._configure_provider(request, given)
        if request.type not in RESOURCES:
            return self.skip(request, "this type is not supported here")
        return self._attempt(request, given, lambda: self._create(request, given))

    def compose(self, request: Request) -> State:
        """Create a component of a package, with all below it; returns its outputs. Raises as `register`."""
        if request.type not in COMPONENTS:
            return self.skip(request, "component packages cannot run here")[1]
        given = {key: values.plain(value) for key, value in request.inputs.items()}

        def register(urn: str, type_: str, name: str, inputs: Mapping[str, Any]) -> Created:
            self.claim(urn)
            return self.register(replace(request, urn=urn, type=type_, name=name, inputs=inputs))

        region = self._region(given, request.provider)
        component = Component(request.urn, request.name, given, region, self.clients, register)
        return self._attempt(request, given, lambda: ("", COMPONENTS[request.type](component)))[1]

    def _attempt(self, request: Request, given: Mapping[str, Any], create: Callable[[], Created]) -> Created:
        """Keep what is created, and skip what cannot be for a good reason."""
        try:
            return self._remember(request, create())
        except NotEmulatedError as error:
            return self.skip(request, str(error))
        except AbandonedError:
            raise
        except Exception as error:  # whatever it is, the user needs the resource's name first
            cause = self._cause(request, given, error)
            if cause is None:
                message = f"{request.label} could not be created: {explain(error)} ({request.urn})"
                raise self.fail(message) from error
            return self.skip(request, f"{cause} ({explain(error)})")

    def skip(self, request: Request, reason: str, resource_id: str | None = None) -> Created:
        """Create nothing, with one warning; returns an id, and placeholders for what is no input."""
        self.warn(f"{request.label}: {reason}; it was skipped")
        with self._lock:
            self._skips.append(request.label)
            self._became[request.urn] = SKIPPED
            self._skipped[request.urn] = f"{request.type} '{request.name}'"
        region = self._region(request.inputs, request.provider)
        given = {key for key, value in request.inputs.items() if value is not None}
        name = resource_id or _stand_in(request)
        types = sdk.outputs_of(request.type)
        placeholder = self._placeholder(request.type, name, region, request.urn)
        state = placeholder.fill({key: hint for key, hint in types.items() if key not in given})
        return self._remember(request, (name, state))

    def finish(self) -> None:
        """Do what can be done only when all resources are there; what the program no longer has goes."""
        for one, error in self.changes.delete():
            self.warn(f"{one.type} '{one.name}' could not be deleted: {explain(error)}")
        self.warnings += [*self._permissions.finish(), *self._tracing.finish()]

    def read(self, request: Request, resource_id: str) -> State:
        """Return the properties of what exists elsewhere: another stack, or a resource (`Queue.get`).

        Raises EngineError for another stack that is not known, and for a type that could be created here.
        """
        if request.type == _STACK_REFERENCE:
            with self.failing(request.label):
                outputs = self._stack_outputs(resource_id) if self._stack_outputs else {}
            hidden = [name for name, value in outputs.items() if value == SECRET]
            for name in hidden:
                option = f"--config {resource_id}:{name}=VALUE"
                self.warn(f"{request.label}: output '{name}' is secret; give it with {option}")
            return {"name": resource_id, "outputs": outputs, "secretOutputNames": hidden}
        if request.type in READS:
            region = self._region(request.inputs, request.provider)
            with self.failing(request.label):
                return READS[request.type](invokes.RegionalClients(region, self.clients).client)
        if request.type in RESOURCES:
            raise self.fail(
                f"{request.label}: '{resource_id}' cannot be read; the embedded AWS starts empty, so create "
                "it in the program"
            )
        return self.skip(request, f"'{resource_id}' is not here", resource_id)[1]

    def invoke(self, token: str, args: Mapping[str, Any], provider: str, label: str) -> State:
        """Answer a provider function such as `aws:index/getRegion:getRegion`; messages call it `label`."""
        given = {key: values.plain(value) for key, value in args.items() if value is not None}
        region = self._region(given, provider)
        if token not in invokes.FUNCTIONS:
            self.warn(f"{label}: it is not supported here; it answers with placeholders")
            self._skips.append(label)
            name = f"{token.rpartition(':')[2]}-placeholder"
            return {**self._placeholder(token, name, region, "").fill(sdk.results_of(token)), **given}
        with self.failing(label):
            return invokes.FUNCTIONS[token](given, invokes.RegionalClients(region, self.clients))

    def state_of(self, urn: str) -> State:
        """Return `urn`, `id` and `state` of a resource of this run; raises EngineError for another one."""
        if urn not in self._states:
            raise self.fail(f"there is no resource '{urn}'")
        resource_id, state = self._states[urn]
        return {"urn": urn, "id": resource_id, "state": state}

    def claim(self, urn: str) -> None:
        """Note that a URN is taken; raises EngineError when it was before."""
        with self._lock:
            taken = urn in self._urns
            self._urns.add(urn)
        if taken:
            raise self.fail(f"duplicate resource URN '{urn}'; try giving it a unique name")

    def counts(self) -> dict[str, int]:
        """Return how many resources were run, stored only and skipped."""
        counted = Counter(self._became.values())
        return {kind: counted[kind] for kind in (RUN, STORED, SKIPPED)}

    def refuse_skips(self) -> None:
        """Raise EngineError when anything has placeholders only."""
        if self._skips:
            told = "; ".join(self._skips)
            raise self.fail(f"--strict was given, and this is not supported here: {told}")

    def warn(self, text: str) -> None:
        """Add a warning, once."""
        with self._lock:
            if text not in self.warnings:
                self.warnings.append(text)

    def fail(self, message: str) -> EngineError:
        """Return the error to raise, and keep it when it is the first."""
        error = EngineError(message)
        with self._lock:
            self.failure = self.failure or error
        return error

    @contextlib.contextmanager
    def failing(self, what: str) -> Iterator[None]:
        """Name what was done when it fails."""
        try:
            yield
        except Exception as error:
            raise self.fail(f"{what} failed: {explain(error)}") from error

    def _create(self, request: Request, inputs: dict[str, Any]) -> Created:
        settings = self._provider(request.provider)
        region = self._region(inputs, request.provider)
        inputs = self._tracing.prepared(request.type, inputs, region)
        told: list[str] = []  # without the place, which moves
        registration = Registration(
            urn=request.urn,
            type=request.type,
            name=request.name,
            inputs=Inputs(inputs),
            region=region,
            clients=self.clients,
            warn=told.append,
            default_tags=settings.default_tags,
        )
        told_inputs = {**inputs, "region": region, DEFAULT_TAGS: dict(settings.default_tags)}
        wanted = Wanted(registration, told_inputs, request.needs, request.ignored, request.kept)
        standing = self.changes.settle(wanted, lambda before: self._make(registration, before, told))
        self._tracing.stands(registration, standing.state)
        self._permissions.stands(request.label, registration, standing.id)
        for text in standing.warnings:
            self.warn(f"{request.label}: {text}")
        with self._lock:
            self._became[request.urn] = standing.became
        return standing.id, standing.state

    def _make(self, r: Registration, before: Before | None, told: list[str]) -> Made:
        """Create a resource, or change it in place; returns its id and its computed outputs."""
        if before is None:
            resource_id, state = RESOURCES[r.type](r)
            unread = r.inputs.unread()
        else:
            resource_id = before.standing.id
            told += before.standing.warnings
            kept = {key: value for key, value in before.standing.state.items() if key not in before.changed}
            state = {**kept, **UPDATES[r.type].apply(r, before)}
            unread = sorted(before.changed & set(r.inputs.unread()))
        self._tracing.created(r, state)
        for key in unread:
            r.warn(f"input '{key}' has no effect")
        computed = {"region": r.region, "tagsAll": r.tags or None}
        found = {**computed, **r.inputs.documents, **state}
        known = {key: value for key, value in found.items() if value is not None}
        missing = {
            key: hint
            for key, hint in sdk.outputs_of(r.type).items()
            if key not in known and key not in r.inputs
        }
        became = STORED if r.stored_because else before.standing.became if before else RUN
        state = {**placeholders.empty(missing), **known}
        return Made(resource_id, state, became, tuple(dict.fromkeys(told)))

    def _cause(self, request: Request, inputs: Mapping[str, Any], error: Exception) -> str | None:
        """Return why a resource failed, if that is something which is not supported here."""
        if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "NotImplemented":
            return "AWS's API for it is not emulated"
        with self._lock:
            skipped = next((self._skipped[urn] for urn in request.needs if urn in self._skipped), None)
        if skipped:
            return f"it needs {skipped}, which was skipped"
        text = placeholders.find(inputs)
        return f"it needs what is not here, for which '{text}' stands" if text else None

    def _remember(self, request: Request, created: Created) -> Created:
        resource_id, state = created
        secret = {key for key, value in request.inputs.items() if values.is_secret(value)} | request.secrets
        shown = {key: values.secret(value) if key in secret else value for key, value in state.items()}
        with self._lock:
            self._states[request.urn] = (resource_id, {**request.inputs, **shown})
            return self._states[request.urn]

    def _configure_provider(self, request: Request, inputs: Mapping[str, Any]) -> Created:
        if request.type == _AWS_PROVIDER:
            # The inputs of a provider are JSON texts.
            tags = json.loads(inputs.get("defaultTags") or "{}").get("tags") or {}
            settings = Provider(region=str(inputs.get("region") or self.default.region), default_tags=tags)
            with self._lock:
                self._providers[request.urn] = settings
        return naming.name_suffix(request.urn), {}

    def _provider(self, reference: str) -> Provider:
        urn = reference.rpartition("::")[0]  # `<urn>::<id>`
        return self._providers.get(urn, self.default)

    def _region(self, inputs: Mapping[str, Any], provider: str) -> str:
        return str(values.plain(inputs.get("region")) or self._provider(provider).region)

    def _placeholder(self, token: str, name: str, region: str, urn: str) -> Placeholder:
        """Return the maker of placeholders; a component's resources are placeholders like itself."""

        def child(kind: str, key: str) -> Any:
            stack, project, parent, _ = urn.split("::", 3)
            own = Request(f"{stack}::{project}::{parent}${kind}::{key}", kind, key, {})
            stand_in = self._placeholder(kind, _stand_in(own), region, own.urn)
            created = stand_in.name, stand_in.fill(sdk.outputs_of(kind))
            return values.reference(own.urn, self._remember(own, created)[0])

        service, _, kind = token.partition(":")[2].partition("/")
        path = kind.partition(":")[0].lower()
        arn = f"arn:{partition_of(region)}:{service}:{region}:{ACCOUNT_ID}:{path}/{name}"
        return Placeholder(token, name, arn, region, child)


def _stand_in(request: Request) -> str:
    return f"{request.name}-{naming.name_suffix(request.urn)}-placeholder"


def explain(error: Exception) -> str:
    """Return what went wrong in one line, with AWS's code and message for an API error."""
    match error:
        case EngineError():
            return str(error)
        case ClientError():
            answer = error.response.get("Error", {})
            text = str(answer.get("Message", ""))
            told = f": {text}" if text and not text.startswith("<") else ""  # not an HTML page
            return f"{error.operation_name} answered {answer.get('Code')}{told}"
        case BotoCoreError():
            return " ".join(str(error).split())
        case KeyError():
            return f"input {error} is missing"
    return f"{type(error).__name__}: {error}"
