"""Tests, and what they start, know nothing of the AWS account of whoever runs them."""

from __future__ import annotations

import os

from embedded_aws.host.user_account import NO_ACCOUNT

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(NO_ACCOUNT)
