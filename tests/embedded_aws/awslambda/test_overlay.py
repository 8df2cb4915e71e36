from __future__ import annotations

from embedded_aws.awslambda.overlay import Overlay

OWN = "arn:aws:lambda:us-east-1:123456789012:layer:own:1"
FOREIGN = "arn:aws:lambda:us-east-1:615299751070:layer:AWSOpenTelemetryDistroPython:29"


def overlay() -> Overlay:
    return Overlay(lambda arn: arn == FOREIGN)


def reply(version: str = "$LATEST") -> dict[str, object]:
    return {"FunctionName": "f", "Version": version, "Layers": [{"Arn": OWN, "CodeSize": 5}]}


def test_foreign_layers_are_taken_out_and_put_back_in_order() -> None:
    """Moto sees only layers of its own; replies show all, in the order of the request."""
    settings = overlay()
    request = {"FunctionName": "f", "Layers": [FOREIGN, OWN], "TracingConfig": {"Mode": "Active"}}
    assert settings.strip(request) == {"FunctionName": "f", "Layers": [OWN]}
    settings.keep("f", request, created=True)
    assert settings.restore(reply())["Layers"] == [
        {"Arn": FOREIGN, "CodeSize": 0},
        {"Arn": OWN, "CodeSize": 5},
    ]


def test_an_update_keeps_what_it_does_not_name() -> None:
    """An update changes the settings that it names and no others."""
    settings = overlay()
    settings.keep("f", {"TracingConfig": {"Mode": "Active"}}, created=True)
    settings.keep("f", {"LoggingConfig": {"LogFormat": "JSON"}}, created=False)
    restored = settings.restore(reply())
    assert restored["TracingConfig"] == {"Mode": "Active"}
    assert restored["LoggingConfig"]["LogFormat"] == "JSON"


def test_a_published_version_keeps_its_settings() -> None:
    """A change after publishing does not reach the version."""
    settings = overlay()
    settings.keep("f", {"TracingConfig": {"Mode": "Active"}}, created=True)
    settings.publish("f", "1")
    settings.keep("f", {"TracingConfig": {"Mode": "PassThrough"}}, created=False)
    assert settings.restore(reply("1"))["TracingConfig"] == {"Mode": "Active"}


def test_a_function_created_again_starts_with_defaults() -> None:
    """A deleted function's settings do not come back with its name."""
    settings = overlay()
    settings.keep("f", {"TracingConfig": {"Mode": "Active"}}, created=True)
    settings.forget("f")
    assert settings.settings("f", "$LATEST")["TracingConfig"] == {"Mode": "PassThrough"}
