"""AWS's host names in outputs."""

from __future__ import annotations

import pytest

from waterfall.pulumi.addresses import local

HERE = "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("https://abc1.execute-api.us-east-1.amazonaws.com/dev/hello", f"{HERE}/execute-api/abc1/dev/hello"),
        ("abc1.execute-api.eu-west-1.amazonaws.com", f"{HERE}/execute-api/abc1"),
        ("https://x1y2.lambda-url.us-east-1.on.aws/", f"{HERE}/lambda-url/x1y2/"),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/jobs", f"{HERE}/123456789012/jobs"),
        ("my-bucket.s3.amazonaws.com", f"{HERE}/my-bucket"),
        ("http://my.bucket.s3-website-us-east-1.amazonaws.com", f"{HERE}/my.bucket"),
        ("https://bucket.s3.eu-central-1.amazonaws.com/key", f"{HERE}/bucket/key"),
        ({"urls": ["https://a.lambda-url.us-east-1.on.aws/"]}, {"urls": [f"{HERE}/lambda-url/a/"]}),
    ],
)
def test_names_of_aws_are_told_as_they_are_reached(there: object, here: object) -> None:
    """What follows the host stays."""
    assert local(there, HERE) == here


@pytest.mark.parametrize(
    "value",
    ["arn:aws:sqs:us-east-1:123456789012:jobs", "https://example.com/amazonaws.com", 3, None, "[secret]"],
)
def test_other_values_stay(value: object) -> None:
    """Names that are none of AWS's hosts are no addresses."""
    assert local(value, HERE) == value
