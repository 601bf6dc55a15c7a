"""Microsoft Teams: a room can dial in only where the invitation has a Cloud Video Interop (CVI) block.

``invitation`` reads what Teams prints, ``cvi`` the block that a vendor of such interop adds.
"""

from __future__ import annotations

from connector.detection.service import Service
from connector.detection.services.teams.invitation import DOMAINS, find, key

service = Service("teams", find, DOMAINS, schemes=("msteams",), key=key, added_by_calendars=True, turn=1)
