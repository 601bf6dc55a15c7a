"""Finds the EWS address for a mail address: a help for the first set-up; afterwards the url is better given.

MS-OXDSCLI: the two usual places are asked, over https with the certificate verified; the password goes nowhere else.
"""

# mypy: disallow-subclassing-any=False
# The library ships no type information, so its classes, made to be subclassed, are Any to the checker.

from __future__ import annotations

from datetime import timedelta

from exchangelib import Configuration  # type: ignore[import-untyped]
from exchangelib.autodiscover.protocol import AutodiscoverProtocol  # type: ignore[import-untyped]
from exchangelib.errors import UnauthorizedError  # type: ignore[import-untyped]

from connector.calendars.exchange.mailboxes import VERSIONS, Access
from connector.calendars.exchange.online import is_exchange_online, why_not
from connector.calendars.exchange.transport import HttpStatus, Login, OtherSignIn, OurConnections, Policy, patience
from connector.errors import SourceUnavailable

_CLOUD = "https://outlook.office365.com/EWS/Exchange.asmx"
_CLOUD_DOMAINS = (".onmicrosoft.com", ".onmicrosoft.us", ".onmschina.cn")  # of a tenant's routing addresses
_SETTINGS = ("external_ews_url", "internal_ews_url")


def places(email: str) -> tuple[str, ...]:
    domain = email.rpartition("@")[2]
    return tuple(f"https://{host}/autodiscover/autodiscover.svc" for host in (f"autodiscover.{domain}", domain))


def find_url(email: str, access: Access) -> str:
    """Blocks. Raises SourceUnavailable, and UnauthorizedError at the first place that refuses the password."""
    for place in places(email):
        url = _ask(place, email, access)
        if is_exchange_online(url):
            raise SourceUnavailable(f"Autodiscover says that {email} is in the cloud: {why_not(url)}")
        if url and url.startswith("https://"):
            return url
    raise SourceUnavailable(
        f"Autodiscover found no EWS address for {email}: write the url of the server's EWS, which Get-WebServices"
        "VirtualDirectory | fl *url shows."
    )


class _Discovery(OurConnections, AutodiscoverProtocol):
    pass


def _ask(place: str, email: str, access: Access) -> str:
    """The address, or "" when this place does not answer as it should. Redirects are not followed, the password goes to
    the two places only; but one into the cloud is an answer: hybrid organisations send their moved mailboxes there."""
    protocol = _Discovery(
        config=Configuration(
            service_endpoint=place,
            credentials=Login(access.username, access.password, purpose=object()),
            auth_type=access.auth,
            version=VERSIONS[access.version].copy(),
            retry_policy=Policy(access.auth, whole=True, saw_date=_ignore),
        )
    )
    protocol.ca_file = access.ca_file
    protocol.TIMEOUT = patience(access.timeout)
    try:
        found = protocol.get_user_settings(user=email, settings=list(_SETTINGS))
    except (UnauthorizedError, OtherSignIn):
        raise
    except HttpStatus as answer:
        return answer.location if is_exchange_online(answer.location) else ""
    except Exception:  # no such host, another kind of server, a stranger's certificate: then the next place is asked
        return ""
    finally:
        protocol.close()
    if (found.redirect_address or "").lower().endswith(_CLOUD_DOMAINS):
        return _CLOUD
    if found.redirect_url:
        return str(found.redirect_url) if is_exchange_online(found.redirect_url) else ""
    settings = found.user_settings or {}
    return next((str(settings[name]) for name in _SETTINGS if settings.get(name)), "")


def _ignore(_: timedelta) -> None:
    return None
