"""The `waterfall` command, from its first moment: its imports take long enough to be interrupted."""

from __future__ import annotations

import gc
import os
import sys

_INTERRUPTED = 130


def main() -> int:
    """Run one command; returns the exit status, which is 130 after Ctrl-C."""
    gc.disable()  # collecting what imports leave takes a fifth of a start, and frees nothing
    _open_closed()
    try:
        from waterfall import cli  # noqa: PLC0415 - what Ctrl-C may come into

        return cli.main()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"waterfall", "embedded_aws", "loopback_guard"}:
            raise
        told = str(error)  # our own errors say what to type
        sys.stderr.write(f"waterfall: {told if '; type: ' in told else _without(error)}\n")
        return 1
    finally:
        gc.freeze()  # and the same of an end
        gc.disable()


def _open_closed() -> None:
    """Lead standard streams that are closed nowhere: the next file or socket would take their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.dup2(descriptor, number)
            if descriptor != number:
                os.close(descriptor)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _without(error: ModuleNotFoundError) -> str:
    """Say what brings a package that is not there: most often, this is not the Python of set-up."""
    import shlex  # noqa: PLC0415 - only when something is missing
    from pathlib import Path  # noqa: PLC0415 - likewise

    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "Makefile").exists():
        command = f"cd {shlex.quote(str(checkout))} && make setup && .venv/bin/waterfall --help"
    else:
        command = shlex.join([sys.executable, "-m", "pip", "install", "traced-api"])
    return f"{error}, which {sys.executable} needs; type: {command}"


if __name__ == "__main__":
    sys.exit(main())
