"""Resources of `pulumi_random`, `pulumi_archive` and `pulumi_command`, as their classes register them."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine.conftest import Again, Deploy

OUTPUTS = (
    "result",
    "results",
    "hex",
    "dec",
    "b64Url",
    "b64Std",
    "base64",
    "outputSha",
    "outputPath",
    "numeric",
    "stdout",
    "stderr",
)


class Other(pulumi.CustomResource):
    """A resource of another provider, with its inputs and outputs in the wire's names."""

    def __init__(self, token: str, name: str, secrets: tuple[str, ...] = (), **inputs: Any) -> None:
        opts = pulumi.ResourceOptions(additional_secret_outputs=list(secrets))
        super().__init__(token, name, {**dict.fromkeys(OUTPUTS), **inputs}, opts)

    def __getitem__(self, output: str) -> pulumi.Output[Any]:
        found: pulumi.Output[Any] = pulumi.get(self, output)
        return found


def drawn(kind: str, name: str, secrets: tuple[str, ...] = (), **inputs: Any) -> Other:
    return Other(f"random:index/random{kind}:Random{kind}", name, secrets, **inputs)


def test_what_is_drawn_has_the_form_that_was_asked_for(deploy: Deploy) -> None:
    """Characters of the kinds allowed, bytes, a pet, a number between both limits, a UUID."""

    def program() -> None:
        pulumi.export("text", drawn("String", "a", length=15, special=False, number=False)["result"])
        pulumi.export("marked", drawn("String", "b", length=4, minSpecial=4, overrideSpecial="_")["result"])
        identifier = drawn("Id", "c", byteLength=4, prefix="x-")
        pulumi.export("hex", identifier["hex"])
        pulumi.export("dec", identifier["dec"])
        pulumi.export("id", identifier.id)
        pulumi.export("pet", drawn("Pet", "d", length=3, separator="_", prefix="my").id)
        pulumi.export("number", drawn("Integer", "e", min=7, max=7)["result"])
        pulumi.export("uuid", drawn("Uuid", "f")["result"])
        pulumi.export("order", drawn("Shuffle", "g", inputs=["a", "b"], resultCount=3)["results"])

    done = deploy(program)
    out = done.outputs
    assert re.fullmatch("[A-Za-z]{15}", out["text"])
    assert out["marked"] == "____"
    drawn_bytes = base64.urlsafe_b64decode(out["id"] + "==")
    assert (out["hex"], out["dec"]) == (f"x-{drawn_bytes.hex()}", f"x-{int.from_bytes(drawn_bytes)}")
    assert re.fullmatch("my_[a-z]+_[a-z]+_[a-z]+", out["pet"])
    assert out["number"] == 7
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", out["uuid"])
    assert sorted(out["order"][:2]) == ["a", "b"]
    assert len(out["order"]) == 3
    assert done.counts == {"run": 7, "stored only": 0, "skipped": 0}
    assert done.warnings == []


def test_what_was_drawn_stays_until_a_keeper_changes(deploy: Deploy) -> None:
    """As Pulumi's state keeps it: the same in every run, another one for other keepers."""

    def with_keeper(value: str) -> str:
        def program() -> None:
            pulumi.export("text", drawn("String", "a", length=20, keepers={"k": value})["result"])

        return str(deploy(program).outputs["text"])

    first, again, other = map(with_keeper, "aab")
    assert first == again
    assert first != other


def test_password_is_a_secret(deploy: Deploy) -> None:
    """It is used as it is, and not shown."""

    def program() -> None:
        password = drawn("Password", "p", ("result",), length=12)
        pulumi.export("password", password["result"])
        pulumi.export("length", pulumi.Output.unsecret(password["result"]).apply(len))

    assert deploy(program).outputs == {"password": "[secret]", "length": 12}


@pytest.mark.parametrize(("kind", "inputs", "message"), [
    ("String", {"length": 3, "minLower": 4}, "its `length` 3 is less than its minimums together, 4"),
    ("String", {"length": 3, "lower": False, "upper": False, "numeric": False, "special": False},
     "it excludes every kind of character"),
    ("Integer", {"min": 3, "max": 1}, "its `min` 3 is more than its `max` 1"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_named(deploy: Deploy, kind: str, inputs: Any, message: str) -> None:
    """With the resource."""
    with pytest.raises(EngineError, match=f"Random{kind} 'bad' could not be created: {message}"):
        deploy(lambda: drawn(kind, "bad", **inputs) and None)


def test_archive_is_written_where_the_program_wants_it(deploy: Deploy, tmp_path: Path) -> None:
    """With hashes of the zip; as a resource and as a function; without what is excluded."""
    source = tmp_path / "src"
    (source / "pkg" / "__pycache__").mkdir(parents=True)
    for name in ("app.py", "pkg/util.py", "pkg/__pycache__/util.pyc", "notes.md"):
        (source / name).write_text(name)
    output, made = tmp_path / "build" / "app.zip", tmp_path / "one.zip"

    def program() -> None:
        given = {"type": "zip", "sourceDir": str(source), "excludes": ["**/__pycache__", "*.md"]}
        found = pulumi.runtime.invoke(
            "archive:index/getFile:getFile", {**given, "outputPath": str(output)}
        ).value
        pulumi.export("found", found)
        texts = [{"filename": "a/b.py", "content": "x"}]
        file = Other("archive:index/file:File", "f", type="zip", sources=texts, outputPath=str(made))
        pulumi.export("sha", file["outputSha"])

    done = deploy(program)
    found, content = done.outputs["found"], output.read_bytes()
    assert zipfile.ZipFile(output).namelist() == ["app.py", "pkg/util.py"]
    assert found["outputBase64sha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert (found["outputSize"], found["outputPath"]) == (len(content), str(output))
    assert zipfile.ZipFile(made).read("a/b.py") == b"x"
    assert done.outputs["sha"] == hashlib.sha1(made.read_bytes(), usedforsecurity=False).hexdigest()
    assert done.warnings == []


@pytest.mark.parametrize(("inputs", "message"), [
    ({"type": "tar.gz", "sourceDir": "."}, "its `type` is 'tar.gz'; only 'zip' can be made here"),
    ({"type": "zip", "sourceDir": "absent"}, "its `source_dir` .*/absent is not a directory"),
    ({"type": "zip", "sourceFile": "absent"}, "its `source_file` .*/absent is not a file"),
    ({"type": "zip", "sources": []}, "it has nothing to archive"),
])  # fmt: skip
def test_what_cannot_be_archived_is_named(deploy: Deploy, tmp_path: Path, inputs: Any, message: str) -> None:
    """With the resource, and what to change."""
    with pytest.raises(EngineError, match=f"File 'bad'.* could not be created: {message}"):
        deploy(
            lambda: Other("archive:index/file:File", "bad", outputPath=str(tmp_path / "o"), **inputs) and None
        )


def command(name: str, **inputs: Any) -> Other:
    return Other("command:local:Command", name, **inputs)


def test_command_runs_in_the_programs_surroundings(deploy: Deploy, tmp_path: Path) -> None:
    """In its folder, with its variables and its input; the SDK in it talks to the embedded AWS."""

    def program() -> None:
        said = 'cat; echo; pwd; echo "$WHO $AWS_ENDPOINT_URL"; echo aside >&2; touch made'
        here = {"dir": str(tmp_path), "environment": {"WHO": "me"}, "stdin": "in"}
        done = command("c", create=said, delete="rm made", **here)
        pulumi.export("stdout", done["stdout"])
        pulumi.export("stderr", done["stderr"])
        asked = {"command": "print(6 * 7)", "interpreter": [sys.executable, "-c"]}
        pulumi.export("found", pulumi.runtime.invoke("command:local:run", asked).value["stdout"])

    done = deploy(program)
    wrote = f"in\n{tmp_path}\nme {os.environ.get('AWS_ENDPOINT_URL', '')}"
    assert done.outputs == {"stdout": wrote, "stderr": "aside", "found": "42"}
    assert (tmp_path / "made").exists()
    assert (done.counts["run"], done.warnings) == (1, [])


def test_command_runs_again_when_it_differs(again: Again, tmp_path: Path) -> None:
    """`create` runs anew for other triggers, `update` for another command, none when nothing differs."""
    log = tmp_path / "log"

    def program(trigger: str, word: str) -> Callable[[], Any]:
        update = f'echo "{word} after $PULUMI_COMMAND_STDOUT" >> {log}'
        create = f"echo {trigger} | tee -a {log}"
        return lambda: command("c", create=create, update=update, triggers=[trigger]) and None

    first = again(program("one", "same"))
    second = again(program("one", "same"), first)
    third = again(program("one", "other"), second)
    again(program("two", "other"), third)
    assert log.read_text().splitlines() == ["one", "other after one", "two"]


@pytest.mark.parametrize(("inputs", "message"), [
    ({"create": "echo out; echo no such package >&2; exit 3"},
     "`echo out; echo no such package >&2; exit 3` exited with 3: out\nno such package"),
    ({"create": "true", "dir": "/absent/folder"}, "`/bin/sh -c true` cannot be run: .*No such file"),
])  # fmt: skip
def test_command_that_fails_says_what_it_wrote(deploy: Deploy, inputs: Any, message: str) -> None:
    """With the resource."""
    with pytest.raises(EngineError, match=f"Command 'bad'.* could not be created: {message}"):
        deploy(lambda: command("bad", **inputs) and None)
