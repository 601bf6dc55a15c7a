"""A service account's key file, and the access tokens it buys (RFC 7523, scheme and addresses as google-auth has them).

Tokens are renewed under a lock, so that one refusal is asked for once by all rooms together. google-auth's own
``before_request`` is not used: from 2.6x on it starts threads that ask another Google host for a "regional access
boundary" of every service account.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import google_auth_httplib2
import httplib2
from google.auth import exceptions
from google.oauth2 import service_account

from connector.calendars.google.remedies import (
    account_step,
    delegation_step,
    network_sentence,
    new_key_step,
    refused_app,
)
from connector.errors import APP_ASKED_AGAIN, CredentialsRejected, SourceUnavailable, UserError

EVENTS_SCOPE = "https://www.googleapis.com/auth/calendar.events.readonly"  # events.list and events.watch
ROOMS_SCOPE = "https://www.googleapis.com/auth/admin.directory.resource.calendar.readonly"

_NEEDED = ("client_email", "private_key", "private_key_id", "token_uri")


class ServiceKey:
    """The parsed key file. ``plain_http``: addresses on this machine need no TLS (the stand-in)."""

    def __init__(self, text: str, where: str, *, plain_http: bool = False) -> None:
        self.info = _parsed(text, where)
        self.email = str(self.info["client_email"])
        self.key_id = str(self.info["private_key_id"])
        self.client_id = str(self.info.get("client_id", ""))
        self.certificates = str(self.info.get("client_x509_cert_url", ""))
        for url in (str(self.info["token_uri"]), self.certificates):
            if url and not is_safe(url, plain_http=plain_http):
                raise UserError(f"{where}: the key file names an address without https; take it from Google anew.")

    def __repr__(self) -> str:
        return f"ServiceKey({self.email}, key {self.key_id[:8]})"

    def credentials(self, scopes: Iterable[str], subject: str) -> service_account.Credentials:
        """Raises UserError where the private key is none."""
        try:
            made: service_account.Credentials = service_account.Credentials.from_service_account_info(
                self.info, scopes=list(scopes), subject=subject or None
            )
        except (ValueError, exceptions.GoogleAuthError):
            raise UserError(
                f"The private key in the key file of {self.email} cannot be used; download the key anew "
                "(console.cloud.google.com > IAM & Admin > Service Accounts > Keys > Add key > JSON)."
            ) from None
        return made


def _parsed(text: str, where: str) -> Mapping[str, object]:
    try:
        info = json.loads(text)
    except ValueError:
        info = None
    if not isinstance(info, dict):
        raise UserError(f"{where}: key_file does not lead to JSON; it is the file that Google gave for the key.")
    if info.get("type") != "service_account":
        raise UserError(
            f"{where}: key_file is for {str(info.get('type', 'something else'))[:40]!r}, not for a service account "
            "(console.cloud.google.com > IAM & Admin > Service Accounts > Keys > Add key > JSON)."
        )
    if missing := [name for name in _NEEDED if not isinstance(info.get(name), str) or not info[name]]:
        raise UserError(f"{where}: the key file lacks {', '.join(missing)}; download it anew.")
    return info


def is_safe(url: str, *, plain_http: bool) -> bool:
    """By https, or to this machine alone where that is wished."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (plain_http and parts.hostname in ("127.0.0.1", "::1", "localhost"))
    except ValueError:
        return False


class Identity:
    """Whom Google sees: the service account itself, or the ``subject`` that it speaks for. For many threads."""

    def __init__(self, key: ServiceKey, scopes: tuple[str, ...], subject: str = "") -> None:
        self.key = key
        self.subject = subject
        self.scopes = scopes
        self.shown = subject or key.email
        self._credentials = key.credentials(scopes, subject)
        self._lock = threading.Lock()
        self._rejected: tuple[str, str] | None = None  # what is wrong, and the step
        self._ask_at = 0.0  # monotonic: when Google is asked again

    def __repr__(self) -> str:
        return f"Identity({self.shown})"

    def token(self, http: httplib2.Http, *, refused: str = "") -> str:
        """Blocking. ``refused``: the token that an API answered 401 to. Raises a CalendarError."""
        with self._lock:
            if self._rejected is not None and time.monotonic() < self._ask_at:
                raise refused_app(*self._rejected)
            token = self._credentials.token
            if not self._credentials.valid or token == refused:
                token = self._renew(http)
            return str(token)

    def reject(self, what: str, step: str) -> None:
        """A fresh token is refused as well: nothing is asked for a while."""
        self._rejected = what, step
        self._ask_at = time.monotonic() + APP_ASKED_AGAIN.total_seconds()

    @property
    def delegation_step(self) -> str:
        return delegation_step(self.key.client_id, self.scopes)

    def _renew(self, http: httplib2.Http) -> str:
        try:
            self._credentials.refresh(google_auth_httplib2.Request(http))
        except exceptions.RefreshError as error:
            raise self._refusal(error) from None
        except (
            exceptions.GoogleAuthError,
            httplib2.HttpLib2Error,
            OSError,
            ValueError,
            TypeError,  # google-auth 2.62 on an answer that is no JSON object: a proxy's page with status 200
            AttributeError,
            OverflowError,  # a life that no time can have; RecursionError: JSON without end
            RecursionError,
        ) as error:
            cause = error.__context__ if isinstance(error, exceptions.TransportError) else None
            sentence = network_sentence(cause or error)
            raise SourceUnavailable(f"Google's token service gave no token. {sentence}") from None
        self._rejected = None
        return str(self._credentials.token)

    def _refusal(self, error: exceptions.RefreshError) -> CredentialsRejected | SourceUnavailable:
        """What RFC 6749 section 5.2 and Google's texts say. Only ``error`` and known words are repeated."""
        answer = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
        code, text = str(answer.get("error", ""))[:60], str(answer.get("error_description", ""))
        if "reasonable timeframe" in text:
            return SourceUnavailable(
                "Google refuses our login because its time is not Google's time: set this computer's clock (NTP)."
            )
        if error.retryable or not code:
            return SourceUnavailable("Google's token service gave no token and no reason; it is tried again.")
        what, step = self._meaning(code, text)
        self.reject(what, step)
        return refused_app(what, step)

    def _meaning(self, code: str, text: str) -> tuple[str, str]:
        """(what is wrong, the step)."""
        key = self.key
        if code in ("unauthorized_client", "access_denied", "invalid_scope"):
            whom = self.subject or "anybody"
            return f"The service account {key.email} may not speak for {whom} ({code}).", self.delegation_step
        if "Invalid email or User ID" in text:
            return (
                f"There is no user {self.subject} in the domain ({code}).",
                "Name a user of the domain in connector.toml (subject or admin), not a room or a group.",
            )
        if "Invalid JWT Signature" in text:
            return (
                f"Google does not know the key {key.key_id[:8]}… of {key.email} any more ({code}): it was deleted, "
                "disabled or has ended.",
                new_key_step(key.email),
            )
        user = f", or the user {self.subject} is suspended" if self.subject else ""
        return (
            f"Google refuses the service account {key.email} ({code}): it was deleted or disabled{user}.",
            account_step(key.email),
        )
