"""The stable names in the log: one sentence each. The documentation is made from this table, and a test holds it.

One line is written for a change of state, not for an attempt. ``room`` and ``booking`` are bound where they apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LOG_EVENTS: Mapping[str, str] = MappingProxyType(
    {
        # the daemon and what it was told
        "daemon.started": "The daemon runs: version, configuration file, number of rooms.",
        "daemon.stopped": "The daemon ended; sessions on the units are closed.",
        "config.loaded": "A new connector.toml is in force.",
        "config.rejected": "The file connector.toml has mistakes; the last good configuration stays in force.",
        "rooms.loaded": "A new rooms.csv is in force.",
        "rooms.rejected": "Rows of rooms.csv have mistakes; the other rows are in force.",
        "rules.rejected": "An admin's rule has a mistake and is left out; the other rules are in force.",
        "library.log": "A line of a library, at warning or above; ``library`` names it.",
        "daemon.command": "What somebody asked from another process, and what came of it.",
        "config.restart_needed": "A setting was changed that takes effect at the next start only.",
        "store.failed": "The database cannot be written: rooms show what they should, and no room dials by itself.",
        "store.recovered": "The database can be written again.",
        "store.row_unreadable": "A sealed value of the database was damaged: it is left out, the others are used.",
        # calendars
        "calendar.read": "A calendar's content changed since the last reading.",
        "calendar.failed": "A calendar or a source cannot be read, or refuses the sign-in; screens stay as they are.",
        "calendar.recovered": "A calendar that failed can be read again, or the last of a source's unnamed ones.",
        "calendar.source_failed": "A source of calendars cannot be opened; its calendars stay as they were.",
        "calendar.watch_failed": "A source of calendars tells of no changes any more; it is still read at intervals.",
        "calendar.item_unreadable": "One item of a calendar cannot be read; its last good form stays.",
        "calendar.suspiciously_empty": "Many rooms lost all bookings in one cycle; removals are held back.",
        "calendar.released": "Removals that were held back are carried out.",
        "calendar.subscription_failed": "A service does not tell of a calendar's changes; it is polled.",
        "calendar.subscription_silent": "A change was read that was not told of; the service is subscribed to anew.",
        "calendar.stream_lost": "Exchange's stream of changes broke off; a new one follows, and calendars are polled.",
        "calendar.notification_refused": "A notification without the secret of a subscription came; nothing was done.",
        "calendar.details_hidden": "Only free/busy of a calendar is shared: meetings have no titles and no buttons.",
        "calendar.credential_expires": "A certificate or secret of a calendar source ends soon, or has ended.",
        # notifications, integrations, the Zoom account
        "webhooks.listening": "Calendar services can tell of changes: the address that they call.",
        "webhooks.failed": "The listener for notifications cannot start; calendars are polled.",
        "webhooks.handler_failed": "A notification met a mistake in this program; the service sends it again.",
        "webhooks.certificate_rejected": "A renewed certificate cannot be used; the old one stays.",
        "integration.removed": "A source is gone from connector.toml: what was kept of it is wiped.",
        "integration.dispose_failed": "Subscriptions of a removed source could not be ended; they end by themselves.",
        "zoom.refused": "Zoom does not accept the account's credentials; it is tried again each hour.",
        "zoom.failed": "Zoom cannot be asked for room passcodes; meetings stay as their invitations have them.",
        "zoom.recovered": "Zoom answers again.",
        "zoom.forged": "Somebody called the address for Zoom's notifications without Zoom's signature.",
        # plans and screens
        "room.planned": "The plan of a room changed: what its screen should show and when it dials.",
        "screen.pushed": "A unit took the list of bookings that it should show.",
        "screen.push_failed": "A unit did not take its list; it shows the last good one and is tried again.",
        "screen.differs": "A unit says that it shows something else than the plan; it is pushed again.",
        "screen.verified": "A unit shows the plan again after it differed.",
        # units
        "unit.reachable": "A unit answers.",
        "unit.probed": "What a unit is: product, software, notes for the admin.",
        "unit.unreachable": "A unit does not answer; it is tried again with growing pauses.",
        "unit.rebooted": "A unit started anew; its list is pushed again.",
        "unit.clock_skew": "A unit's clock is wrong by more than its buttons can bear.",
        "unit.credentials_refused": "A unit refused the credentials; they are not tried again until they change.",
        "unit.certificate_refused": "A unit's certificate is not the trusted one; no password was sent.",
        "unit.not_supported": "A unit cannot do what was asked; it is not asked again.",
        "unit.not_allowed": "A unit is not contacted: outside the Private Networks, no password, or by its row.",
        "unit.unexpected_reply": "A unit gave an answer that its driver does not understand; it is tried again slowly.",
        # auto-join
        "dial.sent": "The unit accepted the command to dial.",
        "dial.answered": "The far end answered the call.",
        "dial.ended": "A call that we dialled is over before its time to leave.",
        "dial.adopted": "A call found on the unit is ours; no second one is made.",
        "dial.refused": "The unit or the far end said no; no call exists.",
        "dial.unknown": "Nobody can say whether the call exists; the unit's calls decide.",
        "dial.missed": "The grace after the planned start is over without a call.",
        "dial.skipped": "The unit is busy and the policy says to skip.",
        "dial.waiting": "The unit is in another call; the dial waits until it is free or the grace is over.",
        "dial.not_needed": "The room is in this meeting already, or somebody hung it up.",
        "dial.policy_refused": "The dial policy does not allow this address.",
        # auto-leave
        "leave.planned": "When the room leaves the call that it dialled changed.",
        "leave.done": "The room left at the end of its meeting.",
        "leave.already_gone": "The call had ended before the time to leave.",
        "leave.stay": "The next meeting is the same one: the room stays in the call.",
        "leave.failed": "The unit did not hang up; it is tried again.",
        "lane.failed": "A part of a room's work met a mistake in this program; it starts anew.",
    }
)
