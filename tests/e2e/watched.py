"""Programs that are copied, so that their sources can be edited while they run under `up --watch`."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.stack import REPOSITORY, Stack, until

if TYPE_CHECKING:
    from pathlib import Path

_TITLE = re.compile(r"as before: the same|, the one before:")
_ALONE = re.compile(r"nothing to change|the stack is as it was")
_DEMO = ("components", "handlers", "layers", ".build/layers")


_FRONT = '''
"""Says what helper and layer say."""

import helper
import shared


def handler(event, context):
    return {"statusCode": 200, "body": f"front {helper.WORD} {shared.WORD}"}
'''
_PULUMI = """
name: watched
runtime: python
config:
  seconds:
    type: integer
    default: 30
"""
_MAIN = '''
"""A function behind an HTTP API, with a helper module, a layer, a table and a queue; one from a built zip."""

import json

import pulumi
import pulumi_aws as aws
from names import NAMES

trust = {"Version": "2012-10-17", "Statement": []}
role = aws.iam.Role("role", assume_role_policy=json.dumps(trust))
table = aws.dynamodb.Table(
    "items", hash_key="id", billing_mode="PAY_PER_REQUEST", attributes=[{"name": "id", "type": "S"}]
)
seconds = pulumi.Config().require_int("seconds")
queues = {name: aws.sqs.Queue(name, visibility_timeout_seconds=seconds) for name in NAMES}
layer = aws.lambda_.LayerVersion("shared", layer_name="watched-shared", code=pulumi.FileArchive("layer"))
common = {"runtime": "python3.11", "role": role.arn, "tracing_config": {"mode": "Active"}}
front = aws.lambda_.Function(
    "front", code=pulumi.FileArchive("code"), handler="front.handler", layers=[layer.arn], **common
)
built = aws.lambda_.Function(
    "built", code=pulumi.FileArchive("dist/built.zip"), handler="built.handler", **common
)
api = aws.apigatewayv2.Api("api", protocol_type="HTTP", target=front.arn)
pulumi.export("url", pulumi.Output.concat(api.api_endpoint, "/"))
pulumi.export("table", table.name)
pulumi.export("queue", queues["jobs"].url)
pulumi.export("built", built.name)
pulumi.export("region", aws.config.region)
'''
PLAIN = {
    "Pulumi.yaml": _PULUMI,
    "__main__.py": _MAIN,
    "names.py": 'NAMES = ["jobs"]\n',
    "code/front.py": _FRONT,
    "code/helper.py": 'WORD = "helper"\n',
    "layer/python/shared.py": 'WORD = "layer"\n',
}
"""A program of plain resources, by path; its zip is made by whoever writes it."""


def write_plain(directory: Path, built: bytes) -> Path:
    """Write the program of plain resources, with the zip that a build step would make."""
    contents = {name: text.lstrip().encode() for name, text in PLAIN.items()} | {"dist/built.zip": built}
    for name, content in contents.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return directory


def copy_of_demo(directory: Path) -> Path:
    """Copy what the demo program is made of, with the layers that were built for it."""
    for name in _DEMO:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*REPOSITORY.glob("Pulumi*.yaml"), REPOSITORY / "__main__.py"):
        shutil.copy(file, directory)
    return directory


@dataclass
class Edited:
    """A stack whose program, in `directory`, is edited."""

    stack: Stack
    directory: Path
    _seen: int = field(default=0)

    def save(self, name: str, old: str, new: str) -> str:
        """Replace a text in a file as editors save, by a new file; return what is told until it is over."""
        file = self.directory / name
        text = file.read_text()
        assert old in text, f"{name} has no {old!r}"
        return self.write(name, text.replace(old, new).encode())

    def write(self, name: str, content: bytes) -> str:
        """Write a whole file in the same way."""
        file = self.directory / name
        self._seen = len(self.stack.output)
        beside = file.with_name(f".{file.name}.swp")
        beside.write_bytes(content)
        beside.replace(file)
        return until(lambda: self._told(file.name), f"what a save of {name} changes")

    def _told(self, name: str) -> str | None:
        """Return what was told of the last save, once it is whole."""
        lines = self.stack.output[self._seen :]
        starts = [number for number, line in enumerate(lines) if name in line]
        if not starts:
            return None
        told = lines[starts[0] :]
        titles = [number for number, line in enumerate(told) if _TITLE.search(line)]
        if (titles and "\n" in told[titles[0] :]) or _ALONE.search(" ".join("".join(told).split())):
            return "".join(told)
        return None
