"""Functions as configured, read from moto's backend objects; nothing else here touches moto's Lambda."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from embedded_aws.aws.errors import FunctionNotFoundError, InvalidParameterValueError
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.moto import MotoAws
from embedded_aws.awslambda.logging_config import LoggingConfig, read_config
from embedded_aws.awslambda.overlay import LATEST, Overlay

_ARN = re.compile(
    r"(?:arn:[\w-]+:lambda:[\w-]+:)?(?:\d{12}:)?(?:function:)?([\w-]+)(?::([\w$-]+))?", re.ASCII
)
_ADOT_LAYER = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:AWSOpenTelemetryDistroPython:\d+")
# Does nothing here: what the extension does on AWS, experiments do themselves.
_FIS_LAYER = re.compile(
    r"arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:[\w-]*[Ff][Ii][Ss]-extension-(?:x86_64|arm64):\d+"
)
_FIS_WRAPPER = "/opt/aws-fis/bootstrap"
_OWN_LAYER = re.compile(rf"arn:[\w-]+:lambda:[\w-]+:{ACCOUNT_ID}:layer:[\w-]+:\d+")


@dataclass(frozen=True)
class Layer:
    """One layer: either a zip with its digest, or a directory that set-up built."""

    arn: str
    code: bytes = b""
    digest: str = ""
    directory: Path | None = None


@dataclass(frozen=True)
class AsyncConfig:
    """How asynchronous invocations are retried; `max_age` in seconds; destinations are ARNs."""

    retries: int = 2
    max_age: float = 6 * 3600.0
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None


@dataclass(frozen=True)
class Function:
    """One version of a function. `timeout` in seconds, `memory` in MB, `arn` without qualifier."""

    name: str
    arn: str
    invoked_arn: str
    version: str
    handler: str
    runtime: str
    code: bytes
    code_digest: str
    role: str = ""
    timeout: float = 3.0
    memory: int = 128
    variables: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    tracing: Literal["Active", "PassThrough"] = "PassThrough"
    reserved_concurrency: int | None = None
    asynchronous: AsyncConfig = AsyncConfig()
    logging: LoggingConfig = field(default_factory=lambda: LoggingConfig(""))

    @property
    def log_group(self) -> str:
        return self.logging.group

    @property
    def obstacle(self) -> str | None:
        """Why the function exists here and cannot run; `None` for what can."""
        if self.runtime.startswith("python3."):
            return None
        what = f"has the runtime {self.runtime}" if self.runtime else "is a container image"
        return f"function {self.name} {what}: the embedded AWS runs Python functions from zips only"

    def fingerprint(self) -> str:
        """Return a digest of what an execution environment is made of; a change needs a new one."""
        parts = [
            self.handler, self.runtime, self.code_digest, str(self.memory), self.tracing, str(self.timeout),
            repr(sorted(self.variables.items())), repr([(layer.arn, layer.digest) for layer in self.layers]),
            repr(self.logging),
        ]  # fmt: skip
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def parse_reference(reference: str, qualifier: str | None = None) -> tuple[str, str | None]:
    """Split a name, partial ARN or ARN, possibly qualified, into name and qualifier.

    Raises `InvalidParameterValueError` for anything else, and when two qualifiers differ.
    """
    match = _ARN.fullmatch(reference)
    if match is None:
        raise InvalidParameterValueError(
            f"function {reference!r} is neither a name, a partial ARN nor the ARN of a function"
        )
    name, own = match.groups()
    if own and qualifier and own != qualifier:
        raise InvalidParameterValueError(
            f"The derived qualifier from the function name {own!r} does not match the qualifier {qualifier!r}"
        )
    return name, own or qualifier


class Catalog:
    """Looks functions up; `adot` is the directory that the managed ADOT layer resolves to."""

    def __init__(self, region: str, adot: Path | None = None) -> None:
        self.region = region
        self.overlay = Overlay(is_foreign)
        self._adot = adot
        self._moto = MotoAws()

    def function(self, reference: str, qualifier: str | None = None) -> Function:
        """Return a function's version.

        Raises `FunctionNotFoundError`, and `InvalidParameterValueError` for a reference that is none.
        """
        name, qualifier = parse_reference(reference, qualifier)
        arn = self._arn(name)
        invoked = f"{arn}:{qualifier}" if qualifier else arn
        backend = self._backend
        from moto.awslambda.exceptions import UnknownFunctionException  # noqa: PLC0415 - a slow import

        try:
            moto = backend.get_function(name, qualifier)
        except UnknownFunctionException as error:
            raise FunctionNotFoundError(invoked) from error
        latest = backend.get_function(name)
        return self._function(moto, latest, arn, invoked)

    def names(self) -> list[str]:
        """Return the names of the functions that run here, sorted."""
        functions = self._backend.list_functions()
        return sorted(one.function_name for one in functions if (one.run_time or "").startswith("python3."))

    def usage(self) -> tuple[int, int, int]:
        """Return how many functions there are, the bytes of their code, and the concurrency they reserve."""
        functions = self._backend.list_functions()
        code = sum(len(getattr(one, "code_bytes", b"")) for one in functions)
        return len(functions), code, sum(int(one.reserved_concurrency or 0) for one in functions)

    def tagged(self, tags: Mapping[str, str]) -> list[str]:
        """Return the ARNs of the functions that have all of these tags, sorted."""
        functions = self._backend.list_functions()
        return sorted(self._arn(one.function_name) for one in functions if tags.items() <= one.tags.items())

    def layers(self, arns: list[str]) -> tuple[Layer, ...]:
        """Resolve layer ARNs; raises `InvalidParameterValueError` naming one that cannot be had here."""
        return tuple(self._layer(arn) for arn in arns if not _FIS_LAYER.fullmatch(arn))

    def replace_async_config(self, name: str, *, merge: bool) -> None:
        """Leave only the newest event invoke config; moto appends and then answers with the oldest.

        `merge` keeps the settings that an update did not name.
        """
        configs = self._backend.get_function(parse_reference(name)[0]).event_invoke_config
        if merge and len(configs) > 1:
            configs[-1].config = {**configs[-2].config, **configs[-1].config}
        del configs[:-1]

    def steady_url(self, name: str, qualifier: str = "") -> str:
        """Name a function's URL after the ARN of the function or its alias, and return it."""
        function = self._backend.get_function(name)
        host = hashlib.sha256(f"{function.function_arn}{qualifier}".encode()).hexdigest()[:32]
        config = function.get_url_config()
        config.config["Qualifier"] = qualifier  # which moto does not keep
        config.url = f"https://{host}.lambda-url.{self.region}.on.aws/"
        return str(config.url)

    def delete(self, name: str) -> None:
        """Delete a function that was just created and turned out not to be runnable."""
        self._backend.delete_function(name)
        self.overlay.forget(name)

    @property
    def _backend(self) -> Any:
        return self._moto.backend("lambda", self.region)

    def _arn(self, name: str) -> str:
        return f"arn:aws:lambda:{self.region}:{ACCOUNT_ID}:function:{name}"

    def _function(self, moto: Any, latest: Any, arn: str, invoked: str) -> Function:
        version = str(moto.version)
        settings = self.overlay.settings(moto.function_name, version)
        arns = settings.get("Layers", [layer["Arn"] for layer in moto.layers])
        reserved = latest.reserved_concurrency
        return Function(
            name=moto.function_name,
            arn=arn,
            invoked_arn=invoked,
            version=version,
            handler=moto.handler or "",
            runtime=moto.run_time or "",
            code=getattr(moto, "code_bytes", b""),
            code_digest=getattr(moto, "code_sha_256", ""),
            role=moto.role or "",
            timeout=float(moto.timeout),
            memory=int(moto.memory_size),
            variables=_variables(moto.environment_vars or {}),
            layers=self.layers(arns),
            tracing="Active" if settings["TracingConfig"].get("Mode") == "Active" else "PassThrough",
            reserved_concurrency=None if reserved is None else int(reserved),
            asynchronous=_async_config(latest, settings),
            logging=read_config(moto.function_name, settings["LoggingConfig"]),
        )

    def _layer(self, arn: str) -> Layer:
        if _ADOT_LAYER.fullmatch(arn):
            if self._adot is None:
                raise InvalidParameterValueError(
                    f"layer {arn}: the ADOT layer was not built; run "
                    "`python -m embedded_aws.awslambda.runtime.provision`"
                )
            return Layer(arn, digest=self._adot.name, directory=self._adot)
        moto = self._backend.layers_versions_by_arn(arn) if not is_foreign(arn) else None
        if moto is None:
            raise InvalidParameterValueError(
                f"layer {arn}: not known here; publish it with PublishLayerVersion in this account "
                f"({ACCOUNT_ID}). Of other accounts' layers only AWSOpenTelemetryDistroPython is available"
            )
        return Layer(arn, moto.code_bytes, moto.code_sha_256)


def is_foreign(arn: str) -> bool:
    """Tell whether a layer belongs to another account."""
    return _OWN_LAYER.fullmatch(arn) is None


def _variables(given: Mapping[str, Any]) -> dict[str, str]:
    """Return a function's variables; the FIS extension's wrapper has no file here."""
    return {key: str(value) for key, value in given.items() if value != _FIS_WRAPPER}


def _async_config(latest: Any, settings: Mapping[str, Any]) -> AsyncConfig:
    config = latest.event_invoke_config[-1].config if latest.event_invoke_config else {}
    destinations = config.get("DestinationConfig") or {}
    return AsyncConfig(
        retries=int(config.get("MaximumRetryAttempts", 2)),
        max_age=float(config.get("MaximumEventAgeInSeconds", 6 * 3600)),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        dead_letter=(settings.get("DeadLetterConfig") or {}).get("TargetArn") or None,
    )


__all__ = ["LATEST", "AsyncConfig", "Catalog", "Function", "Layer", "is_foreign", "parse_reference"]
