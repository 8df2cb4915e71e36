from __future__ import annotations

from embedded_aws.engine import resources_page
from embedded_aws.engine.invokes import FUNCTIONS
from embedded_aws.engine.resources import RESOURCES
from tests.embedded_aws.engine.harness import REPOSITORY


def test_page_is_what_the_code_says() -> None:
    """`docs/resources.md` is made from the code; `make resources` writes it."""
    assert (REPOSITORY / "docs" / "resources.md").read_text() == resources_page.page()


def test_each_type_and_function_says_what_it_does() -> None:
    """What the page tells is the docstring of the function that does it."""
    silent = [token for table in (RESOURCES, FUNCTIONS) for token, one in table.items() if not one.__doc__]
    assert silent == []
