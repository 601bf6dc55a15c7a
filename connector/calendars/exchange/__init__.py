"""The options of the Exchange Server source. The rest is loaded when a section asks for it: exchangelib is large."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.calendars.base import SourceContext
from connector.calendars.exchange.online import is_exchange_online, why_not
from connector.calendars.options import Options

if TYPE_CHECKING:
    from connector.calendars.exchange.source import ExchangeSource

_AUTH = {"basic": "basic", "ntlm": "NTLM", "gssapi": "gssapi"}  # ours to exchangelib's
_VERSIONS = ("2013", "2016", "2019", "SE")


def plug(config: Mapping[str, object], context: SourceContext) -> ExchangeSource:
    """Entry point of ``connector.calendar_sources``. Options: url (of EWS, https), or autodiscover = true with email;
    auth (ntlm, basic or gssapi), username, password (a reference; gssapi takes a Kerberos ticket instead), access
    (impersonation or delegate), version (2013, 2016, 2019 or SE), ca_file (relative to the folder of the
    configuration), timezone, streaming, poll_every and deadline (seconds). Raises UserError.
    """
    options = Options(config, "exchange")
    url, email = _place(options)
    auth = options.text("auth", "ntlm")
    kerberos = auth == "gssapi"
    username = options.text("username", "" if kerberos else None)
    reference = options.text("password", "" if kerberos else None)
    access = options.text("access", "impersonation")
    version = options.text("version", "2013")
    ca_file = options.text("ca_file", "")
    zone = options.zone()
    streaming = options.flag("streaming", True)
    poll_every = options.seconds("poll_every", 60) if "poll_every" in config else None
    deadline = options.seconds("deadline", 40)
    _check(options, auth, access, version)
    if ca_file and not (context.base / ca_file).is_file():
        options.problem(f"ca_file {ca_file} does not exist; it holds the authority of the server's certificate, PEM.")
    options.done()

    from connector.calendars.exchange.client import Server  # exchangelib: 0.8 s and 51 MB, only for those who use it
    from connector.calendars.exchange.mailboxes import Access
    from connector.calendars.exchange.push import StreamTimings
    from connector.calendars.exchange.source import ExchangeSource

    return ExchangeSource(
        Server(
            Access(
                username=username,
                password=context.secret(reference) if reference else "",
                auth=_AUTH[auth],
                impersonation=access == "impersonation",
                version=version,
                ca_file=str(context.base / ca_file) if ca_file else None,
            ),
            url=url,
            email=email,
            deadline=deadline.total_seconds(),
            section=context.name,
        ),
        source_state=context.source_state,
        publish=context.publish,
        zone=zone,
        poll_every=poll_every,
        timings=StreamTimings() if streaming else None,
    )


def _place(options: Options) -> tuple[str, str]:
    """(url, "") or ("", email)."""
    if options.flag("autodiscover", False):
        email = options.text("email")
        if email and "@" not in email:
            options.problem("email must be a mail address of the organisation, such as room@example.org.")
        if options.text("url", ""):
            options.problem("url and autodiscover exclude each other.")
        return "", email
    options.text("email", "")
    url = options.text("url")
    if url and not url.startswith("https://"):
        options.problem("url must begin with https://, as https://mail.example.org/EWS/Exchange.asmx.")
    elif url and not urlsplit(url).hostname:
        options.problem("url has no host; write it as https://mail.example.org/EWS/Exchange.asmx.")
    elif is_exchange_online(url):
        options.problem(why_not(url))
    return url, ""


def _check(options: Options, auth: str, access: str, version: str) -> None:
    if auth not in _AUTH:
        options.problem(f"auth must be one of {', '.join(_AUTH)}.")
    if auth == "gssapi" and not _has_kerberos():
        options.problem("auth = \"gssapi\" needs an extra: .venv/bin/pip install 'room-system-connector[kerberos]'.")
    if access not in ("impersonation", "delegate"):
        options.problem("access must be impersonation or delegate.")
    if version not in _VERSIONS:
        options.problem(f"version must be one of {', '.join(_VERSIONS)}, in quotes.")


def _has_kerberos() -> bool:
    return find_spec("requests_gssapi") is not None
