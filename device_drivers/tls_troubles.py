"""Why no TLS connection came about, as an error by what an admin does next and a sentence that says it. Pure."""

from __future__ import annotations

import re
import ssl

from device_drivers.api import DriverError, NameMissing, NotHttps, TlsNotPossible, UntrustedCertificate
from device_drivers.tls import CLIENT_OPTION, MINIMUM_OPTION, NAME_OPTION, Seen

FIX = (
    "`connector devices probe ROOM` prints the line to put in the tls column; compare the pin with the unit's own page"
)

# Reasons of OpenSSL, and alerts of the other end, by the beginning of their names.
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
)
_OLD = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "UNSUPPORTED_SSL_VERSION")
_UNKNOWN_NAME = "UNRECOGNIZED_NAME"
# X509_V_ERR_*: what is wrong with a certificate, in our words.
_CAUSES = {
    9: "its certificate is not valid yet (or our clock is behind)",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate is self-signed, or its CA is not known here (self-signed certificate in its chain)",
    20: "the CA that signed its certificate is not known here",
    21: "the CA that signed its certificate is not known here",
    23: "its certificate was revoked",
}
_OTHER_NAME = (62, 64)  # host name, IP address


def pin_changed(who: str, seen: str) -> UntrustedCertificate:
    return UntrustedCertificate(
        f"{who} presents another certificate than the pinned one, so the password was not sent. The unit was replaced "
        f"or reset, its certificate was renewed, or something else answers at this address. Seen: pin:{seen}. {FIX}.",
        seen_pin=seen,
    )


def not_verified(who: str, name: str, error: Exception, seen: Seen) -> UntrustedCertificate:
    """``name``: that was looked for in the certificate."""
    code = getattr(error, "verify_code", 0)
    pin = f" Seen: pin:{seen.pin}." if seen.pin else ""
    if code in _OTHER_NAME:
        return _other_name(who, name, seen, pin)
    cause = _CAUSES.get(code) or f"its certificate is not trusted ({_plain(error)})"
    return UntrustedCertificate(
        f"{who}: {cause}, so the password was not sent. Stock units are self-signed: pin the certificate, or name the "
        f"CA that signed it (ca:FILE).{pin} {FIX}.",
        seen_pin=seen.pin,
    )


def _other_name(who: str, name: str, seen: Seen, pin: str) -> NameMissing:
    bears = f"; it bears {', '.join(seen.names)}" if seen.names else ""
    return NameMissing(
        f"{who}: name mismatch: the certificate does not bear the name {name}{bears}. The password was not sent. Write "
        f"a name that it bears into the column ip_address, or into the option {NAME_OPTION} where that column has an "
        f"address, or pin the certificate.{pin}",
        seen_pin=seen.pin,
    )


def _plain(error: Exception) -> str:
    """The library's word for it, without the marks around it."""
    return str(getattr(error, "verify_message", "") or type(error).__name__).strip(" .'\"")


def plain_case(who: str, name: str, minimum: str, error: BaseException) -> DriverError | None:
    """What the error of a handshake says by itself; None where it needs a second look.

    ``name``: the configured one, "" where the row has an address. ``minimum``: the oldest version that we accept.
    """
    reason = _reason(error)
    if reason.startswith(_NO_TLS):
        return _not_https(who)
    if _UNKNOWN_NAME in reason:
        return _unknown_name(who, name)
    if reason in _OLD:
        return TlsNotPossible(
            f"{who} speaks no TLS as new as {minimum}, the oldest that is accepted. Nothing was sent. The unit needs "
            f"an update, or the option {MINIMUM_OPTION} = 1.1 or 1.0."
        )
    return None


def handshake_failed(who: str, name: str, minimum: str, error: BaseException, seen: Seen) -> DriverError | None:
    """After a second look, with the oldest TLS there is. None: the unit may simply be starting."""
    reason = _reason(error)
    if seen.speaks_tls is False:
        return _not_https(who)
    if seen.refuses_us:
        return wants_certificate(who)
    if seen.version and seen.version < minimum:
        return TlsNotPossible(
            f"{who} speaks TLS {seen.version} at most, and {minimum} is the oldest that is accepted. Nothing was sent. "
            f"It needs an update, or the option {MINIMUM_OPTION} = {seen.version}."
        )
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return None
    hint = f"an old unit may need the option {MINIMUM_OPTION} = 1.1 or 1.0"
    if not name:
        hint += f", and one behind a front that tells units by their names needs its name in the option {NAME_OPTION}"
    word = re.sub(r"^(?:SSLV3|TLSV1|TLSV13)_", "", reason) or type(error).__name__
    return TlsNotPossible(f"{who}: no TLS connection came about ({word}); {hint}. Nothing was sent.")


def _reason(error: BaseException) -> str:
    """OpenSSL's word for it, as TLSV1_ALERT_PROTOCOL_VERSION."""
    return str(getattr(error, "reason", "") or "")


def _not_https(who: str) -> NotHttps:
    return NotHttps(
        f"{who} does not speak HTTPS: the port may speak plain HTTP, or belong to another service. Nothing was sent. "
        "Correct the column port, or switch HTTPS on at the unit; tls = off sends the password unprotected."
    )


def wants_certificate(who: str) -> TlsNotPossible:
    return TlsNotPossible(
        f"{who} asks for a client certificate and refuses to go on without the right one. Nothing was done. Switch "
        f"that off on the unit, or name a PEM file with a certificate and its key in the option {CLIENT_OPTION}."
    )


def _unknown_name(who: str, name: str) -> NameMissing:
    asked = f"the name {name} is not known there" if name else "it wants to be asked for by a name"
    return NameMissing(
        f"{who} refuses the TLS connection: {asked}. Nothing was sent. Write the name that the unit is known by into "
        f"the column ip_address, or into the option {NAME_OPTION} where that column has an address."
    )
