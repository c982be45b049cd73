"""Who votes: an anonymous id in a cookie that only this server can sign.

The value is "v1.<32 hexadecimal digits of the id>.<HMAC-SHA256 of what is before it>", the digits
in lower case. A value that differs in anything is nobody's.
"""

from __future__ import annotations

import hmac
import re
import secrets

_VERSION = "v1"
_COOKIE = re.compile(r"(v1\.([0-9a-f]{32}))\.([0-9a-f]{64})", re.ASCII)


def new_voter(secret: bytes) -> str:
    """A cookie value with a fresh random id of 128 bits."""
    signed = f"{_VERSION}.{secrets.token_hex(16)}"
    return f"{signed}.{_signature(signed, secret)}"


def voter_of(cookie: str | None, secret: bytes) -> str | None:
    """The voter's id, 32 hexadecimal digits; None without a cookie or for a forged one."""
    match = _COOKIE.fullmatch(cookie) if cookie is not None else None
    if match is None:
        return None
    signed, voter, signature = match.groups()
    return voter if hmac.compare_digest(signature, _signature(signed, secret)) else None


def _signature(signed: str, secret: bytes) -> str:
    # The purpose is signed too, so that a signature made elsewhere with this secret is no cookie.
    return hmac.digest(secret, f"duet voter cookie:{signed}".encode(), "sha256").hex()
