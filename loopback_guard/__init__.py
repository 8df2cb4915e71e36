"""Who may talk to a listener on loopback: the one decision that every listener asks for.

A port on loopback is open to each web page that the developer visits, and to any name that somebody points
at 127.0.0.1 (DNS rebinding). Browsers tell who asks in headers that no page can change:

`Host`            the name in the address, which rebinding cannot hide
`Origin`          the page, with all that its scripts could read and with every POST, PUT and DELETE
`Sec-Fetch-Site`  how far away the page is, also with what has no origin, such as an `<img>`

https://www.w3.org/TR/fetch-metadata/
https://fetch.spec.whatwg.org/#origin-header
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

_AUTHORITY = re.compile(
    r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.ASCII | re.DOTALL)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
_ACCOUNT = re.compile(r"^[0-9]{12}\.", re.ASCII)
_MOST_SHOWN = 100


def refusal(
    method: str,
    headers: Iterable[tuple[str, str]],
    *,
    api_host: bool = False,
    api_path: bool = False,
    pages: bool = False,
    allowed: Container[str] = frozenset(),
) -> str | None:
    """Return why a request may not come in, in one sentence, or `None`.

    `api_host` and `api_path` tell that the host or the path is a deployed API's: it answers every page, as on
    AWS. `pages` tells that the listener serves pages and that a GET changes nothing, so that a link may lead
    there from anywhere. `allowed` holds origins as `parse_origin` returns them: their pages may do all.
    """
    given = _joined(headers)
    host, origin = given.get("host", ""), given.get("origin")
    if not (api_host or is_loopback(host)):
        return (
            f"The host name {_shown(host)} is not allowed: this port answers to 127.0.0.1, [::1], localhost, "
            "names below localhost, and the host names of deployed APIs."
        )
    if api_host or api_path:
        return None
    # An <img> or a link names its page as the referrer alone, which no page can set to another one.
    page = origin_of(given.get("referer", "") if origin is None else origin)
    if page in allowed:
        return None
    if origin is not None and (page is None or page != origin_of(f"http://{host}")):
        return (
            f"The origin {_shown(origin)} is not allowed: pages of other sites and ports may not come in; "
            "`waterfall up --allow-origin URL` lets those of a front end use AWS and OTLP."
        )
    site = given.get("sec-fetch-site", "none")
    if site in {"none", "same-origin"} or (pages and _is_visit(method, given)):
        return None
    return f"A page of another site or port asked (Sec-Fetch-Site {_shown(site)}), which is not allowed."


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Tell whether a Host header names this machine: `127.0.0.1:8080`, `[::1]`, `localhost`, `x.localhost`.

    Browsers resolve every name below localhost to loopback, without asking anybody.
    https://www.rfc-editor.org/rfc/rfc6761#section-6.3

    SDKs put the account before the host of S3 Control, also before an address: `123456789012.127.0.0.1`. No
    page has such a name: to browsers a host that ends in a number is an address, or none.
    https://url.spec.whatwg.org/#ends-in-a-number-checker
    """
    found = _AUTHORITY.fullmatch(host.lower())
    if found is None:
        return False
    name = found["name"]
    if name.startswith("["):
        return name == "[::1]"
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.IPv4Address(_ACCOUNT.sub("", name)) in _LOOPBACK
    except ValueError:
        return False


def origin_of(url: str) -> str | None:
    """Return a URL's origin as browsers write it, without the scheme's own port; `None` when it has none."""
    split = _ORIGIN.fullmatch(url)
    found = split and _AUTHORITY.fullmatch(split["authority"].lower())
    if not split or not found or int(found["port"] or 0) > 65535:
        return None
    port = "" if found["port"] in {None, _DEFAULT_PORTS[split["scheme"]]} else f":{found['port']}"
    return f"{split['scheme']}://{found['name']}{port}"


def parse_origin(text: str) -> str:
    """Read the origin that a user admits; raises ValueError with one line that says what to give."""
    lower = text.lower()
    origin, split = origin_of(lower), _ORIGIN.fullmatch(lower)
    if origin is None or split is None or split["rest"] not in {"", "/"}:
        raise ValueError(
            f"{text!r} is not the origin of a page: give scheme, host and port, such as http://localhost:3000"
        )
    return origin


def _is_visit(method: str, given: Mapping[str, str]) -> bool:
    """Tell whether a page is opened in a tab of its own, where no other page can read it."""
    mode, destination = given.get("sec-fetch-mode"), given.get("sec-fetch-dest", "document")
    return method == "GET" and mode == "navigate" and destination == "document"


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers by their names in lower case; a repeated one is a list, which no rule admits."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _shown(value: str) -> str:
    return repr(value if len(value) <= _MOST_SHOWN else f"{value[:_MOST_SHOWN]}...")
