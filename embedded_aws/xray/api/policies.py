"""Resource policies: who else may send traces. They are checked, kept and given back; nothing asks them.

https://docs.aws.amazon.com/xray/latest/api/API_PutResourcePolicy.html
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import AwsError, InvalidRequestError
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.matching import glob
from embedded_aws.aws.paging import paged
from embedded_aws.aws.parsing import ParseError, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.query.store import Store

MOST_POLICIES = 5
MOST_BYTES = 5 * 1024
POLICIES_PER_PAGE = 100
_KIND = "policy"
_VERSIONS = ("2012-10-17", "2008-10-17")


def operations(store: Store, clock: Clock) -> dict[str, Operation]:
    api = _PoliciesApi(store, clock)
    return {
        "PutResourcePolicy": api.put,
        "ListResourcePolicies": api.list,
        "DeleteResourcePolicy": api.delete,
    }


class _PoliciesApi:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()

    def put(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name, document = request["PolicyName"], request["PolicyDocument"]
        size = len(document.encode())
        if size > MOST_BYTES:
            raise AwsError(
                "PolicySizeLimitExceededException",
                f"PolicyDocument has {size} bytes; at most {MOST_BYTES} are allowed",
            )
        statements = _statements(document)
        if not request.get("BypassPolicyLockoutCheck") and any(map(_locks_out, statements)):
            raise AwsError(
                "LockoutPreventionException",
                "PolicyDocument denies everybody xray:PutResourcePolicy, so that nobody could change it"
                " again; set BypassPolicyLockoutCheck if that is wanted",
            )
        with self._lock:
            policies = self._store.settings(_KIND)
            known = policies.get(name)
            _check_revision(name, known, request.get("PolicyRevisionId"))
            if known is None and len(policies) >= MOST_POLICIES:
                raise AwsError(
                    "PolicyCountLimitExceededException",
                    f"There are {MOST_POLICIES} resource policies already; delete one first",
                )
            policy = {
                "PolicyName": name,
                "PolicyDocument": document,
                "PolicyRevisionId": str(int(known["PolicyRevisionId"]) + 1 if known else 1),
                "LastUpdatedTime": self._clock(),
            }
            self._store.keep_setting(_KIND, name, policy)
        return {"ResourcePolicy": policy}

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        policies = list(self._store.settings(_KIND).values())
        return paged("ResourcePolicies", policies, request, POLICIES_PER_PAGE)

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["PolicyName"]
        with self._lock:
            known = self._store.settings(_KIND).get(name)
            if known is None:
                raise InvalidRequestError(f"There is no resource policy named {name!r}")
            _check_revision(name, known, request.get("PolicyRevisionId"))
            self._store.drop_setting(_KIND, name)
        return {}


def _check_revision(name: str, known: Mapping[str, Any] | None, given: str | None) -> None:
    """Compare the revision that the caller has seen; "0" means that there must be none yet."""
    current = known["PolicyRevisionId"] if known else "0"
    if given is not None and given != current:
        raise AwsError(
            "InvalidPolicyRevisionIdException",
            f"PolicyRevisionId {given!r} is not the latest revision of {name!r}, which is {current!r}",
        )


def _statements(document: str) -> list[dict[str, Any]]:
    try:
        policy = read_json(document)
    except ParseError as error:
        raise _malformed(f"it is not JSON: {error}") from error
    if not isinstance(policy, dict):
        raise _malformed("it must be a JSON object")
    if policy.get("Version") not in _VERSIONS:
        raise _malformed(f"Version {policy.get('Version')!r} must be one of {', '.join(_VERSIONS)}")
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _malformed("Statement must be a list of at least one statement")
    for number, statement in enumerate(statements):
        _check_statement(number, statement)
    return statements


def _check_statement(number: int, statement: Any) -> None:
    where = f"Statement[{number}]"
    if not isinstance(statement, dict):
        raise _malformed(f"{where} must be a JSON object")
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise _malformed(f"{where}.Effect {statement.get('Effect')!r} must be Allow or Deny")
    if not isinstance(statement.get("Principal"), str | dict):
        raise _malformed(f"{where}.Principal is missing")
    actions = _listed(statement.get("Action"))
    if not actions or not all(isinstance(action, str) for action in actions):
        raise _malformed(f"{where}.Action must be an action or a list of them")
    if "Resource" not in statement:
        raise _malformed(f'{where}.Resource is missing; "*" is the one that X-Ray has')


def _locks_out(statement: Mapping[str, Any]) -> bool:
    if statement["Effect"] != "Deny" or statement.get("Condition"):
        return False
    principal = statement["Principal"]
    named = _listed(principal.get("AWS") if isinstance(principal, dict) else principal)
    everybody = {"*", ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root"}
    return any(name in everybody for name in named if isinstance(name, str)) and any(
        glob(action, ignore_case=True)("xray:putresourcepolicy") for action in _listed(statement["Action"])
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _malformed(problem: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", f"PolicyDocument is malformed: {problem}")
