"""Basic, NTLM and Kerberos as the Exchange stand-in accepts them."""

from __future__ import annotations

import base64
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, Literal, Protocol

import spnego
import spnego.exceptions
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings

Kind = Literal["basic", "ntlm", "gssapi"]
SCHEMES: dict[Kind, str] = {"basic": 'Basic realm="127.0.0.1"', "ntlm": "NTLM", "gssapi": "Negotiate"}


class Login(Protocol):
    passwords: dict[str, str]
    attempts: int

    def user(self, request: web.Request) -> str | web.Response:
        """Who it is, or the answer that asks for more."""
        ...


class BasicLogin:
    def __init__(self, passwords: dict[str, str]) -> None:
        self.passwords = passwords
        self.attempts = 0

    def user(self, request: web.Request) -> str | web.Response:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return unauthorized("basic")
        self.attempts += 1
        try:
            name, _, password = base64.b64decode(given).decode().partition(":")
        except ValueError:
            return unauthorized("basic")
        return name if self.passwords.get(name) == password else unauthorized("basic")


class NtlmLogin:
    """By pyspnego's acceptor, which knows passwords from a file that NTLM_USER_FILE names. A connection is signed in,
    not a request. Names as DOMAIN\\user.

    ``bindings``: Extended Protection, which Exchange 2019 CU14 and later have on by default: whoever signs in names the
    certificate that he saw, and another one than the server's is refused as a wrong password is.
    """

    def __init__(self, passwords: dict[str, str]) -> None:
        self.passwords = passwords
        self.bindings: GssChannelBindings | None = None
        self.attempts = 0
        self._contexts: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self._users: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()

    def user(self, request: web.Request) -> str | web.Response:
        connection = request.transport
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if connection is None:  # whoever asked has gone
            return unauthorized("ntlm")
        if not given:
            return self._users.get(connection) or unauthorized("ntlm")
        if kind.lower() not in ("ntlm", "negotiate"):
            return unauthorized("ntlm")
        context = self._contexts.pop(connection, None)
        try:
            with tempfile.TemporaryDirectory() as folder:
                self._let_pyspnego_know(Path(folder))
                context = context or spnego.server(
                    protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm, channel_bindings=self.bindings
                )
                token = context.step(base64.b64decode(given))
        except (spnego.exceptions.SpnegoError, ValueError):
            self.attempts += 1
            return unauthorized("ntlm")
        if not context.complete:
            self._contexts[connection] = context
            return unauthorized("ntlm", token)
        self.attempts += 1
        self._users[connection] = str(context.client_principal)
        return self._users[connection]

    def _let_pyspnego_know(self, folder: Path) -> None:
        lines = (f"{name.replace(chr(92), ':')}:{password}" for name, password in self.passwords.items())
        file = folder / "users"
        file.touch(mode=0o600)
        file.write_text("\n".join(lines))
        os.environ["NTLM_USER_FILE"] = str(file)


class KerberosLogin:
    """Tickets for HTTP/<host>, which the keytab opens. Each request brings one, as clients do who are asked for it.

    Names as user@REALM. ``passwords`` is not used: the realm's KDC has them.
    """

    def __init__(self, passwords: dict[str, str], keytab: Path) -> None:
        import gssapi  # of the extra kerberos

        self.passwords = passwords
        self.attempts = 0
        self.keytab = keytab
        self._gssapi = gssapi

    def user(self, request: web.Request) -> str | web.Response:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "negotiate":
            return unauthorized("gssapi")
        self.attempts += 1
        try:
            credentials = self._gssapi.Credentials(usage="accept", store={"keytab": str(self.keytab)})
            context = self._gssapi.SecurityContext(creds=credentials, usage="accept")
            context.step(base64.b64decode(given))
        except (self._gssapi.raw.GSSError, ValueError):
            return unauthorized("gssapi")
        return str(context.initiator_name) if context.complete else unauthorized("gssapi")


def login(kind: Kind, passwords: dict[str, str], keytab: Path | None = None) -> Login:
    """``keytab``: for gssapi."""
    if kind == "gssapi":
        if keytab is None:
            raise ValueError("gssapi needs a keytab")
        return KerberosLogin(passwords, keytab)
    return BasicLogin(passwords) if kind == "basic" else NtlmLogin(passwords)


def bindings_of(pem: bytes) -> GssChannelBindings:
    """tls-server-end-point (RFC 5929) of a certificate that is signed with SHA-256."""
    digest = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256())
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


def unauthorized(kind: Kind, token: bytes | None = None) -> web.Response:
    more = f" {base64.b64encode(token).decode()}" if token else ""
    return web.Response(status=401, headers={"WWW-Authenticate": SCHEMES[kind] + more})
