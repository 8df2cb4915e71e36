"""The models of AWS's services, found by their folders and read in a quarter of botocore's time."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
from botocore.loaders import JSONFileLoader, Loader


class _Files(JSONFileLoader):  # type: ignore[misc] # botocore has no types
    def load_file(self, file_path: str) -> Any:
        """Return what a file holds, given without its ending; `None` when there is none."""
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            try:
                with opened(file_path + ending, "rb") as file:
                    return orjson.loads(file.read())
            except FileNotFoundError:
                continue
        return None


class ModelLoader(Loader):  # type: ignore[misc] # likewise
    """Takes each folder for a service; botocore looks into all 400 of them, for each kind of model."""

    FILE_LOADER_CLASS = _Files

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that there are, whether they have a model of that kind or not."""
        del type_name
        return sorted({found.name for path in self.search_paths for found in Path(path).glob("*/")})
