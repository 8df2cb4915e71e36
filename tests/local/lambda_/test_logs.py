from __future__ import annotations

from pathlib import Path

from local.lambda_.logs import InvocationLog, LogGroup, report


def test_output_goes_to_the_groups_file_and_memory(tmp_path: Path) -> None:
    """What a function writes is kept in memory and in a file named like the group."""
    group = LogGroup("/aws/lambda/f", tmp_path)
    group.write(b"one\n")
    group.close()
    assert group.text() == "one\n"
    assert (tmp_path / "aws_lambda_f.log").read_bytes() == b"one\n"


def test_the_tail_is_the_last_4_kb(tmp_path: Path) -> None:
    """An invocation's tail is cut at the front."""
    group = LogGroup("g", tmp_path)
    log = InvocationLog(group)
    log.write(b"x" * 5000 + b"end")
    group.close()
    assert len(log.tail()) == 4096
    assert log.tail().endswith(b"end")


def test_a_large_file_is_put_aside(tmp_path: Path) -> None:
    """Beyond 10 MB the file starts anew and the previous one is kept."""
    group = LogGroup("g", tmp_path)
    group.write(b"x" * (10 * 1024 * 1024 + 1))
    group.write(b"new")
    group.close()
    assert (tmp_path / "g.log").read_bytes() == b"new"
    assert (tmp_path / "g.log.1").stat().st_size > 10 * 1024 * 1024


def test_the_report_line_has_aws_fields() -> None:
    """The report shows duration, billed duration, memory, init and status, then the trace."""
    text = report("r", 0.1234, 128, peak=40, init=0.2, status="timeout", trace=("root", "segment")).decode()
    end, line, trace = text.splitlines()
    assert end == "END RequestId: r"
    assert line.rstrip("\t").split("\t") == [
        "REPORT RequestId: r",
        "Duration: 123.40 ms",
        "Billed Duration: 324 ms",
        "Memory Size: 128 MB",
        "Max Memory Used: 40 MB",
        "Init Duration: 200.00 ms",
        "Status: timeout",
    ]
    assert trace.rstrip("\t").split("\t") == ["XRAY TraceId: root", "SegmentId: segment", "Sampled: true"]
