"""The models of AWS's services, found by their folders."""

from __future__ import annotations

from pathlib import Path

from botocore.loaders import Loader


class ModelLoader(Loader):  # type: ignore[misc] # botocore has no types
    """Takes each folder for a service; botocore looks into all 400 of them, for each kind of model."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that there are, whether they have a model of that kind or not."""
        del type_name
        return sorted({found.name for path in self.search_paths for found in Path(path).glob("*/")})
