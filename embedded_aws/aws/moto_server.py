"""moto's server, a Flask application for each service: it answers what has no shorter way (`moto_direct`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any, NoReturn

import flask
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.routing import Rule

from embedded_aws.aws.moto_refusals import UnknownOperationError


@cache
def server(
    prepare: Callable[[str], object], importing: AbstractContextManager[Any]
) -> DomainDispatcherApplication:
    """Return it; `prepare` readies a service, by moto's name, before its first request.

    What imports anything of moto holds `importing`.
    """
    vars(werkzeug_app)["print"] = _refuse_service
    _make_routes_in_turn(Rule)

    def app_of(service: Any) -> Any:
        with importing:
            prepare(service)
            import_module("moto.iam.access_control")  # each request imports it, and holds nothing
            app = create_backend_app(service)
        app.register_error_handler(404, _unrouted)
        return app

    return DomainDispatcherApplication(app_of)


def _unrouted(problem: Any) -> Any:
    """Say of an operation that moto has no path for what it says of others, in the place of a page."""
    if flask.request.url_rule is None:
        raise NotImplementedError(f"there is no {flask.request.method} {flask.request.path} here")
    return problem


def _refuse_service(told: str) -> NoReturn:
    """Answer for a service that moto does not have: it prints that, for its authors, and fails later."""
    raise UnknownOperationError(told.partition("Remember to add the URL")[0])


def _make_routes_in_turn(route: Any) -> None:
    """Let one thread at a time make werkzeug's routes: of two, Python 3.11 may fail one by a SystemError.

    https://github.com/python/cpython/issues/106905
    """
    make, turn = route._compile_builder, Lock()  # noqa: SLF001 - this is what parses

    def made(self: Any, *given: Any) -> Any:
        with turn:
            return make(self, *given)

    route._compile_builder = made  # noqa: SLF001
