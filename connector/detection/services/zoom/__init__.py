"""Zoom: every link form, stated SIP and H.323 addresses, one-tap lines, printed ids and passcodes.

``extraction`` collects what the texts hold, ``selection`` decides which meeting it is, ``attribution`` what belongs to
it, ``passcodes`` and ``addresses`` what a room dials; ``candidate`` puts it together.
"""

from __future__ import annotations

from connector.detection.service import Service
from connector.detection.services.zoom.candidate import find, key
from connector.detection.services.zoom.links import DOMAINS, SCHEMES

service = Service("zoom", find, DOMAINS, schemes=SCHEMES, key=key, turn=0)
