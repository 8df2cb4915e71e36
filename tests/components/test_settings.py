"""The settings table, its checks, and what Pulumi.yaml says about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.kinds import SettingError
from components.sampling import Sampling
from components.settings import SETTINGS, ApiProfile, Setting, Throttling, load_settings, parse_settings
from tests.components.conftest import Deploy

ROOT = Path(__file__).parents[2]


class TestDefaults:
    def test_no_settings_give_the_defaults(self) -> None:
        """Without any setting, OpenTelemetry traces every request."""
        settings = parse_settings({})
        assert (settings.tracing, settings.export, settings.otel_layer) == ("otel", "xray", "adot")
        assert settings.api == ApiProfile(
            Throttling(50, 100), Sampling(1, 1.0), 14, set_account=False, baseline=settings.baseline
        )

    def test_every_default_is_allowed(self) -> None:
        """Each default in the table passes its own check."""
        for setting in SETTINGS:
            setting.kind.parse(setting.default)

    def test_off_means_no_sampling(self) -> None:
        """An API whose stack traces nothing has no sampling."""
        assert parse_settings({"tracing": "off"}).api.sampling is None


class TestBadValues:
    @pytest.mark.parametrize(
        ("name", "value", "allowed"),
        [
            ("tracing", "xray", "otel, native or off"),
            ("export", "http", "xray or otlp"),
            ("otelLayer", "fat", "adot or slim"),
            ("adotLayerArn", "arn:aws:lambda", "empty or the ARN of a layer version"),
            ("samplingReservoir", "-1", "a whole number of 0 or more"),
            ("samplingRate", "5%", "a number from 0 to 1"),
            ("samplingRate", "1.01", "a number from 0 to 1"),
            ("samplingRate", "nan", "a number from 0 to 1"),
            ("runtime", "python3.10", "python3.11, python3.12, python3.13, python3.14 or python3.15"),
            ("architecture", "arm", "arm64 or x86_64"),
            ("memory", "127", "a whole number from 128 to 10240"),
            ("memory", "10241", "a whole number from 128 to 10240"),
            ("timeout", "0", "a whole number from 1 to 900"),
            ("timeout", "2.5", "a whole number from 1 to 900"),
            ("logRetention", "8", "one of 0, 1, 3, 5, 7, 14"),
            ("workSeconds", "-0.1", "a number of 0 or more"),
            ("workSeconds", "inf", "a number of 0 or more"),
            ("throttleRate", "0", "a whole number of 1 or more"),
            ("throttleBurst", "", "a whole number of 1 or more"),
            ("apiGatewayAccount", "yes", "true or false"),
        ],
    )
    def test_a_bad_value_is_named_with_what_is_allowed(self, name: str, value: str, allowed: str) -> None:
        """The error names the setting, the value, what is allowed and how to correct it."""
        with pytest.raises(SettingError) as error:
            parse_settings({name: value})
        message = str(error.value)
        assert message.startswith(f"{name} is {value!r}, but must be {allowed}")
        assert f"pulumi config set {name} " in message

    def test_an_unknown_setting_is_refused(self) -> None:
        """A misspelt setting is not silently ignored; the nearest name is offered."""
        with pytest.raises(SettingError, match=r"no setting samplngRate; did you mean samplingRate?"):
            parse_settings({"samplngRate": "1"})

    def test_pulumi_prints_the_message_only(self) -> None:
        """Pulumi shows a RunError without a traceback."""
        assert issubclass(SettingError, pulumi.RunError)


class TestContradictions:
    @pytest.mark.parametrize("seconds", ["10", "11"])
    def test_work_must_end_before_the_timeout(self, seconds: str) -> None:
        """A worker that could never finish is refused."""
        with pytest.raises(SettingError, match=f"workSeconds is {seconds}, but must be less than timeout"):
            parse_settings({"workSeconds": seconds, "timeout": "10"})

    def test_the_native_sdk_cannot_export_otlp(self) -> None:
        """The error says why, and both ways out."""
        with pytest.raises(
            SettingError, match="sends X-Ray segments only; set export to xray, or tracing to otel"
        ):
            parse_settings({"tracing": "native", "export": "otlp"})

    def test_a_stack_may_be_off_with_otlp_set(self) -> None:
        """Switching tracing off leaves the other settings as they are."""
        assert parse_settings({"tracing": "off", "export": "otlp"}).tracing == "off"

    def test_an_adot_layer_that_would_not_be_used_is_refused(self) -> None:
        """A layer version and the slim layer exclude each other."""
        arn = "arn:aws:lambda:eu-west-1:123456789012:layer:mine:1"
        with pytest.raises(SettingError, match="adotLayerArn is set, but otelLayer is 'slim'"):
            parse_settings({"adotLayerArn": arn, "otelLayer": "slim"})


class TestPulumiConfiguration:
    def test_values_come_from_the_stack(self, deploy: Deploy) -> None:
        """The program's own configuration wins over the defaults."""
        seen = []
        deploy(lambda: seen.append(load_settings()), {"traced-api:memory": "256", "aws:region": "eu-west-1"})
        assert seen[0].memory == 256

    def test_what_another_project_left_behind_is_refused(self, deploy: Deploy) -> None:
        """A renamed project would silently run with the defaults, and without its mark of production."""
        config = {"traced-api:production": "true"}
        with pytest.raises(
            SettingError,
            match=r"has traced-api:production, but the project is called shop, .* remove traced-api: from",
        ):
            deploy(load_settings, config, project="shop")

    def test_what_pulumi_itself_keeps_is_not_of_another_project(self, deploy: Deploy) -> None:
        """`pulumi new` leaves the template that a stack was made of, under the name of a setting."""
        deploy(load_settings, {"pulumi:tags": '{"pulumi:template": "traced-api"}'}, project="shop")

    def test_an_unknown_key_of_the_project_is_refused(self, deploy: Deploy) -> None:
        """A misspelt key in a stack file is an error, other namespaces are not looked at."""
        with pytest.raises(SettingError, match="no setting trcing"):
            deploy(load_settings, {"traced-api:trcing": "off", "other:trcing": "off"})


class TestPulumiYaml:
    @pytest.fixture
    def described(self) -> dict[str, Any]:
        described: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        return described

    def test_it_describes_exactly_the_settings(self, described: dict[str, Any]) -> None:
        """Every setting of the table is in Pulumi.yaml, in the same order, and nothing else is."""
        assert [name for name in described["config"] if ":" not in name] == [
            setting.name for setting in SETTINGS
        ]

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
    def test_a_setting_reads_the_same(self, described: dict[str, Any], setting: Setting) -> None:
        """Type, default and help of a setting are those of the table."""
        default = yaml.safe_load(setting.default) if setting.kind.schema != "string" else setting.default
        expected = {"type": setting.kind.schema, "default": default, "description": setting.help}
        assert described["config"][setting.name] == expected

    def test_the_template_asks_for_known_settings(self, described: dict[str, Any]) -> None:
        """`pulumi new` asks only for what the program reads."""
        asked = described["template"]["config"].keys() - {"aws:region"}
        assert asked <= {setting.name for setting in SETTINGS}


class TestStackFiles:
    @pytest.mark.parametrize(
        ("stack", "tracing", "sampling"),
        [
            ("dev", "otel", Sampling(1, 1)),
            ("staging", "native", Sampling(1, 1)),
            ("prod", "otel", Sampling(1, 0.05)),
        ],
    )
    def test_a_stack_traces_as_announced(self, stack: str, tracing: str, sampling: Sampling) -> None:
        """Stacks dev and staging trace every request, prod one per second and 5 % of the others."""
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
        settings = parse_settings(yaml.safe_load(text)["config"])
        assert (settings.tracing, settings.api.sampling) == (tracing, sampling)

    @pytest.mark.parametrize("file", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda file: file.name)
    def test_a_stack_file_survives_a_new_name_of_the_project(self, file: Path) -> None:
        """Keys have no namespace, which is the project's name; values are text, as Pulumi writes them."""
        config = yaml.safe_load(file.read_text())["config"]
        assert not [key for key in config if ":" in key]
        assert {type(value) for value in config.values()} <= {str, dict}
