"""Who we are to Microsoft 365: national clouds, the app's credential, and its access tokens (msal, app-only).

A refused credential is sent once: after that nothing is sent until the daemon is started with another one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import msal  # type: ignore[import-untyped]
import requests  # msal's own transport; its errors come through msal untouched
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connector.calendars.bounded_requests import BoundedAdapter
from connector.calendars.ics_web import PROXY_FAILS
from connector.calendars.service_words import seconds
from connector.calendars.worker_threads import ReadingHangs, WorkerThreads
from connector.errors import APP_ASKED_AGAIN, CalendarError, CredentialsRejected, SourceUnavailable


@dataclass(frozen=True, slots=True)
class Cloud:
    """``login`` and ``graph`` are https addresses without a path."""

    login: str
    graph: str


# learn.microsoft.com, "National cloud deployments"; tokens of one cloud are worth nothing in another.
CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        "global": Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com"),
        "gcc-high": Cloud("https://login.microsoftonline.us", "https://graph.microsoft.us"),
        "dod": Cloud("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        "china": Cloud("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    }
)

# What Entra's error numbers mean to an admin (learn.microsoft.com, "Microsoft Entra authentication error codes").
_MEANINGS = MappingProxyType(
    {
        7000215: "the client secret is wrong (copy its value, not its id)",
        7000222: "the client secret has expired: make a new one under Certificates & secrets",
        700016: "no app with this client_id is registered in this tenant",
        700027: "the certificate is not registered with the app, or has expired",
        7000112: "the app is disabled in this tenant",
        7000229: "the app has no enterprise application (service principal) in this tenant",
        90002: "there is no such tenant",
        900023: "there is no such tenant",
        700024: "the clock of this machine is wrong",
        53003: "a Conditional Access policy blocks the app",
        500011: "this cloud does not know Microsoft Graph by this address: check cloud",
    }
)
# Where neither secret nor certificate is to blame: what an admin does instead.
_CURES = MappingProxyType(
    {
        700016: "Compare tenant and client_id with the app's Overview page in Entra.",
        7000112: "Entra admin center, Enterprise applications, the app, Properties, Enabled for users to sign-in: Yes.",
        7000229: "In Microsoft Graph PowerShell: New-MgServicePrincipal -AppId '{client_id}'",
        53003: "Entra admin center, Conditional Access, the policies for workload identities: let this app in, or the"
        " address of this machine.",
    }
)
_NOT_OUR_FAULT = frozenset({700024, 90002, 900023, 500011})  # a corrected clock or setting cures them: may be retried
_REFUSALS = frozenset({"invalid_client", "unauthorized_client", "access_denied", "invalid_grant"})
_THREAD_EXTRA = timedelta(seconds=5)  # requests' own deadlines, which tell more, come first
_LONGEST_LIFE = 86_400.0 * 366  # seconds
_TOKEN = re.compile(r"[!-~]{1,100000}")  # what a header may carry
_WORD = re.compile(r"[A-Za-z_]{1,40}")  # of RFC 6749
_EARLY = 300.0  # seconds before its end that a token is renewed


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """One app registration. Either ``secret`` or both PEM texts. ``expires``: when that ends, where it is known."""

    tenant: str
    client_id: str
    secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    expires: datetime | None = None

    @property
    def kind(self) -> str:
        return "client secret" if self.secret else "certificate"


def identity_of_pem(tenant: str, client_id: str, pem: str) -> AppIdentity:
    """``pem``: the private key and the certificate in one text. ValueError: a sentence, without any of the content."""
    key = re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", pem, re.DOTALL)
    public = re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, re.DOTALL)
    if key is None or public is None:
        raise ValueError("certificate must lead to a PEM text with the private key and the certificate.")
    try:
        private_key = load_pem_private_key(key[0].encode(), password=None)
        certificate = x509.load_pem_x509_certificate(public[0].encode())
    except TypeError:
        raise ValueError("the private key behind certificate has a passphrase; store it without one.") from None
    except ValueError:
        raise ValueError("the PEM text behind certificate cannot be read.") from None
    if not isinstance(private_key, RSAPrivateKey):
        raise ValueError("the private key behind certificate must be an RSA key: Entra takes no other.")
    if private_key.public_key() != certificate.public_key():
        raise ValueError("the private key behind certificate does not belong to the certificate.")
    return AppIdentity(
        tenant, client_id, private_key=key[0], certificate=public[0], expires=certificate.not_valid_after_utc
    )


class _Transport:
    """What msal sends through. Its own would let REQUESTS_CA_BUNDLE win over ca_file."""

    def __init__(self, verify: str | bool, timeout: float) -> None:
        self._session = requests.Session()
        self._session.mount("https://", BoundedAdapter())
        self._options: Mapping[str, Any] = {"verify": verify, "timeout": timeout}

    def get(self, url: str, **more: Any) -> requests.Response:
        return self._session.get(url, **{**more, **self._options})

    def post(self, url: str, **more: Any) -> requests.Response:
        return self._session.post(url, **{**more, **self._options})

    def close(self) -> None:
        self._session.close()


class Tokens:
    """Access tokens of one app, renewed before they end. ``deadline`` bounds each call of the sign-in service."""

    def __init__(self, app: AppIdentity, cloud: Cloud, *, ca_file: str | None, deadline: timedelta) -> None:
        self.app = app
        self._cloud = cloud
        self._ca_file = ca_file
        self._deadline = deadline.total_seconds()
        self._threads = WorkerThreads("graph token", 1, deadline + _THREAD_EXTRA)  # msal blocks
        self._lock = asyncio.Lock()
        self._transport = _Transport(self._ca_file or True, self._deadline)
        self._client: Any = None
        self._token = ""
        self._renew_at = 0.0  # of the loop's clock
        self._ends_at = 0.0
        self._rejected = ""
        self._ask_at = 0.0  # of the loop's clock: when a refused secret or certificate is tried again

    def close(self) -> None:
        self._threads.close()
        self._transport.close()

    async def get(self, *, instead_of: str = "") -> str:
        """``instead_of``: a token that Graph refused; a new one is fetched, once for all who hold the same one."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._token and self._token != instead_of and now < self._renew_at:
                return self._token
            if self._rejected and now < self._ask_at:
                raise CredentialsRejected(self._rejected, ask_again=APP_ASKED_AGAIN)
            try:
                await self._renew(force=bool(instead_of) and self._token == instead_of)
            except SourceUnavailable:
                if not self._token or self._token == instead_of or now >= self._ends_at:
                    raise
                self._renew_at = min(now + 30, self._ends_at)  # the old one is still good: sign-in has its bad minutes
            return self._token

    def rejected(self, reason: str) -> CredentialsRejected:
        """A fresh token was refused: nothing is sent for a while."""
        self._rejected, self._token = reason, ""
        self._ask_at = asyncio.get_running_loop().time() + APP_ASKED_AGAIN.total_seconds()
        return CredentialsRejected(reason, ask_again=APP_ASKED_AGAIN)

    def roles(self) -> frozenset[str] | None:
        """The application permissions inside the token; None where its form, which is not promised, is another."""
        parts = self._token.split(".")
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
            return frozenset(str(role) for role in claims.get("roles", []))
        except (IndexError, ValueError, binascii.Error, AttributeError, TypeError, RecursionError):
            return None

    async def _renew(self, *, force: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            result = await self._threads.run(lambda: self._acquire(force), key="token", what=self._name)
        except (ReadingHangs, requests.Timeout):
            raise SourceUnavailable(f"{self._name} did not answer within {self._deadline:.0f} seconds.") from None
        except requests.exceptions.ProxyError:
            raise SourceUnavailable(f"{self._name} {PROXY_FAILS}.") from None
        except requests.exceptions.SSLError:
            raise SourceUnavailable(
                f"{self._name} has a certificate that cannot be verified: name its authority with ca_file."
            ) from None
        except msal.exceptions.MsalError:  # 5xx and 429; msal itself asks again after Retry-After, or a minute
            raise SourceUnavailable(f"{self._name} is out of order, or busy, for the moment.") from None
        except requests.RequestException as error:
            raise SourceUnavailable(f"{self._name} cannot be reached ({type(error).__name__}).") from None
        # msal's ways to say that an answer is no such thing.
        except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, OverflowError):
            raise SourceUnavailable(
                f"{self._name} does not know the tenant {self.app.tenant!r}, or gave no usable answer."
            ) from None
        token = result.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self._refusal(result)
        life = min(max(seconds(result.get("expires_in")) or 0.0, 0.0), _LONGEST_LIFE)
        self._token, self._rejected = token, ""
        self._ends_at = loop.time() + life
        self._renew_at = loop.time() + max(life - _EARLY, life / 2)

    def _acquire(self, force: bool) -> Mapping[str, Any]:
        if self._client is None:
            self._client = msal.ConfidentialClientApplication(
                self.app.client_id,
                authority=f"{self._cloud.login}/{self.app.tenant}",
                client_credential=self.app.secret
                or {"private_key": self.app.private_key, "public_certificate": self.app.certificate},
                instance_discovery=False,  # the address is the admin's or from our table: nobody else is asked about it
                http_client=self._transport,
            )
        if force:
            self._client.remove_tokens_for_client()
        result: Mapping[str, Any] = self._client.acquire_token_for_client([f"{self._cloud.graph}/.default"])
        return result

    def _refusal(self, result: Mapping[str, Any]) -> CalendarError:
        """Only numbers are taken from the answer: its text names the tenant's objects and the time."""
        codes, word = result.get("error_codes"), str(result.get("error"))
        numbers = [number for number in codes if isinstance(number, int)] if isinstance(codes, list) else []
        number = numbers[0] if numbers and 0 < numbers[0] < 10**9 else None
        code = f"AADSTS{number}" if number else word if _WORD.fullmatch(word) else "no reason"
        meaning = _MEANINGS.get(number or 0, f"the {self.app.kind} was not accepted")
        if word in _REFUSALS and number not in _NOT_OUR_FAULT:
            error = self.rejected(f"{self._name} refused the app {self.app.client_id}: {meaning} ({code}).")
            if cure := _CURES.get(number or 0):
                error.add_note(cure.format(client_id=self.app.client_id))  # for the doctor
            return error
        known = f": {_MEANINGS[number]}" if number is not None and number in _MEANINGS else ""
        return SourceUnavailable(f"{self._name} gave no token{known} ({code}).")

    @property
    def _name(self) -> str:
        return f"The sign-in service {self._cloud.login.partition('://')[2]}"


def expiry_sentence(app: AppIdentity, now: datetime) -> str:
    """For an identity whose ``expires`` is known."""
    assert app.expires is not None
    when = app.expires.astimezone(UTC)
    if when <= now:
        return f"The {app.kind} of the app {app.client_id} ended on {when:%Y-%m-%d}."
    return f"The {app.kind} of the app {app.client_id} ends on {when:%Y-%m-%d}, in {(when - now).days} days."
