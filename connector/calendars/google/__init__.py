"""Google Workspace: rooms' calendars by a service account, shared with it or by domain-wide delegation.

The source itself is loaded when it is opened: Google's client costs 30 MB, which other sources need not pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector.calendars.base import SourceContext
from connector.calendars.options import Options

if TYPE_CHECKING:
    from connector.calendars.google.source import GoogleSource


def plug(config: Mapping[str, object], context: SourceContext) -> GoogleSource:
    """Entry point of ``connector.calendar_sources``. Raises UserError.

    Options: key_file (a reference to the service account's key: "file:google-key.json"), subject (a user to speak for;
    without it the calendars are shared with the service account), admin (a user who may list the domain's rooms),
    customer, daily_requests, poll_with_push and deadline (seconds), ca_file (relative to connector.toml), api_root and
    allow_http (both for a stand-in).
    """
    from connector.calendars.google.http import GoogleApi, unusable
    from connector.calendars.google.key import ServiceKey, is_safe
    from connector.calendars.google.source import DAILY_REQUESTS, GoogleSource, Settings

    budget = config.get("daily_requests", DAILY_REQUESTS)
    options = Options({name: value for name, value in config.items() if name != "daily_requests"}, context.name)
    reference = options.text("key_file")
    subject, admin = options.text("subject", ""), options.text("admin", "")
    customer = options.text("customer", "my_customer")
    poll_with_push, deadline = options.seconds("poll_with_push", 300, least=0), options.seconds("deadline", 30)
    ca_file, root = options.text("ca_file", ""), options.text("api_root", "")
    plain = options.flag("allow_http", False)
    if not isinstance(budget, int) or isinstance(budget, bool) or not 1_000 <= budget <= 100_000_000:
        options.problem("daily_requests must be a whole number from 1000 to 100000000.")
        budget = DAILY_REQUESTS
    if root and not is_safe(root, plain_http=plain):
        options.problem("api_root must begin with https:// (or set allow_http = true for a stand-in on this machine).")
    authority = str(context.base / ca_file) if ca_file else None
    if authority and (problem := unusable(authority)):
        options.problem(f"ca_file: {authority} cannot be used: {problem}.")
    for name, address in (("subject", subject), ("admin", admin)):
        if address and "@" not in address:
            options.problem(f"{name} must be the mail address of a user in the domain.")
    options.done()
    key = ServiceKey(context.secret(reference), context.name, plain_http=plain)
    api = GoogleApi(
        root=f"{root.rstrip('/')}/" if root else "",
        ca_file=authority,
        deadline=deadline,
    )
    settings = Settings(subject, admin, customer, budget, poll_with_push)
    return GoogleSource(context, key, api, settings)
