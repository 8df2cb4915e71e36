"""Seeded mutation: valid samples in, inputs that are almost valid out."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

_CHARACTERS = "aZ09 \t\n\r\0\"'\\/%&?#=;:,.*+-_()[]{}<>|!$@^~`\x7f\x80\xe9\xff\u2028\ud800\U0001f600"
_TEXTS = (
    "", " ", "null", "true", "-1", "0", "1e999", "NaN", "../..", "%00", "%ff", "%2e%2e%2f", "a\r\nb: c", "\0",
    "\ud800", "\U0001f600", "gr\u00f6\u00dfe", "*", "?", "$", "9" * 400, "9" * 5000, "*a" * 50, "a" * 300,
    "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8",
    "arn:aws:lambda:us-east-1:123456789012:function:f",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 5e-324, 1e308, -1e308, float("nan"), float("inf"), 2**31, 2**63,
    2**64, 10**400, [], {}, [[]], [None], {"": None}, {"a": {"b": [1, "c"]}}, *_TEXTS,
)  # fmt: skip


class Source(random.Random):
    """Random numbers of one case; equal seeds make equal cases."""

    def one(self, *values: T) -> T:
        return values[int(self.random() * len(values))]

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self.random() * len(values))]

    def sometimes(self, share: float) -> bool:
        return self.random() < share

    def upto(self, most: int) -> int:
        """Return a whole number from 0 to `most`, small ones more often."""
        return int((self.random() ** 2) * (most + 1))

    def hex(self, digits: int) -> str:
        return f"{self.getrandbits(digits * 4):0{digits}x}"

    def text(self, sample: str, words: Sequence[str] = ()) -> str:
        """Return a sample with a few edits, now and then with a huge one."""
        for _ in range(self.upto(4)):
            sample = self._edited(sample, words)
        return self._huge(sample) if self.sometimes(0.005) else sample

    def _edited(self, text: str, words: Sequence[str]) -> str:
        at = self.randint(0, len(text))
        end = min(len(text), at + 1 + self.upto(12))
        chosen = self.random()
        if chosen < 0.2:
            return text[:at] + text[end:]
        if chosen < 0.4:
            return text[:at] + self.pick(_CHARACTERS) + text[end if self.sometimes(0.5) else at :]
        if chosen < 0.7:
            return text[:at] + self.pick(words or _TEXTS) + text[at:]
        if chosen < 0.8:
            return text[:at] + self.pick(_TEXTS) + text[end:]
        if chosen < 0.9:
            return text[:at] + text[at:end] * self.upto(20) + text[end:]
        return text[at:] + text[:at] if chosen < 0.95 else text[:at]

    def _huge(self, text: str) -> str:
        at = self.randint(0, len(text))
        return (
            text[:at]
            + self.one("(", "[", "{", '{"a":', "!", "9", "*", "a", " ", "a.", "\\") * 20_000
            + text[at:]
        )

    def bytes(self, sample: bytes) -> bytes:
        """Return a sample with a few bytes changed, cut or repeated."""
        data = bytearray(sample)
        for _ in range(self.upto(6)):
            at = self.randint(0, len(data))
            chosen = self.random()
            if chosen < 0.4 and at < len(data):
                data[at] = self.getrandbits(8)
            elif chosen < 0.6:
                del data[at : at + 1 + self.upto(16)]
            elif chosen < 0.8:
                data[at:at] = self.randbytes(1 + self.upto(8))
            elif chosen < 0.9:
                data[at:at] = data[at : at + 1 + self.upto(16)] * self.upto(20)
            else:
                del data[at:]
        return bytes(data)

    def value(self, sample: Any, share: float = 0.05) -> Any:
        """Return a JSON value in which about this share of the nodes is changed."""
        if self.sometimes(share):
            return self._changed(sample)
        if isinstance(sample, dict):
            pairs = [(self._key(key, share), self.value(item, share)) for key, item in sample.items()]
            return dict(pairs if not self.sometimes(share) else pairs[self.upto(len(pairs)) :])
        if isinstance(sample, list):
            items = [self.value(item, share) for item in sample]
            return items * self.upto(20) if self.sometimes(share / 2) else items
        return sample

    def _changed(self, sample: Any) -> Any:
        if isinstance(sample, str) and self.sometimes(0.5):
            return self.text(sample)
        if isinstance(sample, int | float) and self.sometimes(0.5):
            return sample * self.one(-1, 0, 0.001, 1000, 1e9, 1.5)
        if self.sometimes(0.02):
            return nested(self.one(50, 200, 900))
        return {"value": sample} if self.sometimes(0.1) else self.pick(_VALUES)

    def _key(self, key: str, share: float) -> str:
        return self.text(key) if self.sometimes(share / 2) else key

    def json(self, sample: Any, share: float = 0.05) -> str:
        """Return a sample as mutated JSON text, now and then broken or nested without end."""
        text = json.dumps(self.value(sample, share), ensure_ascii=self.sometimes(0.5))
        if self.sometimes(0.05):
            text = self.text(text)
        return text.replace("null", self.one("[", '{"a":') * 100_000, 1) if self.sometimes(0.001) else text


def nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def encoded(text: str) -> bytes:
    """Return the bytes of a text; half a surrogate pair stays what it is, which is no UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def printable(text: str) -> str:
    """Return what of a text may stand in the path of a request line."""
    return "".join(one for one in text if "!" <= one <= "~" and one not in "?#")
