"""What moto's Lambda drops or refuses, kept beside it and put back into its replies.

moto ignores `TracingConfig` on updates, drops settings such as `LoggingConfig`, and refuses layers of other
accounts. They are taken out of the requests before moto sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from embedded_aws.awslambda.logging_config import shown_config

LATEST = "$LATEST"

_KEPT = (
    "TracingConfig",
    "LoggingConfig",
    "DeadLetterConfig",
    "SnapStart",
    "FileSystemConfigs",
    "DurableConfig",
    "CapacityProviderConfig",
)
_DEFAULTS: dict[str, Any] = {
    "TracingConfig": {"Mode": "PassThrough"},
    "LoggingConfig": {"LogFormat": "Text"},
}


class Overlay:
    """Settings by function and version; `is_foreign` tells the layer ARNs that moto cannot know."""

    def __init__(self, is_foreign: Callable[[str], bool]) -> None:
        self._is_foreign = is_foreign
        self._settings: dict[tuple[str, str], dict[str, Any]] = {}

    def strip(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return a create or update request as moto can take it."""
        stripped = {key: value for key, value in request.items() if key not in _KEPT}
        if "Layers" in stripped:
            stripped["Layers"] = [arn for arn in request["Layers"] or () if not self._is_foreign(arn)]
        return stripped

    def keep(self, name: str, request: Mapping[str, Any], *, created: bool) -> None:
        """Remember what `strip` took out, once moto has accepted the rest."""
        key = (name, LATEST)
        previous = {} if created else self._settings.get(key, {})
        kept = {name: request[name] for name in (*_KEPT, "Layers") if request.get(name) is not None}
        self._settings[key] = {**previous, **kept}

    def publish(self, name: str, version: str) -> None:
        """Freeze the current settings as those of a published version."""
        self._settings.setdefault((name, version), dict(self._settings.get((name, LATEST), {})))

    def forget(self, name: str) -> None:
        """Drop a deleted function."""
        for key in [key for key in self._settings if key[0] == name]:
            del self._settings[key]

    def settings(self, name: str, version: str) -> Mapping[str, Any]:
        """Return the settings of one version, defaults included."""
        return {**_DEFAULTS, **self._settings.get((name, version), {})}

    def option(self, name: str, version: str, option: str, default: Any) -> Any:
        """Return what was set by an operation of its own, for one version of a function."""
        return self._settings.get((name, version), {}).get(option, default)

    def set_option(self, name: str, version: str, option: str, value: Any) -> None:
        """Remember what an operation of its own sets."""
        self._settings.setdefault((name, version), {})[option] = value

    def restore(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Return a function's configuration in a reply of moto with its own settings put back."""
        name, version = configuration["FunctionName"], str(configuration.get("Version", LATEST))
        settings = self.settings(name, version)
        restored = {**configuration, **{key: settings[key] for key in _KEPT if key in settings}}
        restored["LoggingConfig"] = shown_config(name, settings["LoggingConfig"])
        if "SnapStart" in settings:
            restored["SnapStart"] = {"OptimizationStatus": "Off", **settings["SnapStart"]}
        if "Layers" in settings:
            sizes = {layer["Arn"]: layer for layer in configuration.get("Layers") or ()}
            restored["Layers"] = [sizes.get(arn, {"Arn": arn, "CodeSize": 0}) for arn in settings["Layers"]]
        return restored
