"""The program's settings: one table feeds parsing, validation and the checks on Pulumi.yaml and README."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
from pulumi.runtime import config as pulumi_config

from .alarms import AlarmSettings, read_alarms
from .authorization import Authorization, read_authorization
from .baseline import KEY_ARN, Baseline, read_tags
from .fault_settings import Experiment, read_experiments, refuse_on_aws
from .kinds import Choice, Flag, Kind, Mapped, Number, OneOf, Pattern, SettingError, Switch, Whole, checked
from .sampling import Extras, Keep, Sampling, read_extras

Tracing = Literal["otel", "native", "off"]
Export = Literal["xray", "otlp"]
ColdStarts = Literal["detailed", "plain"]
AccessLogs = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class Setting:
    """One configuration key; `default` is written as in Pulumi.yaml."""

    name: str
    kind: Kind
    default: str
    help: str


LAYER_VERSION_ARN = r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):\d{12}:layer:[A-Za-z0-9_-]+:\d+"
RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557),
    *(2922, 3288, 3653),
)

FUNCTIONS = ("front", "worker", "consumer")


def read_concurrency(given: Mapping[str, Any]) -> dict[str, int]:
    """Check the setting `reservedConcurrency`; raises SettingError."""
    for name in given:
        if name not in FUNCTIONS:
            raise SettingError(
                f"reservedConcurrency names {name!r}, but the functions are {', '.join(FUNCTIONS)}"
            )
    refusal = "reservedConcurrency.{} is {{value!r}}, but must be {{allowed}}; 0 lets nothing run"
    return {name: checked(Whole(0), value, refusal.format(name)) for name, value in given.items()}


SETTINGS = (
    Setting(
        "tracing",
        Choice(("otel", "native", "off")),
        "otel",
        "Trace with OpenTelemetry, with the native X-Ray SDK, or not at all",
    ),
    Setting(
        "export", Choice(("xray", "otlp")), "xray", "Send OpenTelemetry spans as X-Ray segments or as OTLP"
    ),
    Setting(
        "otelLayer",
        Choice(("adot", "slim")),
        "adot",
        "Take OpenTelemetry from AWS's managed ADOT layer or from a slim layer of ours",
    ),
    Setting(
        "coldStarts",
        Choice(("detailed", "plain")),
        "detailed",
        "Tell of a cold start what each import and each client of AWS took, or only how long it was",
    ),
    Setting(
        "adotLayerArn",
        Pattern(LAYER_VERSION_ARN, "empty or the ARN of a layer version"),
        "",
        "ADOT layer version to use instead of the region's own",
    ),
    Setting("samplingReservoir", Whole(0), "1", "Requests traced per second before the rate applies"),
    Setting("samplingRate", Number(0, 1), "1", "Share of the other requests that is traced"),
    Setting(
        "sampling",
        Mapped("an object, such as {critical: ['POST /checkout'], keepErrors: true}", read_extras),
        "{}",
        "Requests that are sampled in another way, and which unsampled ones are kept",
    ),
    Setting(
        "runtime",
        Choice(("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")),
        "python3.13",
        "Lambda runtime of the functions",
    ),
    Setting("architecture", Choice(("arm64", "x86_64")), "arm64", "Processor of the functions"),
    Setting("memory", Whole(128, 10240), "512", "Memory of each function, in MB"),
    Setting(
        "timeout",
        Whole(1, 900),
        "10",
        "Timeout of worker and consumer, in seconds; front, which waits, has 5 more",
    ),
    Setting("logRetention", OneOf(RETENTION_DAYS), "14", "Days that logs are kept; 0 keeps them for ever"),
    Setting("workSeconds", Number(0), "2", "How long the worker's simulated work takes, in seconds"),
    Setting("throttleRate", Whole(1), "50", "Requests per second that the API lets through"),
    Setting("throttleBurst", Whole(1), "100", "Requests that the API lets through at once"),
    Setting(
        "accessLogs",
        Switch(("auto", "on", "off")),
        "auto",
        "Write an access log; auto does so where the region's API Gateway has a logging role, on insists",
    ),
    Setting("apiGatewayAccount", Flag(), "false", "Let this stack set the region's API Gateway logging role"),
    Setting(
        "faults",
        Mapped("an object of experiments by name", read_experiments),
        "{}",
        "Fault injection experiments of this stack, by name",
    ),
    Setting(
        "production",
        Flag(),
        "false",
        "Mark this stack as production: guard its data, watch it, refuse faults (docs/production.md)",
    ),
    Setting("allowInProduction", Flag(), "false", "Accept faults in a production stack all the same"),
    Setting(
        "authorization",
        Mapped("an object, such as {GET /hello: iam}", read_authorization),
        "{}",
        "Who may call a route: none, iam, or the ARN of a Cognito user pool or of a function that authorizes",
    ),
    Setting(
        "alarms",
        Mapped("an object, such as {notify: ['arn:aws:sns:…'], latency: 3}", read_alarms),
        "{}",
        "Thresholds of alarms, and who is notified; alarms are on in production and where this is set",
    ),
    Setting(
        "encryptionKey",
        Pattern(KEY_ARN, "empty or the ARN of a KMS key"),
        "",
        "Encrypt all data at rest with this KMS key; empty for keys of AWS's",
    ),
    Setting(
        "reservedConcurrency",
        Mapped("an object, such as {front: 50, worker: 50}", read_concurrency),
        "{}",
        "How many executions of a function run at most; they are taken from the account's for good",
    ),
    Setting(
        "tags",
        Mapped("an object, such as {team: shop}", read_tags),
        "{}",
        "Tags of all resources, beside project and stack",
    ),
    Setting("local", Flag(), "false", "Set by `waterfall up`: the stack runs on the embedded AWS"),
)


@dataclass(frozen=True)
class Target:
    """What functions run on: `runtime` as Lambda names it (`python3.13`), `arm64` or `x86_64`."""

    runtime: str
    architecture: str

    @property
    def version(self) -> str:
        return self.runtime.removeprefix("python")


@dataclass(frozen=True)
class Throttling:
    """Requests per second that an API lets through, and how many at once."""

    rate: int
    burst: int


@dataclass(frozen=True)
class FunctionProfile:
    """What the functions of a stack have in common: memory in MB, timeout in seconds, retention in days.

    `keep` says which unsampled invocations are sent after all.
    """

    target: Target
    tracing: Tracing
    export: Export = "xray"
    memory: int = 512
    timeout: int = 10
    log_retention: int = 14
    keep: Keep | None = None
    baseline: Baseline = field(default_factory=Baseline)
    cold_starts: ColdStarts = "detailed"


@dataclass(frozen=True)
class ApiProfile:
    """How a stack sets up its API: retention in days; no `sampling` means no tracing.

    `integration_timeout` is how many seconds the API waits for a function; more than 29 takes a quota of the
    account that was raised for it
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html).
    """

    throttling: Throttling
    sampling: Sampling | None = None
    log_retention: int = 14
    access_logs: AccessLogs = "auto"
    set_account: bool = False
    integration_timeout: int = 29
    baseline: Baseline = field(default_factory=Baseline)


@dataclass(frozen=True)
class Settings:
    """The settings of one stack, checked; names as in the table, in Python's spelling."""

    tracing: Tracing
    export: Export
    otel_layer: Literal["adot", "slim"]
    cold_starts: ColdStarts
    adot_layer_arn: str
    sampling_reservoir: int
    sampling_rate: float
    sampling: Extras
    runtime: str
    architecture: str
    memory: int
    timeout: int
    log_retention: int
    work_seconds: float
    throttle_rate: int
    throttle_burst: int
    access_logs: AccessLogs
    api_gateway_account: bool
    faults: tuple[Experiment, ...]
    production: bool
    allow_in_production: bool
    authorization: Mapping[str, Authorization]
    alarms: AlarmSettings | None
    encryption_key: str
    reserved_concurrency: Mapping[str, int]
    tags: Mapping[str, str]
    local: bool

    @property
    def disturbed(self) -> frozenset[str]:
        """The names of the functions that experiments are about."""
        return frozenset(name for experiment in self.faults for name in experiment.functions)

    @property
    def watched(self) -> AlarmSettings | None:
        """What the alarms of this stack go by, if it has any."""
        return self.alarms or (AlarmSettings() if self.production else None)

    @property
    def functions(self) -> FunctionProfile:
        target = Target(self.runtime, self.architecture)
        keep = self.sampling.keep if self.tracing == "otel" else None
        return FunctionProfile(
            target,
            self.tracing,
            self.export,
            self.memory,
            self.timeout,
            self.log_retention,
            keep,
            self.baseline,
            self.cold_starts,
        )

    @property
    def baseline(self) -> Baseline:
        own = {"project": pulumi.get_project(), "stack": pulumi.get_stack()}
        return Baseline(self.production, self.encryption_key, {**own, **self.tags})

    @property
    def api(self) -> ApiProfile:
        sampling = Sampling(self.sampling_reservoir, self.sampling_rate, self.sampling.specials)
        return ApiProfile(
            Throttling(self.throttle_rate, self.throttle_burst),
            None if self.tracing == "off" else sampling,
            self.log_retention,
            self.access_logs,
            self.api_gateway_account,
            baseline=self.baseline,
        )


def load_settings() -> Settings:
    """Read this stack's settings from Pulumi's configuration; raises SettingError."""
    project = f"{pulumi.get_project()}:"
    given = {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}
    _refuse_other_projects(given)
    names = {key.removeprefix(project) for key in given if key.startswith(project)}
    names.update(setting.name for setting in SETTINGS)
    config = pulumi.Config()
    values = {name: config.get(name) for name in names}
    return parse_settings({name: value for name, value in values.items() if value is not None})


def _refuse_other_projects(keys: Iterable[str]) -> None:
    """Refuse settings that a project of another name left behind, which Pulumi would not hand over.

    Pulumi's own keys may be called as ours: `pulumi new` leaves `pulumi:tags`, the stack's in Pulumi Cloud.
    https://www.pulumi.com/docs/reference/cloud-rest-api/schema/stacktag/
    """
    known = {setting.name for setting in SETTINGS}
    accepted = ("pulumi", pulumi.get_project())
    for namespace, _, name in sorted(key.partition(":") for key in keys):
        if name in known and namespace not in accepted:
            raise SettingError(
                f"the stack has {namespace}:{name}, but the project is called {pulumi.get_project()}, so it "
                f"would not be read; remove {namespace}: from the keys of its Pulumi file"
            )


def parse_settings(given: Mapping[str, str]) -> Settings:
    """Check settings as written and fill in the defaults; raises SettingError."""
    known = [setting.name for setting in SETTINGS]
    for name in sorted(given.keys() - set(known)):
        nearest = difflib.get_close_matches(name, known, n=1) or known
        raise SettingError(f"there is no setting {name}; did you mean {' or '.join(nearest)}?")
    values = {setting.name: _parse(setting, given.get(setting.name, setting.default)) for setting in SETTINGS}
    settings = Settings(**{_snake(name): value for name, value in values.items()})
    _refuse_contradictions(settings)
    _refuse_faults(settings)
    return settings


def _parse(setting: Setting, text: str) -> Any:
    try:
        return setting.kind.parse(str(text).strip())
    except SettingError:
        raise
    except ValueError:
        raise SettingError(
            f"{setting.name} is {str(text)!r}, but must be {setting.kind.allowed}; "
            f"correct it with: pulumi config set {setting.name} {setting.default or 'ARN'}"
        ) from None


def _refuse_contradictions(settings: Settings) -> None:
    if settings.work_seconds >= settings.timeout:
        raise SettingError(
            f"workSeconds is {settings.work_seconds:g}, but must be less than timeout, which is "
            f"{settings.timeout}: the worker would never finish; lower workSeconds or raise timeout"
        )
    if settings.tracing == "native" and settings.export == "otlp":
        raise SettingError(
            "export is 'otlp', but tracing is 'native', and the native X-Ray SDK sends X-Ray segments only; "
            "set export to xray, or tracing to otel"
        )
    if settings.tracing == "native" and settings.sampling.keep:
        raise SettingError(
            "sampling has keepErrors, but tracing is 'native', and the native X-Ray SDK records nothing of "
            "an unsampled request, so nothing could be kept; remove keepErrors, or set tracing to otel"
        )
    if settings.adot_layer_arn and settings.otel_layer == "slim":
        raise SettingError(
            "adotLayerArn is set, but otelLayer is 'slim', so the ADOT layer would not be used; "
            "remove adotLayerArn, or set otelLayer to adot"
        )


def _refuse_faults(settings: Settings) -> None:
    if settings.faults and settings.production and not settings.allow_in_production:
        raise SettingError(
            "faults are set in a stack with production: true; remove faults from its Pulumi file, or accept "
            "them there with: pulumi config set allowInProduction true"
        )
    for experiment in settings.faults:
        if not settings.local:
            refuse_on_aws(experiment)
        if experiment.kind == "http" and not 200 <= experiment.status <= 599:
            raise SettingError(
                f"faults.{experiment.name}.status is {experiment.status}, but API Gateway answers with 200 "
                "to 599 and makes everything else a 502; use kind error for that"
            )


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
