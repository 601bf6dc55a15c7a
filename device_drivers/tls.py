"""TLS to a unit: who is trusted, and what can be seen of the other end without sending anything but a handshake."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import ssl
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from cryptography import x509

from device_drivers.api import Endpoint, NotSupported, UntrustedCertificate, clean_text

MINIMUM_OPTION = "tls_minimum"  # 1.0, 1.1, 1.2 (default) or 1.3
NAME_OPTION = "tls_name"  # the unit's name, where its row has an address
CLIENT_OPTION = "tls_client_certificate"  # a PEM file with a certificate and its key, for units that ask for one

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_MOST_READ = 256 * 1024  # bytes of a handshake; a chain of certificates has a few KiB
_MOST_NAMES = 5  # of a certificate, in a sentence
_WAIT_FOR_WORD = 1.0  # seconds after a handshake in which a certificate of ours was asked for
_CERTIFICATE_REQUEST = 13  # handshake message, RFC 8446 section 4
_RECORDS = range(0x14, 0x18)  # what a TLS record begins with


def name_of(endpoint: Endpoint) -> str:
    """The unit's configured name, for SNI, the certificate and the Host header; "" when nobody gave it one."""
    return endpoint.options.get(NAME_OPTION, "").strip() or endpoint.host_name


def port_of(endpoint: Endpoint, default_port: int) -> int:
    """The port in use: the endpoint's own, else the driver's; plain HTTP turns a default of 443 into 80."""
    if endpoint.port:
        return endpoint.port
    return 80 if endpoint.tls.mode == "off" and default_port == 443 else default_port


# ------------------------------------------------------------------------------------ who is trusted


def context_of(endpoint: Endpoint) -> ssl.SSLContext | None:
    """None for plain HTTP. Raises NotSupported for an option that makes no sense, UntrustedCertificate for a file."""
    tls = endpoint.tls
    minimum = _minimum_of(endpoint)
    if tls.mode == "off":
        return None
    authority = (tls.value, _changed(tls.value, "CA file")) if tls.mode == "ca" else ("", 0)
    client = endpoint.options.get(CLIENT_OPTION, "")
    own = (client, _changed(client, "client certificate")) if client else ("", 0)
    return _context(tls.mode == "pin", minimum, authority, own)


def pin_of(endpoint: Endpoint) -> bytes:
    """SHA-256 of the one certificate that is trusted; b"" in the other modes. Raises UntrustedCertificate."""
    if endpoint.tls.mode != "pin":
        return b""
    text = endpoint.tls.value.replace(":", "").strip()
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise UntrustedCertificate(
            "The pin in the tls column is not a SHA-256 in hex (64 digits); `connector devices probe ROOM` prints it."
        )
    return bytes.fromhex(text)


def _minimum_of(endpoint: Endpoint) -> str:
    minimum = endpoint.options.get(MINIMUM_OPTION, "1.2")
    if minimum not in _VERSIONS:
        raise NotSupported(f"The option {MINIMUM_OPTION} = {minimum!r} is unknown; use 1.0, 1.1, 1.2 or 1.3.")
    return minimum


def _changed(file: str, what: str) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except OSError as error:
        raise UntrustedCertificate(f"The {what} {file!r} cannot be read: {error.strerror}.") from error


@lru_cache(maxsize=64)  # building one costs about 30 ms (the system's CA file), a thousand units share a few policies
def _context(
    pinned: bool, minimum: str, authority: tuple[str, int], client: tuple[str, int]
) -> ssl.SSLContext:  # files with the time of their last change
    try:
        context = ssl.create_default_context(cafile=authority[0] or None)
    except (ssl.SSLError, OSError) as error:
        raise UntrustedCertificate(f"The CA file {authority[0]!r} holds no usable certificate.") from error
    if pinned:  # the connector compares the certificate itself
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _lower(context, minimum)
    _show_ours(context, client[0])
    return context


def _show_ours(context: ssl.SSLContext, file: str) -> None:
    if not file:
        return
    try:
        context.load_cert_chain(file, password=_no_passphrase)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise UntrustedCertificate(
            f"The client certificate {file!r} holds no certificate with its key, without a passphrase, in PEM."
        ) from error


def _no_passphrase() -> str:
    """Without it OpenSSL would ask on the terminal."""
    raise ValueError("the key is sealed with a passphrase")


def _lower(context: ssl.SSLContext, minimum: str) -> None:
    with warnings.catch_warnings():
        # Old units speak nothing newer; the admin asked for it by name.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[minimum]
    if minimum in ("1.0", "1.1"):
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 refuses TLS below 1.2 at its default level


# ------------------------------------------------------------------------------------ what can be seen


@dataclass(slots=True)
class Seen:
    """What a look at the other end found. Texts are cleaned."""

    connected: bool = False
    speaks_tls: bool | None = None  # None: it said nothing
    pin: str = ""  # SHA-256 (hex) of the certificate that it presents
    names: tuple[str, ...] = field(default=())  # that the certificate bears
    version: str = ""  # 1.0, 1.1, 1.2 or 1.3
    asks_certificate: bool = False  # of us
    refuses_us: bool = False  # it asked for a certificate and ended the connection when it had none, or a wrong one


async def peer_pin(endpoint: Endpoint, *, default_port: int, timeout: float = 5.0) -> str:
    """SHA-256 (hex) of the certificate that the unit presents, by the endpoint's options; "" on failure."""
    return (await look(endpoint, default_port=default_port, timeout=timeout)).pin


async def look(endpoint: Endpoint, *, default_port: int, timeout: float = 5.0, minimum: str = "") -> Seen:
    """Shake hands and leave: nothing is trusted, no request is sent. Each address is tried until one answers.

    ``minimum``: of this look, instead of the endpoint's. Raises NotSupported for an option that makes no sense,
    UntrustedCertificate for a client certificate that cannot be used.
    """
    lowest = minimum or _minimum_of(endpoint)
    seen = Seen()
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            for address in endpoint.addresses:
                await _look_at(address, endpoint, port_of(endpoint, default_port), lowest, seen)
                if seen.speaks_tls is not None:
                    break
    return seen


async def _look_at(address: str, endpoint: Endpoint, port: int, minimum: str, seen: Seen) -> None:
    try:
        reader, writer = await asyncio.open_connection(address, port)
    except OSError:
        return
    seen.connected = True
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = _watching(endpoint, minimum, seen)
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name_of(endpoint) or address)
    try:
        await _talk(_Wire(reader, writer, incoming, outgoing, seen), tls, seen)
    except (ssl.SSLError, OSError):
        seen.refuses_us = seen.asks_certificate
    finally:
        writer.transport.abort()


@dataclass(slots=True)
class _Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    seen: Seen
    read: int = 0

    async def turn(self) -> None:
        """Hands on what is to be sent, and waits for more. ConnectionError when no more comes."""
        self.writer.write(self.outgoing.read())
        data = await self.reader.read(4096)
        self.read += len(data)
        if data and self.seen.speaks_tls is None:
            self.seen.speaks_tls = data[0] in _RECORDS
        if not data or self.read > _MOST_READ or not self.seen.speaks_tls:
            raise ConnectionError
        self.incoming.write(data)


async def _talk(wire: _Wire, tls: ssl.SSLObject, seen: Seen) -> None:
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            await wire.turn()
    certificate = tls.getpeercert(binary_form=True) or b""
    seen.pin, seen.names = hashlib.sha256(certificate).hexdigest(), _names(certificate)
    said = (tls.version() or "").removeprefix("TLSv")
    seen.version = "1.0" if said == "1" else said
    if seen.asks_certificate:  # TLS 1.3: whether it likes ours is told after the handshake
        with suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_FOR_WORD):
                while True:
                    with suppress(ssl.SSLWantReadError):
                        tls.read(1)
                    await wire.turn()


def _watching(endpoint: Endpoint, minimum: str, seen: Seen) -> ssl.SSLContext:
    """Trusts everybody, shows our certificate if there is one; notes whether it is asked for."""

    def note(_tls: object, direction: str, _version: object, _content: object, message: int, _data: bytes) -> None:
        seen.asks_certificate |= direction == "read" and message == _CERTIFICATE_REQUEST

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _lower(context, minimum)
    _show_ours(context, endpoint.options.get(CLIENT_OPTION, ""))
    cast(Any, context)._msg_callback = note  # the only way to see it, in every Python since 3.8; without it: not seen
    return context


def _names(certificate: bytes) -> tuple[str, ...]:
    try:
        found = x509.load_der_x509_certificate(certificate)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # whatever somebody wrote into a certificate
        return ()
    shown = [str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]
    return tuple(clean_text(name, 100) for name in shown[:_MOST_NAMES])
