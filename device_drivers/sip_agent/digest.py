"""Digest authentication of a client (RFC 3261 22, RFC 7616): MD5 and SHA-256, with or without qop=auth."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from sipmessage import AuthChallenge, AuthCredentials, AuthParameters, Response

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password: str = field(repr=False)


def answer_challenge(refusal: Response, method: str, uri: str, credentials: Credentials) -> tuple[str, str] | None:
    """The header (name, value) that answers a 401 or 407; None when it asks for something we cannot do."""
    name = "Authorization" if refusal.code == 401 else "Proxy-Authorization"
    for text in refusal.headers.getlist("WWW-Authenticate" if refusal.code == 401 else "Proxy-Authenticate"):
        try:
            challenge = AuthChallenge.parse(text)
        except ValueError:
            continue
        if challenge.scheme.lower() == "digest" and _hash_name(challenge) and "nonce" in challenge.parameters:
            parameters = _parameters(challenge.parameters, method, uri, credentials, _hash_name(challenge))
            return name, str(AuthCredentials(scheme="Digest", parameters=parameters))
    return None


def _hash_name(challenge: AuthChallenge) -> str:
    return _HASHES.get(challenge.parameters.get("algorithm", "MD5").upper(), "")


def _parameters(asked: AuthParameters, method: str, uri: str, who: Credentials, algorithm: str) -> AuthParameters:
    def hashed(*parts: str) -> str:
        return hashlib.new(algorithm, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    realm, nonce = asked.get("realm", ""), asked["nonce"]
    secret, what = hashed(who.username, realm, who.password), hashed(method, uri)
    given = {"username": who.username, "realm": realm, "nonce": nonce, "uri": uri}
    if "auth" in [option.strip() for option in asked.get("qop", "").split(",")]:
        cnonce, count = secrets.token_hex(8), "00000001"
        given |= {"qop": "auth", "nc": count, "cnonce": cnonce}
        given["response"] = hashed(secret, nonce, count, cnonce, "auth", what)
    else:
        given["response"] = hashed(secret, nonce, what)
    for name in ("algorithm", "opaque"):
        if name in asked:
            given[name] = asked[name]
    return AuthParameters(**given)
