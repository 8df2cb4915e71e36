"""The setting `sampling`: what follows from it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.api import TracedApi, TracedApiArgs
from components.function import TracedFunction, TracedFunctionArgs
from components.kinds import SettingError
from components.sampling import Keep, Special, read_extras
from components.settings import Settings, parse_settings
from tests.components.conftest import Deploy, Deployed

RULE = "aws:xray/samplingRule:SamplingRule"
FULL = {
    "critical": ["POST /checkout", "ANY /orders/{id}/*"],
    "ignored": ["GET /health"],
    "rules": [
        {"name": "gold", "route": "GET /reports/*", "rate": 0.5, "reservoir": 3, "headers": {"t": "g*"}}
    ],
    "keepErrors": ["throttle", 404],
    "keepSlowerThan": 1.5,
    "keepPerSecond": 5,
}


def parse(sampling: Any, **others: str) -> Settings:
    return parse_settings({"sampling": json.dumps(sampling), **others})


class TestReading:
    def test_routes_become_patterns_in_order(self) -> None:
        """Critical ones first, then ignored ones, then rules; with and without the stage in the path."""
        assert read_extras(FULL).specials == (
            Special("critical-1", 100, "POST", "*/checkout", 0, 1.0),
            Special("critical-2", 101, "*", "*/orders/*/*", 0, 1.0),
            Special("ignored-1", 200, "GET", "*/health", 0, 0.0),
            Special("gold", 300, "GET", "*/reports/*", 3, 0.5, {"t": "g*"}),
        )

    def test_what_is_kept(self) -> None:
        """Faults always, listed kinds as well."""
        assert read_extras(FULL).keep == Keep(("fault", "throttle", "404"), 1.5, 5)
        assert read_extras({"keepErrors": True}).keep == Keep(("fault",))
        assert read_extras({}).keep is None

    def test_the_library_is_told(self) -> None:
        """Only what is set is in the environment."""
        assert Keep(("fault", "404"), 1.5, 5).environment == {
            "TRACING_KEEP": "fault,404",
            "TRACING_KEEP_SLOWER_THAN": "1.5",
            "TRACING_KEEP_PER_SECOND": "5",
        }
        assert Keep(("fault",)).environment == {"TRACING_KEEP": "fault"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("sampling", "said"),
        [
            ({"critcal": []}, "sampling has the key 'critcal'; allowed are critical, ignored"),
            ({"rate": 0.1}, "sampling has the key rate; set samplingRate for all other requests"),
            ({"critical": "POST /a"}, "sampling has critical 'POST /a'; it must be a list"),
            ({"critical": ["/a"]}, "sampling has critical '/a'; a route is one of ANY, DELETE"),
            ({"ignored": ["GET /" + "a" * 130]}, "of 132 characters; X-Ray takes paths of up to 128"),
            ({"rules": ["x"]}, "sampling has rules[0] 'x'; a rule is an object with name, route"),
            ({"rules": [{"name": "A"}]}, "rules[0] with the name 'A'; give 1 to 32 of a-z, 0-9 and -"),
            ({"rules": [{"name": "a", "rate": 5}]}, "rules[0].rate 5; give a number from 0 to 1"),
            ({"rules": [{"name": "a"}]}, "rules[0].rate None; give a number from 0 to 1"),
            ({"rules": [{"name": "a", "rate": 1, "reservoir": -1}]}, "rules[0].reservoir -1; give a whole"),
            ({"rules": [{"name": "a", "rate": 1, "host": "h"}]}, "rules[0] with the key 'host'; allowed are"),
            ({"rules": [{"name": "a", "rate": 1, "headers": {"h": ""}}]}, "'' in rules[0].headers"),
            ({"rules": [{"name": "a", "rate": 1, "headers": 1}]}, "rules[0].headers 1; give an object of"),
            ({"keepErrors": ["500"]}, "sampling has keepErrors '500'; allowed are true, or a list of fault"),
            ({"keepErrors": "yes"}, "sampling has keepErrors 'yes'; it must be a list"),
            ({"keepErrors": True, "keepSlowerThan": 0}, "keepSlowerThan 0; give seconds above 0"),
            ({"keepErrors": True, "keepPerSecond": 0}, "keepPerSecond 0, which would keep nothing"),
        ],
    )
    def test_a_bad_value_is_named_with_the_fix(self, sampling: Any, said: str) -> None:
        """The error names the key, the value and what is allowed."""
        with pytest.raises(SettingError) as error:
            parse(sampling)
        assert said in str(error.value)

    @pytest.mark.parametrize(
        ("sampling", "said"),
        [
            (
                {"critical": ["GET /a"], "ignored": ["GET /a"]},
                "critical-1 and ignored-1 for the same requests, GET */a; the second would never apply",
            ),
            ({"keepSlowerThan": 1}, "has keepSlowerThan, but keeps no errors; set keepErrors to true"),
            (
                {"rules": [{"name": "a", "rate": 1}, {"name": "a", "route": "GET /a", "rate": 1}]},
                "has 2 rules named a; names must differ",
            ),
            ({"critical": [f"GET /{n}" for n in range(25)]}, "makes 26 rules; X-Ray allows 25"),
        ],
        ids=["twice", "keeps nothing", "same name", "too many"],
    )
    def test_a_contradiction_is_refused(self, sampling: Any, said: str) -> None:
        """With the reason."""
        with pytest.raises(SettingError, match=None) as error:
            parse(sampling)
        assert said in str(error.value)

    def test_native_cannot_keep_errors(self) -> None:
        """The error says why, and both ways out; without tracing the setting may stay."""
        with pytest.raises(SettingError) as error:
            parse({"keepErrors": True}, tracing="native")
        assert "the native X-Ray SDK records nothing of an unsampled request" in str(error.value)
        assert str(error.value).endswith("remove keepErrors, or set tracing to otel")
        assert parse({"keepErrors": True}, tracing="off").functions.keep is None

    def test_no_object_is_no_setting(self) -> None:
        """Text that is not an object."""
        with pytest.raises(SettingError, match="sampling is '5', but must be an object, such as"):
            parse_settings({"sampling": "5"})


class TestDeployment:
    @pytest.fixture
    def deployed(self, deploy: Deploy) -> Deployed:
        """An API with the full setting."""
        settings = parse(FULL, samplingRate="0.05")

        def program() -> None:
            function = TracedFunction("front", TracedFunctionArgs(Path("code.py"), settings.functions))
            TracedApi("api", TracedApiArgs({"GET /hello": function}, settings.api))

        return deploy(program)

    def test_every_rule_is_for_this_stage(self, deployed: Deployed) -> None:
        """In the order of their priorities, with names of their own; the last one is for all requests."""
        rules = sorted((rule.inputs for rule in deployed.all(RULE)), key=lambda rule: rule["priority"])
        assert [(rule["ruleName"], rule["fixedRate"], rule["reservoirSize"]) for rule in rules] == [
            ("api-1a2b3c4-critical-1", 1.0, 0),
            ("api-1a2b3c4-critical-2", 1.0, 0),
            ("api-1a2b3c4-ignored-1", 0.0, 0),
            ("api-1a2b3c4-gold", 0.5, 3),
            ("api-1a2b3c4", 0.05, 1),
        ]
        assert {rule["serviceName"] for rule in rules} == {"api-1a2b3c4/dev"}
        assert rules[3]["attributes"] == {"t": "g*"}

    def test_functions_are_told_what_to_keep(self, deployed: Deployed) -> None:
        """In the environment of the tracing library."""
        variables = deployed.one("aws:lambda/function:Function").inputs["environment"]["variables"]
        kept = {key: value for key, value in variables.items() if key.startswith("TRACING_KEEP")}
        assert kept == Keep(("fault", "throttle", "404"), 1.5, 5).environment

    def test_long_names_fit(self, deploy: Deploy) -> None:
        """A rule's name has 32 characters at most, and they differ."""
        settings = parse(FULL)

        def program() -> None:
            function = TracedFunction("front", TracedFunctionArgs(Path("code.py"), settings.functions))
            TracedApi("api", TracedApiArgs({"GET /hello": function}, settings.api))

        names = {rule.inputs["ruleName"] for rule in deploy(program, stack="s" * 50).all(RULE)}
        assert len(names) == 5
        assert max(map(len, names)) <= 32
