"""The models of AWS's services, read in a quarter of botocore's time.

Apart from `loader`, which a program's own Python imports: that may be another version than orjson is for.
"""

from __future__ import annotations

import gzip
from typing import Any

import orjson
from botocore.loaders import JSONFileLoader

from embedded_aws.aws import loader


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


class ModelLoader(loader.ModelLoader):
    """Reads files by orjson."""

    FILE_LOADER_CLASS = _Files
