"""Where Pulumi keeps what it does on an embedded AWS: in the server's data directory, and nowhere else.

Below `pulumi/`: `home` (Pulumi's own, with the user's plugins), `state` (the backend), and a folder for each
project with a copy of its stacks' settings and what was given for this machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from waterfall.traces.documents import mapping_of

_PASSPHRASE = "waterfall"  # noqa: S105 - of a state that holds nothing real
_KEPT = ("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "PULUMI_IGNORE_AMBIENT_PLUGINS", "PULUMI_PYTHON_CMD")
"""What a user may say of Pulumi that is not about a backend, a stack or secrets."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a stack: its program's folder, and the settings that were given for here.

    Its state is that of the embedded AWS that `started` then.
    """

    directory: str
    given: Mapping[str, str]
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder `pulumi` of a data directory, for one stack of one project."""

    folder: Path
    project: str
    stack: str

    @property
    def own(self) -> Path:
        """The folder with the project's copies, in which the stack is made."""
        return self.folder / "projects" / self.project

    @property
    def config_file(self) -> Path:
        return self.own / f"Pulumi.{self.stack}.yaml"

    @property
    def checkpoint(self) -> Path:
        """The state of the stack; there is none before it was made."""
        return _stacks(self.folder) / self.project / f"{self.stack}.json"

    def kept(self) -> Kept:
        """Return what is remembered; nothing of a stack that is new."""
        with suppress(OSError, ValueError, LookupError):
            told = mapping_of(json.loads(self._memory.read_text(encoding="utf-8")))
            return Kept(str(told["directory"]), mapping_of(told["given"]), float(told["started"]))
        return Kept("", {})

    def keep(self, kept: Kept) -> None:
        """Remember; a state of an embedded AWS that has ended is let go, because nothing in it is there."""
        if kept.started != self.kept().started:
            self.checkpoint.unlink(missing_ok=True)
        self._memory.write_text(json.dumps({**asdict(kept), "given": dict(kept.given)}), encoding="utf-8")

    @property
    def _memory(self) -> Path:
        return self.own / f"{self.stack}.json"

    def prepare(self, inherited: Mapping[str, str]) -> None:
        """Make the folders. Plugins are the user's: they are large, and hold no state."""
        for folder in (self.own, self.folder / "state", self.folder / "home"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        plugins = _home(inherited) / "plugins"
        link = self.folder / "home" / "plugins"
        if plugins.is_dir() and not link.exists():
            link.unlink(missing_ok=True)  # to where there are none any more
            link.symlink_to(plugins)

    def write_project(self) -> None:
        """Write the project file that Pulumi looks for when it makes a stack; nothing of it is run."""
        (self.own / "Pulumi.yaml").write_text(
            json.dumps({"name": self.project, "runtime": "python"}), "utf-8"
        )

    def write_config(self, settings: Mapping[str, Any]) -> None:
        """Write the stack file, with the salt that Pulumi has put into it: JSON is YAML, too."""
        import yaml  # noqa: PLC0415 - comes with the extra `embedded`, which other commands do without

        salt: dict[str, Any] = {}
        with suppress(OSError, RecursionError, UnicodeDecodeError, yaml.YAMLError):
            before = mapping_of(yaml.safe_load(self.config_file.read_text(encoding="utf-8")))
            salt = {name: value for name, value in before.items() if name == "encryptionsalt"}
        self.config_file.write_text(json.dumps({**salt, "config": dict(settings)}, indent=2), "utf-8")

    def environment(self, inherited: Mapping[str, str], endpoint: str, region: str) -> dict[str, str]:
        """Return the variables of a shell that knows this backend and the embedded AWS, and no other."""
        rest = {
            name: value
            for name, value in inherited.items()
            if name in _KEPT or not name.startswith(("AWS_", "BOTO_", "PULUMI_"))
        }
        return {
            **rest,
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True, slots=True)
class Stale:
    """A stack whose state lists resources of an embedded AWS that has ended."""

    workspace: Workspace
    resources: int


def stale(data: Path) -> list[Stale]:
    """Return the stacks of a data directory that list resources: of a server that has just started, all."""
    folder = data / "pulumi"
    files = sorted(_stacks(folder).glob("*/*.json"))
    spaces = [Workspace(folder, file.parent.name, file.stem) for file in files]
    return [Stale(space, count) for space in spaces if (count := _resources(space.checkpoint))]


def _resources(checkpoint: Path) -> int:
    """Count the resources of a provider; https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype."""
    with suppress(OSError, ValueError):
        state = mapping_of(mapping_of(json.loads(checkpoint.read_text(encoding="utf-8"))).get("checkpoint"))
        listed: Any = mapping_of(state.get("latest")).get("resources")
        return sum(
            1
            for each in listed or ()
            if each.get("custom") and not str(each.get("type")).startswith("pulumi:")
        )
    return 0


def _stacks(folder: Path) -> Path:
    return folder / "state" / ".pulumi" / "stacks"


def _home(inherited: Mapping[str, str]) -> Path:
    given = inherited.get("PULUMI_HOME")
    return Path(given) if given else Path.home() / ".pulumi"
