"""Where the server's own log goes: a file, and its messages to the user."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from embedded_aws.host.data_directory import private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


MOST_BYTES = 20 * 1024 * 1024
"""Of the file; clients can cause a warning with each request."""


class _OneLine(logging.Formatter):
    """Escapes what a client's text may hold: line breaks that forge records, and orders to terminals."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return a record's line, without its traceback."""
        characters = (
            one if one.isprintable() else one.encode("unicode_escape").decode() for one in record.message
        )
        record.message = "".join(characters)
        return super().formatMessage(record)


class _ToUser(logging.Handler):
    """Shows our warnings and errors as single lines; their tracebacks are in the file."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record, where it can be shown."""
        with suppress(OSError):  # a terminal that is gone, a file on a full disk
            self._show(f"{record.levelname.lower()}: {record.getMessage()}")


class _ToFile(logging.FileHandler):
    """Loses what a full disk does not take, instead of printing a traceback for each record."""

    _is_full = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, while there is room."""
        if self._is_full or self.stream is None:  # it is full, or closed
            return
        super().emit(record)
        with suppress(OSError):
            self._is_full = self.stream.tell() > MOST_BYTES
            if self._is_full:
                self.stream.write(f"more is not written: the file has {MOST_BYTES} bytes\n")
                self.flush()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Print only what is an error in a call of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


@contextmanager
def logging_to(file: Path, show: Callable[[str], None]) -> Iterator[None]:
    """Write warnings of all packages to `file`, which starts empty, and those of `embedded_aws` to `show`.

    So does what they say through `warnings`, which would go to standard error.
    """
    to_file = _ToFile(private_file(file), mode="w", encoding="utf-8", errors="backslashreplace")
    to_file.setFormatter(_OneLine(_FORMAT))
    to_file.setLevel(logging.WARNING)
    to_user = _ToUser(show)
    root, ours = logging.getLogger(), logging.getLogger("embedded_aws")
    root.addHandler(to_file)
    ours.addHandler(to_user)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        ours.removeHandler(to_user)
        root.removeHandler(to_file)
        with suppress(OSError):  # what a full disk did not take until now
            to_file.close()
