"""Writes what its event says in every way that a handler may: print, logger, bare write, exception."""

import logging
import sys
import time
from typing import Any

from tracing import capture_lambda_handler

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)
print("imported")  # noqa: T201 - one of the ways


@capture_lambda_handler
def handler(event: dict[str, Any], _context: object) -> str:
    word: str = event["word"]
    print(f"printed {word}")  # noqa: T201 - one of the ways
    time.sleep(event["seconds"])
    logger.info("logged %s", word, extra={"word": word})
    sys.stderr.write(f"written {word}\n")
    if event.get("fails"):
        raise ValueError(f"raised {word}")
    return word
