"""The layers of a traced function: its tracing library, and what stands behind the OpenTelemetry API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pulumi
import pulumi_aws as aws

from .adot import adot_layer_arn
from .naming import layer_name
from .packaging import locked_layer, package_layer
from .settings import FunctionProfile, Target

_HERE = Path(__file__).resolve().parent
_LOCKS = _HERE / "locks"


@dataclass(frozen=True)
class PythonLayerArgs:
    """A finished layer zip, and what it was built for."""

    archive: Path
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
            code=pulumi.FileArchive(args.archive.as_posix()),
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

    Raises SettingError when the region has no ADOT layer, PackagingError when a layer cannot be built.
    """

    arns: list[pulumi.Input[str]]
    layers: list[PythonLayer]

    def __init__(
        self, name: str, args: TracingLayersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:TracingLayers", name, {}, opts)
        self.layers = []
        archive = package_layer(tracing_library(), args.profile.target)
        library = self._layer(f"{name}-library", archive, args.profile.target, "The tracing library")
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
        archive = locked_layer(_LOCKS / f"{lock}.lock", args.profile.target)
        return self._layer(f"{name}-{lock}", archive, args.profile.target, description)

    def _layer(self, name: str, archive: Path, target: Target, description: str) -> pulumi.Output[str]:
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
