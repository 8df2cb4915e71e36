"""The layers of a traced function: its tracing library, and what stands behind the OpenTelemetry API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from .adot import adot_layer_arn
from .bytecode import can_compile, how_to_have
from .naming import layer_name
from .packaging import locked_layer, package_layer
from .settings import FunctionProfile, Target
from .zips import PackagingError

_HERE = Path(__file__).resolve().parent
_LOCKS = _HERE / "locks"


@dataclass(frozen=True)
class PythonLayerArgs:
    """A finished layer zip, and what it was built for."""

    archive: pulumi.Input[Path]
    target: Target
    description: str


class PythonLayer(pulumi.ComponentResource):
    """A Lambda layer of Python packages; `arn` is that of `version`, which changes with its content."""

    version: aws.lambda_.LayerVersion
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: PythonLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("traced-api:index:PythonLayer", name, {}, opts)
        self.version = aws.lambda_.LayerVersion(
            f"{name}-version",
            layer_name=layer_name(name),
            description=args.description,
            code=pulumi.Output.from_input(args.archive).apply(
                lambda archive: pulumi.FileArchive(archive.as_posix())
            ),
            compatible_runtimes=[args.target.runtime],
            compatible_architectures=[args.target.architecture],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = self.version.arn
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True)
class TracingLayersArgs:
    """`adot_layer_arn` replaces the ADOT layer that AWS publishes in the region."""

    profile: FunctionProfile
    otel_layer: Literal["adot", "slim"] = "adot"
    adot_layer_arn: str = ""


class TracingLayers(pulumi.ComponentResource):
    """The layers that one tracing mode needs, shared by every function of a stack.

    Each mode has the OpenTelemetry API, which handlers speak, and the `tracing` library: `otel` gets the API
    from the ADOT layer or from a slim one of our own, `native` from a layer that also has the X-Ray SDK,
    `off` from one that has nothing else. `arns` lists the layer versions in the order to attach them;
    `layers` are those that this stack builds.

    The stack remembers whether its first deployment had a Python of the target to compile with (`bytecode`),
    so that all later ones, on whichever machine, make the same layers.

    Raises SettingError when the region has no ADOT layer, PackagingError when a layer cannot be built, also
    when the stack's layers have bytecode that cannot be made here.
    """

    arns: list[pulumi.Input[str]]
    layers: list[PythonLayer]
    bytecode: pulumi.Output[bool]

    def __init__(
        self, name: str, args: TracingLayersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:TracingLayers", name, {}, opts)
        self.layers = []
        self.bytecode = self._remembered(name, args.profile.target)
        build = partial(package_layer, tracing_library(), args.profile.target)
        library = self._layer(f"{name}-library", build, args.profile.target, "The tracing library")
        self.arns = [self._behind_the_api(name, args), library]
        self.register_outputs({"arns": self.arns})

    def _behind_the_api(self, name: str, args: TracingLayersArgs) -> pulumi.Input[str]:
        if args.profile.tracing == "otel" and args.otel_layer == "adot":
            region = aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
            return adot_layer_arn(region, args.adot_layer_arn, args.profile.target.runtime)
        lock, description = {
            "otel": ("slim", "The OpenTelemetry packages that the tracing library uses"),
            "native": ("native", "The X-Ray SDK and the OpenTelemetry API"),
            "off": ("api", "The OpenTelemetry API"),
        }[args.profile.tracing]
        build = partial(locked_layer, _LOCKS / f"{lock}.lock", args.profile.target)
        return self._layer(f"{name}-{lock}", build, args.profile.target, description)

    def _remembered(self, name: str, target: Target) -> pulumi.Output[bool]:
        """Return whether the stack's layers have bytecode; what this machine has is asked the first time."""
        here = can_compile(target.version)
        stash = pulumi.Stash(
            f"{name}-bytecode-{target.runtime}",
            input=here,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["input"]),
        )

        def tell(found: list[Any]) -> None:
            bytecode, urn = found
            if bytecode and not here:
                raise PackagingError(
                    f"this stack's layers have bytecode of {target.runtime}, which is not on this machine; "
                    f"{how_to_have(target.version)}; or let the stack decide again: "
                    f"pulumi state taint '{urn}'"
                )
            if not bytecode:
                pulumi.log.warn(
                    f"the layers have no bytecode, as the stack's first deployment had no {target.runtime}; "
                    f"imports take longer in cold starts. To have it, {how_to_have(target.version)}, and: "
                    f"pulumi state taint '{urn}'",
                    resource=self,
                )

        pulumi.Output.all(stash.output, stash.urn).apply(tell)
        return pulumi.Output.from_input(stash.output)

    def _layer(
        self, name: str, build: Callable[..., Path], target: Target, description: str
    ) -> pulumi.Output[str]:
        """Build a layer as this machine can, so that an error comes at once, and again if it is otherwise."""
        here = can_compile(target.version)
        built = build(bytecode=here)
        archive = self.bytecode.apply(lambda wanted: build(bytecode=False) if here and not wanted else built)
        args = PythonLayerArgs(archive, target, description)
        self.layers.append(PythonLayer(name, args, pulumi.ResourceOptions(parent=self)))
        return self.layers[-1].arn


def tracing_library() -> Path:
    """Return the folder of the package `tracing` that belongs to these components.

    It lies beside this package where the two are installed, in `layers` in their repository. Looked for, not
    imported: importing it would set tracing up in the process that deploys.
    """
    installed, repository = _HERE.parent / "tracing", _HERE.parent / "layers" / "tracing"
    return installed if installed.is_dir() else repository
