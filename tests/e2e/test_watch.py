"""`waterfall up --watch`: a source is saved, and what differs is in the next invocation."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.e2e.stack import running
from tests.e2e.watched import Edited, copy_of_demo, write_plain

if TYPE_CHECKING:
    from collections.abc import Iterator


def built(word: str) -> bytes:
    """Return the zip that a build step would make."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("built.py", f"def handler(event, context):\n    return {word!r}\n")
    return content.getvalue()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    """A program of plain resources; each test leaves it deployed, whatever it edits."""
    program = write_plain(tmp_path_factory.mktemp("plain"), built("first"))
    with running(tmp_path_factory.mktemp("data"), "-C", str(program), "--stack", "dev", "--watch") as stack:
        yield Edited(stack, program)


def body(edited: Edited) -> str:
    return edited.stack.request(edited.stack.status["outputs"]["url"]).body


def test_a_saved_handler_is_in_the_repeated_request(plain: Edited) -> None:
    told = plain.save("code/front.py", 'f"front ', 'f"changed ')
    assert "saved code/front.py: updated front in " in told
    assert "200 changed helper" in told
    assert body(plain).startswith("changed helper")


def test_a_saved_helper_module_is_in_the_next_invocation(plain: Edited) -> None:
    told = plain.save("code/helper.py", '"helper"', '"saved"')
    assert "saved code/helper.py: updated front in " in told
    assert " saved " in body(plain)


def test_a_saved_layer_is_rebuilt_and_nothing_else(plain: Edited) -> None:
    told = plain.save("layer/python/shared.py", '"layer"', '"new"')
    assert "saved layer/python/shared.py: replaced shared; updated front in " in told
    assert body(plain).endswith("new")


def test_a_zip_that_a_build_step_made_is_deployed(plain: Edited) -> None:
    told = plain.write("dist/built.zip", built("second"))
    assert "saved dist/built.zip: updated built in " in told
    reply = plain.stack.client("lambda").invoke(FunctionName=plain.stack.status["outputs"]["built"])
    assert json.loads(reply["Payload"].read()) == "second"


def test_a_changed_program_and_its_modules_change_what_differs_and_keep_the_rest(plain: Edited) -> None:
    outputs = plain.stack.status["outputs"]
    items = plain.stack.client("dynamodb")
    items.put_item(TableName=outputs["table"], Item={"id": {"S": "kept"}})
    plain.stack.client("sqs").send_message(QueueUrl=outputs["queue"], MessageBody="kept")
    told = plain.save("names.py", '["jobs"]', '["jobs", "mails"]')
    assert "saved names.py: created mails in " in told
    told = plain.save("__main__.py", "visibility_timeout_seconds=seconds", "visibility_timeout_seconds=77")
    assert "saved __main__.py: updated jobs, mails in " in told or "updated mails, jobs in " in told
    attributes = plain.stack.client("sqs").get_queue_attributes(
        QueueUrl=outputs["queue"], AttributeNames=["All"]
    )["Attributes"]
    assert (attributes["VisibilityTimeout"], attributes["ApproximateNumberOfMessages"]) == ("77", "1")
    assert items.scan(TableName=outputs["table"])["Count"] == 1


def test_a_broken_program_leaves_the_stack_as_it_was_and_the_next_save_heals(plain: Edited) -> None:
    told = plain.save("__main__.py", "import json", "import json json")
    assert "the program raised SyntaxError: invalid syntax (__main__.py:3); the stack is as it was" in (
        " ".join(told.split())
    )
    assert plain.stack.request(plain.stack.status["outputs"]["url"]).status == 200
    told = plain.save("__main__.py", "import json json", "import json")
    assert "nothing to change" in told


def test_a_broken_handler_is_the_invocations_error_and_the_next_save_heals(plain: Edited) -> None:
    told = plain.save("code/front.py", "def handler(", "def handler((")
    assert "updated front in " in told
    assert "SyntaxError" in told
    told = plain.save("code/front.py", "def handler((", "def handler(")
    assert "200 " in told


def test_a_new_exception_of_the_repeated_request_is_told(plain: Edited) -> None:
    told = plain.save("code/front.py", "    return {", "    raise KeyError('sku')\n    return {")
    assert "! new exception in front" in told, told
    assert "KeyError: 'sku'" in told, told
    told = plain.save("code/front.py", "    raise KeyError('sku')\n    return {", "    return {")
    assert "200 " in told


def test_what_editors_leave_beside_a_source_is_no_source(plain: Edited) -> None:
    """Nothing is told of them; the save that follows is the first that is."""
    for name in ("front.py~", ".front.py.swp", "4913", "#front.py#"):
        (plain.directory / "code" / name).write_text("not a source")
        (plain.directory / "code" / name).unlink()
    (plain.directory / "code" / "__pycache__").mkdir(exist_ok=True)
    told = plain.save("code/helper.py", "WORD", "WORD")
    assert told.count("· saved ") == 1


def test_the_demo_is_edited_and_switched_in_both_modes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Handler, tracing library and settings, `otel` first and then `native`, without another start."""
    program = copy_of_demo(tmp_path_factory.mktemp("demo"))
    settings = ("--config", "workSeconds=0.05", "--config", "otelLayer=slim")
    with running(tmp_path_factory.mktemp("data"), "-C", str(program), "--watch", *settings) as stack:
        edited = Edited(stack, program)
        told = edited.save("handlers/worker.py", '("work")', '("heavy work")')
        assert "updated worker-function in " in told
        assert "heavy work" in told
        assert 'work: name: "work" now "heavy work"' in told
        told = edited.save("Pulumi.dev.yaml", "tracing: otel", "tracing: native")
        assert "saved Pulumi.dev.yaml: " in told
        assert "deleted tracing-slim-version" in " ".join(told.split())
        status = json.loads(stack.request(f"{stack.status['endpoint']}/_local/status").body)
        assert status["tracing"] == "native"
        told = edited.save("handlers/worker.py", '("heavy work")', '("work")')
        assert "updated worker-function in " in told
