"""What an admin does about a refusal: the exact console steps, and errors that end with one."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterable
from typing import TypeVar

import httplib2
import socks  # type: ignore[import-untyped]

from connector.calendars.ics_web import PROXY_FAILS
from connector.errors import APP_ASKED_AGAIN, CalendarError, CredentialsRejected

_REACH = "let this computer reach *.googleapis.com by https (firewall, or https_proxy in the environment)"

E = TypeVar("E", bound=CalendarError)


def told(kind: type[E], what: str, step: str) -> E:
    """An error whose sentences end with the step that cures it; its note is that step alone, for the doctor."""
    error = kind(f"{what} {step}")
    error.add_note(step)
    return error


def refused_app(what: str, step: str) -> CredentialsRejected:
    error = CredentialsRejected(f"{what} {step}", ask_again=APP_ASKED_AGAIN)
    error.add_note(step)
    return error


def parted(error: CalendarError) -> tuple[str, str]:
    """(what is wrong, the step); the step is "" where the sentence is all there is to say."""
    step = " ".join(getattr(error, "__notes__", ()))
    return str(error).removesuffix(step).rstrip(), step


def share_step(who: str) -> str:
    return (
        "As an administrator who manages the room open calendar.google.com > Settings > the room's calendar (is it not"
        " listed: Add calendar > Browse resources) > Share with specific people > "
        f'Add {who}, permission "Make changes to events" (or "See all event details" where '
        "private meetings may stay hidden). Outside accounts also need admin.google.com > Apps > Google Workspace > "
        "Calendar > Sharing settings, and General settings for secondary calendars, that allow it; check the calendar's"
        " address, too."
    )


def delegation_step(client_id: str, scopes: Iterable[str]) -> str:
    return (
        "admin.google.com > Security > Access and data control > API controls > Manage domain-wide delegation > "
        "Add new (or Edit, where the client ID is listed already): client ID "
        f"{client_id or '(client_id in the key file)'}, "
        f"scopes {','.join(scopes)}. It takes effect within minutes, at times hours; then: connector calendars sync."
    )


def new_key_step(email: str) -> str:
    """The daemon sees by itself that the file was replaced."""
    return (
        f"console.cloud.google.com > IAM & Admin > Service Accounts > {email} > Keys > Add key > JSON; put the file "
        "where key_file points, then delete the old key there."
    )


def account_step(email: str) -> str:
    return (
        f"console.cloud.google.com > IAM & Admin > Service Accounts > {email} > Enable, or make a new account and key; "
        "then: connector calendars sync."
    )


def network_sentence(error: BaseException) -> str:
    """Why nothing whole came back, and what to look at."""
    name = type(error).__name__
    if isinstance(error, httplib2.ServerNotFoundError):
        return "Google's name could not be resolved: look at this computer's DNS."
    if isinstance(error, socks.ProxyError):
        return f"Google {PROXY_FAILS}."
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "Google's certificate is not trusted: a proxy opens TLS on the way; give its authority as ca_file in "
            "connector.toml, or let *.googleapis.com through unopened."
        )
    if isinstance(error, (http.client.HTTPException, ConnectionResetError, BrokenPipeError)):
        return f"Google's answer was cut ({name}); it is tried again."
    if isinstance(error, OSError | httplib2.HttpLib2Error):
        return f"Google was not reached ({name}): {_REACH}."
    return "Google's answer is no JSON: something in between answers instead, or it was cut."
