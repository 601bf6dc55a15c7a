"""The services table. A new service is one file with a ``service`` and one line here; the order breaks ties."""

from __future__ import annotations

from connector.detection.services import (
    bluejeans,
    cms,
    direct,
    gotomeeting,
    meet,
    named,
    pexip,
    ringcentral,
    teams,
    webex,
    zoom,
)
from connector.detection.services.base import Service

SERVICES: tuple[Service, ...] = (
    zoom.service,
    teams.service,
    webex.service,
    ringcentral.service,
    gotomeeting.service,
    bluejeans.service,
    pexip.service,
    cms.service,
    meet.service,
    *named.SERVICES,
    direct.service,  # last: an address without a link belongs to whatever service is named
)
