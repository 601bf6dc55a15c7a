"""What can go wrong with a unit, by what the caller does next. Every text is cleaned: it may quote a unit."""

from __future__ import annotations

from datetime import timedelta

from device_drivers.api.text import clean_text

_SENTENCE = 1000  # characters of a message; our own are far shorter, and some quote what a unit said


class DriverError(Exception):
    """Root. The subclasses are named by what the caller does next; messages are sentences for an admin.

    Raised by the methods of a driver session, in the task that called them. ``sent``: False only when it is certain
    that no byte of the command left; then a dial may be repeated.

    DriverError
    +- DeviceUnreachable      retry, back off
    +- UntrustedCertificate   stop before the password is sent, alert, retry slowly: the certificate is the wrong one
    |  +- NameMissing         the same; the certificate, or the unit, is for another name
    |  +- TlsNotPossible      the same; versions, ciphers, or a certificate of ours that it asks for
    |  +- NotHttps            the same; the port speaks something else
    +- DeviceBusy             retry after ``retry_after``
    +- CredentialsRejected    stop at once, alert; codecs lock accounts
    +- NotSupported           never retry
    +- UnexpectedReply        retry slowly; ``sample`` is redacted
    +- DialRefused            the unit or the far end said no; ``cause``
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(clean_text(message, _SENTENCE))
        self.sent = sent


class DeviceUnreachable(DriverError):
    """No connection, no answer in time, or one that broke off. Any method; tried again with growing pauses."""


class UntrustedCertificate(DriverError):
    """Whoever answers is not the unit that was named, so the password did not leave. Any method but entering."""

    def __init__(self, message: str, *, seen_pin: str = "") -> None:
        super().__init__(message, sent=False)
        self.seen_pin = seen_pin  # SHA-256 of what the unit presented, hex


class NameMissing(UntrustedCertificate):
    """The certificate does not bear the configured name, or the unit knows no such name. Any method but entering."""


class TlsNotPossible(UntrustedCertificate):
    """The two share no TLS version or cipher, or the unit asks for a certificate of ours. Any method but entering."""


class NotHttps(UntrustedCertificate):
    """Something else than TLS is spoken on that port. Any method but entering."""


class DeviceBusy(DriverError):
    """The unit says itself that it is too busy, and did nothing. Any method; asked again after ``retry_after``."""

    def __init__(self, message: str, *, retry_after: timedelta = timedelta(seconds=5), sent: bool = False) -> None:
        super().__init__(message, sent=sent)
        self.retry_after = retry_after


class CredentialsRejected(DriverError):
    """The unit's own word that user name or password are wrong, and nothing else: an odd page is UnexpectedReply.

    Any method; a session asks the unit once with them and says so from memory ever after.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)  # a refused login executes nothing


class NotSupported(DriverError):
    """This unit cannot do it, whatever is tried. Any method, and ``open`` for options that make no sense."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class UnexpectedReply(DriverError):
    """An answer that cannot be what it should be, out of range or too long. Any method; tried again slowly.

    ``sample``: the beginning of the answer without secrets; it is for a log of detail, never for a screen.
    """

    def __init__(self, message: str, *, sample: str = "", sent: bool = True) -> None:
        super().__init__(message, sent=sent)
        self.sample = clean_text(sample, _SENTENCE)


class DialRefused(DriverError):
    """Definite: no call exists because of this dial. Only ``dial``; ``cause`` is the unit's word for it, cleaned."""

    def __init__(self, message: str, *, cause: str = "") -> None:
        super().__init__(message, sent=False)
        self.cause = clean_text(cause)
