"""The models of AWS's services, for clients of a stack on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.loaders import Loader

_EVERYWHERE = {
    "version": 3,
    "partitions": [
        {
            "partition": "aws",
            "dnsSuffix": "amazonaws.com",
            "regionRegex": ".*",
            "regions": {},
            "services": {},
            "defaults": {"hostname": "localhost", "protocols": ["http"], "signatureVersions": ["v4"]},
        }
    ],
}
"""Where AWS is: a stack's clients are told the one address that all its services have."""


class ModelLoader(Loader):  # type: ignore[misc] # botocore has no types
    """Reads what is asked for; botocore looks into 400 folders first, and reads all addresses of AWS."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that there are, whether they have a model of that kind or not."""
        del type_name
        return sorted({found.name for path in self.search_paths for found in Path(path).glob("*/")})

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Return a file's content and where it is: of the addresses, those of a stack."""
        content, path = (_EVERYWHERE, "") if name == "endpoints" else super().load_data_with_path(name)
        return content, path
