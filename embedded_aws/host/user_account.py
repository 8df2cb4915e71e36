"""Keeps the AWS account of whoever starts the server out of it, and out of what it starts.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - nothing checks it, but SDKs refuse to start without one

NO_ACCOUNT = {
    # Where SDKs look for profiles, also for one that a program names itself: there are none.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # botocore still reads the file of boto 2, the predecessor.
    "BOTO_CONFIG": os.devnull,
    # Nor does a virtual machine's role count.
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Variables that keep every AWS SDK from the user's profiles and from the machine's role."""

_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


def without_account(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with credentials of ours, and no AWS setting of the user but the region."""
    kept = {key: value for key, value in inherited.items() if not key.startswith("AWS_") or key in _REGIONS}
    return kept | NO_ACCOUNT | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


@contextmanager
def no_account() -> Iterator[None]:
    """Let this process be without the user's account until the end."""
    before = dict(os.environ)
    _set_environment(without_account(before))
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(variables: Mapping[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
