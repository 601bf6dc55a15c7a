"""HTTP Digest (RFC 7616): the Authorization header that answers a challenge. Pure.

Algorithms MD5 and SHA-256, quality of protection ``auth`` or none, which is what units offer.
"""

from __future__ import annotations

import hashlib
import re

_PART = re.compile(r'\b(\w+)=(?:"([^"]*)"|([^\s,]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def answer(challenge: str, *, method: str, uri: str, username: str, password: str, client_nonce: str) -> str | None:
    """The header for a ``WWW-Authenticate`` value; None when it is no Digest challenge that we can answer."""
    scheme, _, rest = challenge.partition(" ")
    given = {key.lower(): quoted or bare for key, quoted, bare in _PART.findall(rest)}
    algorithm = given.get("algorithm", "MD5").upper()
    offered = [word.strip() for word in given.get("qop", "").split(",") if word.strip()]
    if scheme.lower() != "digest" or "nonce" not in given or algorithm not in _HASHES:
        return None
    if offered and "auth" not in offered:
        return None

    def digest(text: str) -> str:
        return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = given.get("realm", ""), given["nonce"]
    secret, what = digest(f"{username}:{realm}:{password}"), digest(f"{method}:{uri}")
    count = "00000001"  # each request answers a challenge of its own
    middle = f"{nonce}:{count}:{client_nonce}:auth" if offered else nonce
    fields = [
        *(("username", username), ("realm", realm), ("nonce", nonce), ("uri", uri)),
        ("response", digest(f"{secret}:{middle}:{what}")),
    ]
    if "opaque" in given:
        fields.append(("opaque", given["opaque"]))
    text = ", ".join(f'{key}="{_quoted(value)}"' for key, value in fields) + f", algorithm={algorithm}"
    return f"Digest {text}" + (f', qop=auth, nc={count}, cnonce="{client_nonce}"' if offered else "")


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
