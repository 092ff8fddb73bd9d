"""Why a signed URL, or a list of keys, was refused.

SignatureError              the request carries no valid signature
├── MissingSignature        there is no signature segment, or something else stands in its place
├── MalformedSignature      not strict unpadded base64url
├── WrongLength             decodes to fewer than 16 or more than 32 bytes
└── SignatureMismatch       well-formed, but made with another key or for another path
KeyConfigError              the key and salt lists cannot be used; a ValueError, never a request's
                            fault; carries every problem at once and no key material
"""

from __future__ import annotations


class SignatureError(Exception):
    """The request carries no valid signature."""


class MissingSignature(SignatureError):
    """There is no signature segment, or something else stands in its place."""


class MalformedSignature(SignatureError):
    """The signature is not strict unpadded base64url."""


class WrongLength(SignatureError):
    """The signature decodes to too few or too many bytes."""


class SignatureMismatch(SignatureError):
    """The signature was made with another key or for another path."""


class KeyConfigError(ValueError):
    """The key and salt lists cannot be used; `problems` says all that is wrong with them."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
