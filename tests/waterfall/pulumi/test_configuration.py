"""The copy of a stack's settings that Pulumi reads on an embedded AWS."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING, Any

import pytest

from waterfall.pulumi.configuration import copied
from waterfall.pulumi.project import Project, read_project
from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from pathlib import Path

HERE = "http://127.0.0.1:4566"


def project(directory: Path, stack: str, declared: str = "") -> Project:
    (directory / "Pulumi.yaml").write_text(f"name: shop\nruntime: nodejs\n{declared}")
    (directory / "Pulumi.dev.yaml").write_text(stack)
    return read_project(directory, None)


def settings(found: Project, **given: str) -> dict[str, Any]:
    return copied(found, given, HERE, "us-east-1")


def test_what_is_committed_is_kept(tmp_path: Path) -> None:
    """Keys without a namespace are the project's."""
    found = project(tmp_path, "config:\n  size: 3\n  aws:defaultTags: {tags: {team: a}}\n  other:x: [1]\n")
    copy = settings(found)
    assert (copy["shop:size"], copy["other:x"]) == (3, [1])
    assert copy["aws:defaultTags"] == {"tags": {"team": "a"}}


def test_every_way_to_an_account_is_replaced(tmp_path: Path) -> None:
    """Profile, keys, roles and endpoints of the stack do not reach the copy."""
    account = {"profile": "live", "accessKey": "AKIA", "secretKey": "x", "token": "x", "region": "eu-west-1"}
    lines = "".join(f"  aws:{key}: {value}\n" for key, value in account.items())
    roles = "  aws:assumeRoles: [{roleArn: arn}]\n  aws:allowedAccountIds: ['1']\n  aws:endpoints: [{sqs: https://x}]\n"
    copy = settings(project(tmp_path, f"config:\n{lines}{roles}"))
    assert {key for key in copy if key.startswith("aws:")} == {
        "aws:accessKey", "aws:endpoints", "aws:httpProxy", "aws:region", "aws:s3UsePathStyle",
        "aws:secretKey", "aws:skipCredentialsValidation", "aws:skipMetadataApiCheck",
    }  # fmt: skip
    assert (copy["aws:accessKey"], copy["aws:secretKey"], copy["aws:region"]) == ("test", "test", "us-east-1")
    assert {*copy["aws:endpoints"][0].values()} == {HERE}


def test_an_account_of_all_stacks_is_outweighed(tmp_path: Path) -> None:
    """`Pulumi.yaml` has values for stacks that have none of their own."""
    roles = "  aws:assumeRoles: {value: [{roleArn: arn}]}\n"
    declared = f"config:\n  aws:profile: live\n{roles}  aws:region: eu-west-1\n"
    copy = settings(project(tmp_path, "config: {}\n", declared))
    assert (copy["aws:profile"], copy["aws:assumeRoles"], copy["aws:region"]) == ("", [], "us-east-1")


def test_secrets_that_are_not_given_are_named(tmp_path: Path) -> None:
    """With what to type."""
    found = project(tmp_path, "config:\n  password: {secure: a}\n  deep: {key: [{secure: b}]}\n  size: 3\n")
    with pytest.raises(ReadError) as refused:
        settings(found)
    assert str(refused.value) == (
        "stack 'dev' has secrets that cannot be decrypted here: deep, password; give values for this "
        "machine, before --: --config deep=VALUE --config password=VALUE"
    )


def test_what_is_given_takes_the_place_of_secrets(tmp_path: Path) -> None:
    """Lists and objects are read as JSON where the project declares them."""
    declared = "config:\n  names: {type: array, items: {type: string}}\n"
    found = project(tmp_path, "config:\n  password: {secure: a}\n", declared)
    copy = settings(found, password="here", names='["a", "b"]')
    assert (copy["shop:password"], copy["shop:names"]) == ("here", ["a", "b"])


def test_what_must_fit_this_machine_does(tmp_path: Path) -> None:
    """Where the program has these settings; functions run here."""
    declared = "config:\n  runtime: {type: string}\n  architecture: {type: string, default: arm64}\n"
    copy = settings(project(tmp_path, "config:\n  runtime: python3.9\n", declared))
    assert copy["shop:runtime"] == f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert copy["shop:architecture"] in {"x86_64", "arm64", platform.machine()}
    assert "shop:runtime" not in settings(project(tmp_path, "config: {}\n"))


def test_a_folder_without_a_project_is_named(tmp_path: Path) -> None:
    """The error says with which option another is chosen."""
    with pytest.raises(ReadError, match=r"no Pulumi\.yaml in .*: name a project's folder with -C DIR"):
        read_project(tmp_path, None)


def test_a_stack_is_chosen_among_several(tmp_path: Path) -> None:
    """An organisation before its name is left away."""
    project(tmp_path, "config: {}\n")
    assert read_project(tmp_path, "acme/shop/live").stack == "live"
    (tmp_path / "Pulumi.dev.yaml").rename(tmp_path / "Pulumi.one.yaml")
    assert read_project(tmp_path, None).stack == "one"
    (tmp_path / "Pulumi.two.yaml").write_text("")
    with pytest.raises(ReadError, match="has several stacks; choose one with --stack: one, two"):
        read_project(tmp_path, None)
