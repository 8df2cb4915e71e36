"""The models of botocore without a look into each folder."""

from __future__ import annotations

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from embedded_aws.aws.loader import ModelLoader


def test_services_are_those_of_botocore() -> None:
    """A folder is a service, so there is nothing to find in it."""
    assert ModelLoader().list_available_services("service-2") == Loader().list_available_services("service-2")


def test_what_is_no_service_is_said_to_be_none() -> None:
    """Callers tell it from a model that is missing."""
    with pytest.raises(UnknownServiceError, match="nowhere"):
        ModelLoader().load_service_model("nowhere", "service-2")
