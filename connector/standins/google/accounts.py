"""The stand-in's service account: its key file, its published certificate, and the token endpoint that checks it.

RFC 7523 as Google runs it: the assertion is signed RS256 by the key named in ``kid``, its audience is
https://oauth2.googleapis.com/token, it lives at most an hour, and ``sub`` needs domain-wide delegation.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

_SKEW = timedelta(minutes=5)


class Refused(Exception):
    """An OAuth error (RFC 6749 section 5.2): ``code``, and Google's words for it."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.description, self.status = code, description, status


class ServiceAccount:
    """``born`` and ``ends``: of its key, as the published certificate tells."""

    def __init__(self, email: str, client_id: str, *, born: datetime, ends: datetime) -> None:
        self.email, self.client_id = email, client_id
        self.key_id = secrets.token_hex(20)
        self.alive = True  # False: the key was deleted in the console
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate = _certificate(self._key, client_id, born, ends)

    def key_file(self, url: str) -> str:
        """The JSON that the console gives out. ``url``: the stand-in's, instead of Google's two hosts."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "stand-in",
                "private_key_id": self.key_id,
                "private_key": pem.decode(),
                "client_email": self.email,
                "client_id": self.client_id,
                "auth_uri": "https://accounts.google.com/o/oauth2/auth",
                "token_uri": f"{url}token",
                "client_x509_cert_url": f"{url}robot/v1/metadata/x509/{self.email.replace('@', '%40')}",
                "universe_domain": "googleapis.com",
            }
        )

    def certificates(self) -> dict[str, str]:
        return {self.key_id: self._certificate} if self.alive else {}

    def claims(self, assertion: str) -> Mapping[str, object]:
        """Those of a well-signed assertion. Raises Refused."""
        bad = Refused("invalid_grant", "Invalid JWT Signature.")
        try:
            head, payload, signature = assertion.split(".")
            header, claims = json.loads(_unpacked(head)), json.loads(_unpacked(payload))
            self._key.public_key().verify(
                _unpacked(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (ValueError, InvalidSignature):
            raise bad from None
        if header.get("alg") != "RS256" or header.get("kid") != self.key_id or not self.alive:
            raise bad
        if not isinstance(claims, dict) or claims.get("iss") != self.email:
            raise Refused("invalid_grant", "Invalid grant: account not found")
        return claims


def _certificate(key: rsa.RSAPrivateKey, name: str, born: datetime, ends: datetime) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), born, ends)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@dataclass(frozen=True, slots=True)
class Token:
    principal: str
    scopes: frozenset[str]
    ends: datetime


@dataclass(slots=True)
class TokenService:
    """``delegated``: scopes that a client id may use in anybody's name. ``users``: mail to "is an administrator"."""

    account: ServiceAccount
    users: dict[str, bool] = field(default_factory=dict)
    delegated: dict[str, set[str]] = field(default_factory=dict)
    life: timedelta = timedelta(hours=1)
    issued: int = 0
    _tokens: dict[str, Token] = field(default_factory=dict)

    def issue(self, grant: str, assertion: str) -> dict[str, object]:
        if grant != GRANT:
            raise Refused("unsupported_grant_type", "Invalid grant_type")
        claims = self.account.claims(assertion)
        self._check_times(claims)
        scopes = frozenset(str(claims.get("scope", "")).split())
        principal = self._principal(claims, scopes)
        token = "ya29." + secrets.token_urlsafe(40)
        self._tokens[token] = Token(principal, scopes, datetime.now(UTC) + self.life)
        self.issued += 1
        return {"access_token": token, "expires_in": int(self.life.total_seconds()), "token_type": "Bearer"}

    def holder(self, authorization: str) -> Token | None:
        scheme, _, value = authorization.partition(" ")
        token = self._tokens.get(value) if scheme == "Bearer" else None
        return token if token is not None and token.ends > datetime.now(UTC) else None

    def revoke_all(self) -> None:
        """Tokens that were given out are worth nothing any more; new ones are given."""
        self._tokens.clear()

    def _check_times(self, claims: Mapping[str, object]) -> None:
        issued, ends, now = claims.get("iat"), claims.get("exp"), datetime.now(UTC).timestamp()
        skew = _SKEW.total_seconds()
        if (
            not isinstance(issued, int)
            or not isinstance(ends, int)
            or ends - issued > 3600
            or issued > now + skew
            or ends < now - skew
        ):
            raise Refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check "
                "your iat and exp values in the JWT claim.",
            )
        if claims.get("aud") != AUDIENCE:
            raise Refused("invalid_grant", "Invalid JWT: Failed audience check.")

    def _principal(self, claims: Mapping[str, object], scopes: frozenset[str]) -> str:
        if not scopes:
            raise Refused("invalid_scope", "Empty or missing scope not allowed.")
        subject = claims.get("sub")
        if not subject:
            return self.account.email
        if str(subject) not in self.users:
            raise Refused("invalid_grant", "Invalid email or User ID")
        if not scopes <= self.delegated.get(self.account.client_id, set()):
            raise Refused(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any "
                "of the scopes requested.",
                401,
            )
        return str(subject)
