from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.aws.errors import InvalidParameterValueError
from embedded_aws.awslambda.logging_config import LoggingConfig, check_config, read_config


def test_text_is_the_default() -> None:
    """A function that says nothing logs text into its own group."""
    config = read_config("f", {})
    assert config == LoggingConfig("/aws/lambda/f")
    assert config.environ() == {"AWS_LAMBDA_LOG_FORMAT": "Text"}


def test_json_is_told_to_the_runtime() -> None:
    """Format and level are variables; levels that are not given are INFO."""
    config = read_config("f", {"LogFormat": "JSON", "LogGroup": "shared", "SystemLogLevel": "WARN"})
    assert config == LoggingConfig("shared", json=True, application_level="INFO", system_level="WARN")
    assert config.environ() == {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}


@pytest.mark.parametrize(
    ("least", "level", "kept"),
    [("INFO", "DEBUG", False), ("INFO", "INFO", True), ("WARN", "verbose", False), ("ERROR", "FATAL", True)],
)
def test_levels_filter(least: str, level: str, *, kept: bool) -> None:
    """What is below the level goes; an unknown level counts as INFO."""
    assert LoggingConfig("g", json=True, application_level=least).keeps(level) is kept


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"LogFormat": "xml"}, "LoggingConfig.LogFormat xml: must be one of JSON, Text"),
        ({"LogFormat": "JSON", "SystemLogLevel": "ERROR"}, "LoggingConfig.SystemLogLevel ERROR: must be"),
        ({"ApplicationLogLevel": "INFO"}, "levels need LogFormat JSON"),
    ],
)
def test_what_lambda_refuses_is_refused(given: dict[str, Any], named: str) -> None:
    """The error names the setting, the value and what is allowed."""
    with pytest.raises(InvalidParameterValueError, match=named):
        check_config(given)
