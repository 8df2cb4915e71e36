"""What `waterfall why` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waterfall.terminal import as_json
from waterfall.terminal import why as picture
from waterfall.terminal.screen import to_text
from waterfall.traces.client import ReadError
from waterfall.why import shapes
from waterfall.why.inquiry import Inquiry

if TYPE_CHECKING:
    from waterfall.commands.reading import Desk
    from waterfall.traces.client import Source
    from waterfall.why.question import Question


def explain(desk: Desk, source: Source, question: Question) -> str:
    """Return why the request that is meant has a trace or none; raises ReadError."""
    answer = Inquiry(desk.reader, source).ask(question, desk.now)
    if desk.json:
        return as_json.dumps(shapes.answer_shape(answer))
    return to_text(picture.render(answer, desk.screen, desk.now), desk.screen)


def list_requests(desk: Desk, source: Source, limit: int) -> str:
    """Return the last requests; raises ReadError where none are remembered."""
    found = Inquiry(desk.reader, source).newest(limit)
    if found is None:
        raise ReadError(
            "requests are remembered by the embedded AWS alone: ask about a METHOD and URL instead"
        )
    if desk.json:
        return as_json.dumps(shapes.list_shape(found))
    if not found:
        return "no request has come yet\n"
    return to_text(picture.render_list(found, desk.screen, desk.now), desk.screen)
