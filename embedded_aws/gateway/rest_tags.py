"""Tags of what REST APIs are made of: moto has them, and shows or changes those of stages alone.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Request
from embedded_aws.aws.parsing import read_object

_TAGS = re.compile(r"/tags/(?P<arn>[^?]+)")
_RESOURCE = re.compile(
    r"arn:[^:]+:apigateway:[^:]*:[^:]*:/(?P<kind>\w+)/(?P<id>[^/]+)(?:/stages/(?P<stage>[^/]+))?"
)
_KINDS = {
    "apikeys": "keys",
    "domainnames": "domain_names",
    "restapis": "apis",
    "usageplans": "usage_plans",
}
"""What moto calls those that have tags."""


def tagged_arn(path: str) -> str | None:
    """Return the ARN in the path of an operation on tags, `None` for another path."""
    found = _TAGS.fullmatch(path)
    return unquote(found["arn"]) if found else None


def answer(request: Request, arn: str, backend: Any) -> dict[str, Any] | None:
    """Answer `GetTags`, `TagResource` or `UntagResource`, the latter two with nothing; raises `AwsError`."""
    tagged = _find(arn, backend)
    tags = dict(tagged.tags or {})
    if request.method == "GET":
        return {"tags": tags}
    if request.method == "PUT":
        tags |= read_object(request.body).get("tags") or {}
    for key in parse_qs(request.query).get("tagKeys", []) if request.method == "DELETE" else ():
        tags.pop(key, None)
    tagged.tags = tags
    return None


def _find(arn: str, backend: Any) -> Any:
    found = _RESOURCE.fullmatch(arn)
    kept = getattr(backend, _KINDS.get(found["kind"], ""), {}) if found else {}
    tagged = kept.get(found["id"]) if found else None
    if found and found["stage"]:
        tagged = tagged and tagged.stages.get(found["stage"])
    if tagged is None:
        raise AwsError("NotFoundException", f"Invalid resource identifier specified: {arn}", 404)
    return tagged
