"""The command line, as people and scripts use it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import TRACE_ID
from waterfall.cli import COMMANDS, main
from waterfall.shell import typed
from waterfall.terminal.screen import Screen
from waterfall.terminal.teller import Teller

ROOT = Path(__file__).parents[2]

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: samples.T0 + 65)
    monkeypatch.setenv("COLUMNS", "100")


def run(api: Api, *arguments: str) -> int:
    return main([*arguments, "--endpoint", api.endpoint])


def usage(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_every_command_has_its_file() -> None:
    """The list of commands and the files that hold one are the same."""
    files = (Path(__file__).parents[2] / "waterfall" / "commands").glob("[a-z]*.py")
    modules = [import_module(f"waterfall.commands.{file.stem}") for file in files]
    assert {module.__name__.rpartition(".")[2] for module in modules if hasattr(module, "COMMAND")} == {
        *COMMANDS
    }


def test_its_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the version of what is installed."""
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"waterfall {version('traced-api')}\n"


def test_a_python_without_the_packages_is_told_what_to_do(tmp_path: Path) -> None:
    """Such as the system's own, in a checkout: one line with what to type."""
    without = "import sys\nsys.modules['rich'] = None\nfrom waterfall.__main__ import main\nsys.exit(main())"
    command = [sys.executable, "-c", without, "traces"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("waterfall: ")
    assert line.endswith(f"; type: cd {ROOT} && make setup && .venv/bin/waterfall --help")
    assert sys.executable in line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Its help has its description and its options."""
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    described = import_module(f"waterfall.commands.{command}").COMMAND.description
    assert " ".join(described.split()) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "form",
    [
        TRACE_ID,
        TRACE_ID.upper(),
        TRACE_ID[:14],
        TRACE_ID[-18:],
        TRACE_ID.replace("-", "")[1:],
        f"Root={TRACE_ID};Parent=0123456789abcdef;Sampled=1",
        f"X-Amzn-Trace-Id: Root={TRACE_ID}",
        "latest",
    ],
)
def test_show_takes_every_form_of_an_id(api: Api, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """X-Ray's form, W3C's, a tracing header and `latest` show the same trace."""
    api.put(samples.request())
    assert run(api, "show", form) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Trace {TRACE_ID}\n")
    assert "simulate slow work" in out


def test_show_without_an_id_shows_the_latest(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`show` alone is `show latest`."""
    api.put(samples.failed())
    assert run(api, "show") == 0
    assert "LookupError: no greeting for 'Ada'" in capsys.readouterr().out


def test_an_error_brings_no_control_characters(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it names: a terminal would obey them."""
    assert run(api, "import", "none\x1b]0;mine\x07\u202e.json") == 1
    told = capsys.readouterr().err
    assert r"none\x1b]0;mine\x07\u202e.json" in told
    assert told.removesuffix("\n").isprintable()


def test_unknown_trace_is_an_error(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that is not there is one line on standard error and exit status 1."""
    assert run(api, "show", TRACE_ID) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"waterfall: no trace {TRACE_ID}: it was not sampled")
    assert captured.err.count("\n") == 1


def test_latest_of_nothing_is_an_error(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any trace `show` says to send a request."""
    assert run(api, "show") == 1
    assert "send a request first" in capsys.readouterr().err


def test_what_the_server_lost_is_told(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A full disk explains what is not there, beside what was asked for."""
    lost = {"storage": {"lost": {"segments": {"count": 3, "reason": "the disk is full"}}}}
    api.replies["/_local/status"] = lambda: (200, {}, json.dumps(lost).encode())
    api.put(samples.request())
    assert run(api, "traces", "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["traces"]
    assert told.err == "waterfall: 3 segments could not be stored: the disk is full\n"


def test_no_server_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a server every reading command says how to start one."""
    for command in ("show", "traces", "map"):
        assert main([command, "--endpoint", "http://127.0.0.1:1"]) == 1
        assert f"start a local stack with `{typed('up')}`" in capsys.readouterr().err


@pytest.mark.parametrize("endpoint", ["nonsense", "127.0.0.1:4566"])
def test_senseless_endpoint_is_an_error(capsys: pytest.CaptureFixture[str], endpoint: str) -> None:
    """An endpoint that is no URL is named."""
    assert main(["traces", "--endpoint", endpoint]) == 1
    assert endpoint in capsys.readouterr().err


def test_traces_are_listed(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`traces` lists what there is, newest first."""
    api.put([*samples.request(), *samples.consumer()])
    assert run(api, "traces", "--since", "10m", "--limit", "5") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["trace", samples.CONSUMER_ID, TRACE_ID]


def test_no_traces_are_no_error(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list says how to look further back."""
    assert run(api, "traces") == 0
    assert "--since 1d" in capsys.readouterr().out


def test_map_is_drawn(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`map` shows the services."""
    api.put(samples.request())
    assert run(api, "map") == 0
    assert "traced-api/dev  Stage" in capsys.readouterr().out


def test_map_of_one_trace_is_drawn(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`map --trace` shows the services of that trace, however long ago it was."""
    api.put([*samples.request(), *samples.consumer()])
    assert run(api, "map", "--trace", samples.CONSUMER_ID) == 0
    out = capsys.readouterr().out
    assert "consumer  Function" in out
    assert "traced-api/dev  Stage" not in out


def test_empty_map_is_no_error(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A map without services says how to look further back."""
    assert run(api, "map") == 0
    assert "--since 6h" in capsys.readouterr().out


def test_json_of_a_trace(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`show --json` prints the trace's nodes with their places."""
    api.put(samples.request())
    assert run(api, "show", "--json") == 0
    shape = json.loads(capsys.readouterr().out)
    assert (shape["format"], shape["id"], shape["method"]) == ("waterfall.trace/1", TRACE_ID, "GET")
    assert [node["parent"] for node in shape["nodes"]][:4] == [None, 0, 1, 2]


def test_json_of_traces(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`traces --json` prints the list."""
    api.put(samples.request())
    assert run(api, "traces", "--json") == 0
    [found] = json.loads(capsys.readouterr().out)["traces"]
    assert found["annotations"]["SecondLambdaStatus"] == ["200"]


def test_json_of_the_map(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`map --json` prints services and their edges by id."""
    api.put(samples.request())
    assert run(api, "map", "--json") == 0
    services = json.loads(capsys.readouterr().out)["services"]
    known = {service["id"] for service in services}
    assert all(edge["target"] in known for service in services for edge in service["edges"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["show", "1-2-3"], "'1-2-3' is not a trace id"),
        (["show", TRACE_ID, "--follow"], "--follow shows what comes from now on"),
        (["show", "--filter", "fault"], "--filter belongs to --follow"),
        (["traces", "--since", "soon"], "'soon' is not a time: give 30s, 10m, 2h, 1d"),
        (["traces", "--since", "2999-01-01"], "is not in the past"),
        (["traces", "--limit", "0"], "'0' is not a number"),
        (["map", "--since", "7h"], "X-Ray draws maps of at most 6 hours"),
        (["traces", "--profile", "work"], "give them together with --aws"),
        (
            ["logs", "--aws"],
            "name functions, as `logs --aws orders` for all whose names begin so, or a trace",
        ),
        (["traces", "--aws", "--endpoint", "http://127.0.0.1:1"], "not allowed with"),
        (["up", "--config", "tracing"], "give KEY=VALUE"),
        (["up", "--port", "70000"], "'70000' is not a port"),
    ],
)
def test_wrong_usage_is_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """What cannot be meant is refused with a line that names it and what is allowed."""
    usage(*arguments)
    assert message in " ".join(capsys.readouterr().err.split())


def test_ctrl_c_is_quiet(api: Api) -> None:
    """An interrupted command says nothing and exits with 130."""

    def interrupt() -> tuple[int, dict[str, str], bytes]:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        return 200, {}, b"{}"

    api.replies["/Traces"] = interrupt
    command = [sys.executable, "-m", "waterfall", "show", TRACE_ID, "--endpoint", api.endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, b"")


def test_new_traces_are_followed_until_ctrl_c(api: Api) -> None:
    """Each is drawn once it is whole; nothing else is said at the end."""
    command = [sys.executable, "-m", "waterfall", "show", "--follow", "--endpoint", api.endpoint]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        assert process.stderr
        try:
            assert "new traces as they come, until Ctrl-C" in process.stderr.readline()
            now = time.time_ns() / 1e9  # the command has a clock of its own
            fresh = samples.segment("fresh", "a000000000000001", now - samples.T0, now - samples.T0 + 0.1)
            api.put([{**fresh, "trace_id": f"1-{int(now):08x}-{0:024x}"}])
            assert process.stdout.readline() == f"Trace 1-{int(now):08x}-{0:024x}\n"
        finally:
            process.send_signal(signal.SIGINT)
        rest, errors = process.stdout.read(), process.stderr.read()
    assert (process.returncode, errors) == (130, "")
    assert "fresh" in rest
    assert "Trace" not in rest


def test_closed_pipe_is_quiet(api: Api) -> None:
    """`waterfall show | head -1` ends without a word, whatever is left to print."""
    wide = [samples.subsegment("call", f"{number:016x}", 0, 1) for number in range(1, 501)]
    api.put([samples.segment("top", f"{0:016x}", 0, 1, subsegments=wide)])
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        command = [sys.executable, "-m", "waterfall", "show", TRACE_ID, "--endpoint", api.endpoint]
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
def test_output_that_a_full_disk_does_not_take_is_told_in_one_line() -> None:
    """The output is what was asked for: without it the command has failed."""
    command = [sys.executable, "-m", "waterfall", "completion", "bash"]
    with FULL.open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    told = b"waterfall: what is written has no room: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, told)


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
def test_a_stack_goes_on_while_a_full_disk_takes_none_of_what_it_tells() -> None:
    """What `up` and `serve` print is beside the point: they serve."""
    full = FULL.open("w", encoding="utf-8")
    Teller(full, Screen()).fail("something")
    with contextlib.suppress(OSError):
        full.close()


def test_standard_streams_may_be_closed() -> None:
    """Nothing else takes their place, and nobody misses the output."""
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-m", "waterfall", "--version"]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


def test_piped_output_is_plain(api: Api) -> None:
    """Piped output is 100 columns of text without escape sequences, in any locale's encoding."""
    api.put(samples.request())
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": ""}
    command = [sys.executable, "-m", "waterfall", "show", TRACE_ID, "--endpoint", api.endpoint]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment)
    assert b"\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) == 100
