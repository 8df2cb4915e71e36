"""Read values that Pulumi's passphrase provider encrypted, with PULUMI_CONFIG_PASSPHRASE of the environment.

https://www.pulumi.com/docs/iac/concepts/secrets/#available-encryption-providers; the format is that of
sdk/go/common/resource/config/crypt.go of pulumi/pulumi: AES-256-GCM, its key from PBKDF2 with SHA-256.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROUNDS = 1_000_000
_KEY_BYTES = 32
_VERSION = "v1"
_KNOWN = "pulumi"
"""What the salt carries encrypted, so that a wrong passphrase is told from a damaged value."""


def passphrase_of(environment: Mapping[str, str]) -> str | None:
    """Return the passphrase that the environment, or the file that it names, holds; the empty one counts.

    Raises EngineError when the file cannot be read.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        return environment["PULUMI_CONFIG_PASSPHRASE"]
    file = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(f"PULUMI_CONFIG_PASSPHRASE_FILE: {file} cannot be read: {error}") from error


class Cipher:
    """Decrypts the values of one stack with its key."""

    def __init__(self, stack: str, key: bytes) -> None:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - 15 ms, for stacks with secrets
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        self._stack = stack
        self._aes = AESGCM(key)
        self._refused = (ValueError, InvalidTag)

    def decrypt(self, key: str, value: str) -> str:
        """Return the plain text of a `secure:` value; `key` is for the message."""
        text = self.plain_text(value)
        if text is None:
            raise EngineError(
                f"configuration key '{key}' of stack '{self._stack}' cannot be decrypted: its `secure:` "
                "value was changed, or is another stack's; set it again with `pulumi config set --secret`"
            )
        return text

    def plain_text(self, value: str) -> str | None:
        """Return the plain text, or None for what this key did not encrypt."""
        try:
            version, nonce, encrypted = value.split(":")
            if version != _VERSION:
                return None
            return self._aes.decrypt(_bytes(nonce), _bytes(encrypted), None).decode("utf-8")
        except self._refused:  # not three parts, not base64, not text, another key's
            return None


def cipher_of(stack: str, salt: str, passphrase: str) -> Cipher:
    """Return what decrypts a stack's values; `salt` is its file's `encryptionsalt`.

    Raises EngineError for a salt that is none, for a passphrase that is not the stack's, and where the
    package that decrypts lacks.
    """
    version, _, rest = salt.partition(":")
    encoded, _, known = rest.partition(":")
    decoded = None
    with suppress(ValueError):
        decoded = _bytes(encoded)
    if version != _VERSION or not known or decoded is None:
        raise EngineError(f"`encryptionsalt` of stack '{stack}' is not one that Pulumi writes: {salt!r}")
    try:
        cipher = Cipher(stack, _key(passphrase, decoded))
    except ImportError as error:
        raise EngineError(
            f"encrypted configuration of stack '{stack}' needs the package `cryptography` in the program's "
            "virtual environment; install it there, or give the values with --config"
        ) from error
    if cipher.plain_text(known) != _KNOWN:
        raise EngineError(
            f"the passphrase in the environment (PULUMI_CONFIG_PASSPHRASE) is not that of stack '{stack}'; "
            "set the stack's, or give the encrypted values with --config"
        )
    return cipher


def _key(passphrase: str, salt: bytes) -> bytes:
    # The bytes that the environment has, whatever they are.
    return hashlib.pbkdf2_hmac("sha256", os.fsencode(passphrase), salt, _ROUNDS, _KEY_BYTES)


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)
