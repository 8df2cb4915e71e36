"""The provider `pulumi_random`: https://www.pulumi.com/registry/packages/random/.

Pulumi keeps what was drawn between runs. Here it is drawn from the URN and the keepers, so that it stays the
same as well: nothing of it is a secret, and nothing of the embedded AWS is reached from outside this machine.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from typing import TYPE_CHECKING

from embedded_aws.engine.errors import EngineError

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_KINDS = {
    "lower": (string.ascii_lowercase, "minLower"),
    "upper": (string.ascii_uppercase, "minUpper"),
    "numeric": (string.digits, "minNumeric"),
    "special": (_SPECIAL, "minSpecial"),
}
_ADJECTIVES = (
    "amber bold brave bright calm clever cosy daring eager fair fancy fleet gentle glad golden grand happy "
    "honest humble jolly keen kind lively lucky mellow merry mild nimble noble patient proud quick quiet "
    "ready royal rustic sharp shiny silent sincere smooth snug spry steady sunny swift tidy tough vivid warm"
)
_ANIMALS = (
    "ant ape badger bat bear bee bison boar camel cat crane crow deer dingo dog dove duck eagle eel elk "
    "falcon finch fox frog gecko goat goose hare hawk heron horse ibex kiwi koala lark lion llama lynx mole "
    "moose mouse newt otter owl panda puma raven robin seal shrew sloth snail swan tiger toad trout wolf yak"
)


def text(r: Registration) -> Created:
    """Draw characters of the kinds that are asked for."""
    state = _drawn_text(r)
    return state["result"], state


def password(r: Registration) -> Created:
    """Draw characters of the kinds that are asked for, as a secret; `bcryptHash` is empty."""
    return "none", _drawn_text(r)


def identifier(r: Registration) -> Created:
    """Draw bytes, told in hexadecimal, decimal and base64."""
    drawn = _draw(r).randbytes(int(r.inputs["byteLength"]))
    prefix = str(r.inputs.get("prefix", ""))
    plain = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    return plain, {
        "b64Url": f"{prefix}{plain}",
        "b64Std": f"{prefix}{base64.b64encode(drawn).decode()}",
        "hex": f"{prefix}{drawn.hex()}",
        "dec": f"{prefix}{int.from_bytes(drawn)}",
    }


def octets(r: Registration) -> Created:
    """Draw bytes, as a secret."""
    drawn = _draw(r).randbytes(int(r.inputs["length"]))
    return "none", {"base64": base64.b64encode(drawn).decode(), "hex": drawn.hex()}


def pet(r: Registration) -> Created:
    """Draw words that end with an animal."""
    draw, length, separator = _draw(r), int(r.inputs.get("length", 2)), str(r.inputs.get("separator", "-"))
    words = [draw.choice(_ADJECTIVES.split()) for _ in range(length - 1)]
    words.append(draw.choice(_ANIMALS.split()))
    prefix = [str(r.inputs["prefix"])] if r.inputs.get("prefix") else []
    return separator.join([*prefix, *words]), {"length": length, "separator": separator}


def integer(r: Registration) -> Created:
    """Draw a whole number; both limits are in."""
    least, most = int(r.inputs["min"]), int(r.inputs["max"])
    if least > most:
        raise EngineError(f"its `min` {least} is more than its `max` {most}")
    drawn = _draw(r).randint(least, most)
    return str(drawn), {"result": drawn}


def shuffle(r: Registration) -> Created:
    """Order items anew, as many as are asked for; some come again when that is more than there are."""
    draw, items = _draw(r), list(r.inputs["inputs"])
    wanted = int(r.inputs.get("resultCount", len(items)))
    results: list[str] = []
    while items and len(results) < wanted:
        results += draw.sample(items, len(items))
    return "-", {"results": results[:wanted], "resultCount": wanted}


def unique_id(r: Registration) -> Created:
    """Draw a UUID."""
    drawn = str(uuid.UUID(bytes=_draw(r).randbytes(16), version=4))
    return drawn, {"result": drawn}


def _draw(r: Registration) -> random.Random:
    keepers = json.dumps(r.inputs.get("keepers", {}), sort_keys=True)
    return random.Random(f"{r.urn} {keepers} {r.inputs.get('seed', '')}")  # noqa: S311 - see above


def _drawn_text(r: Registration) -> State:
    given, draw = r.inputs, _draw(r)
    length = int(given["length"])
    wanted = {
        "special": given.get("special", True),
        "numeric": given.get("numeric", given.get("number", True)),
    }
    wanted |= {kind: given.get(kind, True) for kind in ("lower", "upper")}
    least = {key: int(given.get(key, 0)) for _, key in _KINDS.values()}
    if sum(least.values()) > length:
        raise EngineError(f"its `length` {length} is less than its minimums together, {sum(least.values())}")
    sets = {kind: str(chars) for kind, (chars, _) in _KINDS.items()}
    sets["special"] = given.get("overrideSpecial") or _SPECIAL
    drawn = [char for kind, (_, key) in _KINDS.items() for char in draw.choices(sets[kind], k=least[key])]
    every = "".join(sets[kind] for kind in _KINDS if wanted[kind])
    if not every:
        raise EngineError(
            "it excludes every kind of character; allow `lower`, `upper`, `numeric` or `special`"
        )
    drawn += draw.choices(every, k=length - len(drawn))
    draw.shuffle(drawn)
    return {**wanted, "number": wanted["numeric"], **least, "result": "".join(drawn)}


RESOURCES = {
    "random:index/randomString:RandomString": text,
    "random:index/randomPassword:RandomPassword": password,
    "random:index/randomId:RandomId": identifier,
    "random:index/randomBytes:RandomBytes": octets,
    "random:index/randomPet:RandomPet": pet,
    "random:index/randomInteger:RandomInteger": integer,
    "random:index/randomShuffle:RandomShuffle": shuffle,
    "random:index/randomUuid:RandomUuid": unique_id,
    "random:index/randomUuid4:RandomUuid4": unique_id,
}
