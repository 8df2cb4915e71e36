from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.engine.config import Config, load_config
from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.passphrase import cipher_of
from embedded_aws.engine.project import load_project
from tests.embedded_aws.engine.harness import write_project

if TYPE_CHECKING:
    from pathlib import Path

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads the configuration of stack dev from a schema and the stack file's values."""

    def loaded(schema: dict[str, Any], stack: dict[str, Any], *overrides: str, **host: str) -> Config:
        pulumi = {"name": "shop", "runtime": "python", "config": schema}
        write_project(tmp_path, "", pulumi=pulumi, dev={"config": stack})
        return load_config(load_project(tmp_path), "dev", overrides, host=host)

    return loaded


def test_override_wins_over_the_stack_and_the_stack_over_the_default(load: Load) -> None:
    """Values come from --config, else from the stack file, else from Pulumi.yaml."""
    schema = {key: {"type": "string", "default": "default"} for key in ("a", "b", "c")}
    config = load(schema, {"shop:b": "stack", "shop:c": "stack"}, "c=override")
    assert config.shown("shop") == {"a": "default", "b": "stack", "c": "override"}


def test_key_may_carry_the_projects_namespace_everywhere(load: Load) -> None:
    """`shop:a` and `a` are the same key in the schema and on the command line."""
    assert load({"shop:a": {"type": "string"}}, {}, "shop:a=x").values == {"shop:a": "x"}


def test_other_namespaces_pass_through(load: Load) -> None:
    """Provider settings such as aws:region come from schema, stack and command line alike."""
    assert load({"aws:region": "us-east-1"}, {}).values == {"aws:region": "us-east-1"}
    assert load({"aws:region": {"value": "us-east-1"}}, {"aws:region": "eu-west-1"}).values == {
        "aws:region": "eu-west-1"
    }
    assert load({}, {}, "aws:region=eu-west-3").values == {"aws:region": "eu-west-3"}


def test_value_outside_the_schema_is_allowed_in_the_stack_file(load: Load) -> None:
    """As with Pulumi, a stack may hold keys that the schema does not name."""
    assert load({"a": {"default": 1}}, {"shop:extra": 2}).values == {"shop:a": 1, "shop:extra": 2}


@pytest.mark.parametrize(("kind", "given", "value"), [
    ("integer", 5, 5),
    ("integer", "5", 5),
    ("integer", 5.0, 5),
    ("boolean", "true", True),
    ("boolean", False, False),
    ("string", "x", "x"),
    ("string", 3.11, "3.11"),
    ("object", {"a": 1}, {"a": 1}),
])  # fmt: skip
def test_value_is_taken_in_its_type(load: Load, kind: str, given: Any, value: Any) -> None:
    """Texts that read as the type are converted, as Pulumi does."""
    assert load({"a": {"type": kind}}, {"shop:a": given}).values == {"shop:a": value}


def test_array_elements_are_taken_in_their_type(load: Load) -> None:
    """`items` is applied to each element, at any depth."""
    items = {"type": "array", "items": {"type": "integer"}}
    assert load({"a": {"type": "array", "items": items}}, {"shop:a": [["1"], [2]]}).values["shop:a"] == [
        [1],
        [2],
    ]


@pytest.mark.parametrize(("schema", "given", "message"), [
    ({"type": "integer"}, "five", """'shop:a' must be of type 'integer', not "five"$"""),
    ({"type": "integer"}, 5.5, "must be of type 'integer', not 5.5"),
    ({"type": "integer"}, True, "must be of type 'integer', not true"),
    ({"type": "boolean"}, "yes", "must be of type 'boolean'"),
    ({"type": "string"}, ["x"], "must be of type 'string'"),
    ({"type": "object"}, "x", "must be of type 'object'"),
    ({"type": "array", "items": {"type": "integer"}}, ["x"], "must be of type 'array of integer'"),
])  # fmt: skip
def test_value_of_another_type_is_refused(
    load: Load, schema: dict[str, Any], given: Any, message: str
) -> None:
    """The message names stack, key, type and value."""
    with pytest.raises(EngineError, match=message):
        load({"a": schema}, {"shop:a": given})


def test_missing_value_is_refused(load: Load) -> None:
    """A key without a default must be given; the message says where."""
    with pytest.raises(
        EngineError, match=r"missing configuration value 'shop:a'; set it in Pulumi\.dev\.yaml"
    ):
        load({"a": {"type": "string"}}, {})


@pytest.mark.parametrize("value", [{"secure": "v1:x"}, {"inner": {"secure": "v1:x"}}, [{"secure": "v1:x"}]])
def test_encrypted_value_is_refused(load: Load, value: Any) -> None:
    """Ciphertext cannot be read without the stack's key; the message says how to go on."""
    with pytest.raises(EngineError, match=r"'shop:a' of stack 'dev' is encrypted.*--config shop:a=VALUE"):
        load({}, {"shop:a": value})


def test_all_encrypted_values_are_named_at_once(load: Load) -> None:
    """With the options that stand in for them, to copy."""
    options = "--config shop:a=VALUE --config shop:b=VALUE"
    with pytest.raises(EngineError, match=rf"keys 'shop:a', 'shop:b' of stack 'dev' are.*{options}"):
        load({}, {"shop:a": {"secure": "v1:x"}, "shop:b": {"secure": "v1:y"}, "shop:c": "plain"})


def test_override_stands_in_for_an_encrypted_value(load: Load) -> None:
    """--config replaces ciphertext; the schema's `secret` masks it in what is shown."""
    config = load({"a": {"type": "string", "secret": True}}, {"shop:a": {"secure": "v1:x"}}, "a=hush")
    assert config.values == {"shop:a": "hush"}
    assert config.shown("shop") == {"a": "[secret]"}


# What Pulumi 3.274 wrote: `pulumi config set --secret` with the passphrase "hunter2".
_SALT = "v1:lR97ib58T0I=:v1:EZVWpPwch6iuVkR1:cqTMoC/zxwhd32sa3euLlheq2B6lsw=="
_TOKEN = {"secure": "v1:rqW6sVwwNP4+2DAi:letTKPTrdcPFHOXDCIb9xPJkX2jO/w=="}
_DB = {"password": {"secure": "v1:V3L/Ovs6xUB25OgW:ZFJRxTbfe3ZyILgXynqo932i"}, "port": 5432}


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Config]:
    """Loads a stack with encrypted values, with these variables in the environment."""

    def loaded(*overrides: str, values: dict[str, Any] | None = None, **environment: str) -> Config:
        content = {"encryptionsalt": _SALT, "config": values or {"shop:token": _TOKEN, "shop:db": _DB}}
        write_project(tmp_path, "", pulumi={"name": "shop", "runtime": "python"}, dev=content)
        for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load_config(load_project(tmp_path), "dev", overrides)

    return loaded


def test_encrypted_values_are_read_with_the_passphrase(encrypted: Callable[..., Config]) -> None:
    """At any depth, and they are secrets in what is shown and for the program."""
    config = encrypted(PULUMI_CONFIG_PASSPHRASE="hunter2")
    assert config.values == {"shop:token": "s3cr3t", "shop:db": {"password": "pw", "port": 5432}}
    assert config.shown("shop") == {"token": "[secret]", "db": "[secret]"}
    assert config.secret_keys == {"shop:token", "shop:db"}


def test_passphrase_may_be_in_a_file(encrypted: Callable[..., Config], tmp_path: Path) -> None:
    """PULUMI_CONFIG_PASSPHRASE_FILE names it, as for Pulumi."""
    (tmp_path / "phrase").write_text("hunter2\n")
    config = encrypted(PULUMI_CONFIG_PASSPHRASE_FILE=str(tmp_path / "phrase"))
    assert config.values["shop:token"] == "s3cr3t"
    with pytest.raises(EngineError, match=r"PULUMI_CONFIG_PASSPHRASE_FILE: .*nowhere cannot be read"):
        encrypted(PULUMI_CONFIG_PASSPHRASE_FILE=str(tmp_path / "nowhere"))


def test_override_of_an_encrypted_value_is_a_secret_too(encrypted: Callable[..., Config]) -> None:
    """--config replaces the value, not what it is; no passphrase is needed then."""
    config = encrypted("token=mine", values={"shop:token": _TOKEN})
    assert config.values == {"shop:token": "mine"}
    assert config.shown("shop") == {"token": "[secret]"}


def test_missing_passphrase_is_named(encrypted: Callable[..., Config]) -> None:
    """A stack with a salt can be read; the message says with what."""
    with pytest.raises(
        EngineError, match=r"passphrase in PULUMI_CONFIG_PASSPHRASE, or give values .* --config"
    ):
        encrypted()


@pytest.mark.parametrize("salt", ["v1:???:v1:a:b", "v1:\xe9:v1:a:b", "v1:lR97ib58T0I=", "v2:lR97:v1:a:b"])
def test_salt_that_pulumi_did_not_write_is_named(salt: str) -> None:
    """Whatever of it was changed."""
    with pytest.raises(
        EngineError, match=r"`encryptionsalt` of stack 'dev' is not one that Pulumi writes: 'v"
    ):
        cipher_of("dev", salt, "hunter2")


def test_passphrase_that_is_no_text_is_a_wrong_one(encrypted: Callable[..., Config]) -> None:
    """An environment holds bytes."""
    with pytest.raises(EngineError, match="is not that of stack 'dev'"):
        encrypted(PULUMI_CONFIG_PASSPHRASE="\udcff")


def test_wrong_passphrase_is_told_from_a_damaged_value(encrypted: Callable[..., Config]) -> None:
    """The salt carries a known text; a value that does not fit it was changed."""
    with pytest.raises(EngineError, match=r"PULUMI_CONFIG_PASSPHRASE\) is not that of stack 'dev'"):
        encrypted(PULUMI_CONFIG_PASSPHRASE="hunter3")
    damaged = {"shop:token": {"secure": "v1:rqW6sVwwNP4+2DAi:letTKPTrdcPFHOXDCIb9xPJkX2jO/A=="}}
    with pytest.raises(EngineError, match=r"'shop:token' of stack 'dev' cannot be decrypted.*was changed"):
        encrypted(PULUMI_CONFIG_PASSPHRASE="hunter2", values=damaged)


@pytest.mark.parametrize(("override", "message"), [
    ("tracig=off", "unknown key 'tracig'; did you mean tracing?"),
    ("aws:zzz=x", "unknown key 'aws:zzz'; known keys: aws:defaultTags, aws:region"),
    ("aws:regoin=x", "unknown key 'aws:regoin'; did you mean aws:region?"),
    ("tracing", "'tracing' is not of the form KEY=VALUE"),
    ("=x", "'=x' is not of the form KEY=VALUE"),
])  # fmt: skip
def test_bad_override_is_explained(load: Load, override: str, message: str) -> None:
    """A mistyped --config names what is close, or what there is."""
    schema = {"tracing": {"default": "otel"}, "region": {"default": "x"}}
    with pytest.raises(EngineError, match=message.replace("?", r"\?")):
        load(schema, {}, override)


def test_override_outside_the_schema_is_taken(load: Load) -> None:
    """As with Pulumi, a program may ask for what its schema does not declare."""
    config = load({"oauth_client_id": {"default": "x"}}, {}, "calendar_client_id=y", "phaseTwo=true")
    assert config.values["shop:calendar_client_id"] == "y"
    assert config.values["shop:phaseTwo"] == "true"


def test_without_a_schema_every_override_is_taken(load: Load) -> None:
    """Projects without `config:` in Pulumi.yaml know their keys only in code."""
    assert load({}, {}, "anything=1").values == {"shop:anything": "1"}


def test_structured_override_is_json(load: Load) -> None:
    """A list or an object on the command line is written as JSON."""
    schema = {"a": {"type": "array", "items": {"type": "integer"}}}
    assert load(schema, {}, "a=[1, 2]").values == {"shop:a": [1, 2]}


def test_host_settings_replace_the_stacks_value_when_the_schema_declares_them(load: Load) -> None:
    """Runtime and architecture follow the machine, unless --config says otherwise."""
    schema = {"runtime": {"type": "string", "default": "python3.13"}}
    host = {"runtime": "python3.11", "architecture": "x86_64"}
    assert load(schema, {"shop:runtime": "python3.12"}, **host).values == {"shop:runtime": "python3.11"}
    assert load(schema, {}, "runtime=python3.14", **host).values == {"shop:runtime": "python3.14"}
    assert load({}, {"shop:runtime": "python3.12"}, **host).values == {"shop:runtime": "python3.12"}


def test_wire_form_is_text() -> None:
    """Programs receive texts: true/false, digits, JSON."""
    config = Config({"a": True, "b": 3, "c": [1, "x"], "d": "text", "e": {"k": False}})
    assert config.wire() == {"a": "true", "b": "3", "c": '[1, "x"]', "d": "text", "e": '{"k": false}'}


def test_what_has_no_effect_is_told(tmp_path: Path) -> None:
    """ESC environments and autonaming settings are named, not dropped silently."""
    write_project(
        tmp_path, "", dev={"environment": ["team"], "config": {"pulumi:autonaming": {"mode": "verbatim"}}}
    )
    warnings = load_config(load_project(tmp_path), "dev").warnings
    assert [warning.split(" has ")[0].split(" needs ")[0] for warning in warnings] == [
        "Pulumi.dev.yaml: `environment` (Pulumi ESC)",
        "configuration key 'pulumi:autonaming'",
    ]
