"""Exchange Online is not read over EWS: Microsoft ends it there."""

from __future__ import annotations

from urllib.parse import urlsplit

# Global, GCC High, DoD, China by 21Vianet; office.com and outlook.com are older names of the same service, and
# cloud.microsoft is the newest.
_HOSTS = (
    "outlook.office365.com",
    "outlook.office.com",
    "outlook.com",
    "cloud.microsoft",
    "office365.com",
    "office365.us",
    "apps.mil",
    "outlook.cn",
    "outlook.office.de",
)


def is_exchange_online(url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:  # no address at all
        return False
    return any(host == name or host.endswith("." + name) for name in _HOSTS)


def why_not(url: str) -> str:
    """The tail of a sentence list: what is wrong with this address, and the way out."""
    return (
        f"{urlsplit(url).hostname} is Exchange Online. Microsoft switches EWS off there, tenant by tenant since 1"
        ' October 2026 and for good on 1 April 2027; use a section with type = "graph" instead, see'
        " docs/how-to/connect-microsoft-365.md. This source is for Exchange Server 2013 and later in your own network."
    )
