"""The rooms of a Google Workspace domain: the Admin SDK's resources, as places."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connector.calendars.base import Place
from connector.calendars.google.http import GoogleApi, Request, Service
from connector.calendars.google.key import Identity
from connector.errors import SourceUnavailable

_PAGES = 200
_ROOM_FIELDS = (
    "nextPageToken,items(resourceEmail,resourceName,generatedResourceName,resourceCategory,buildingId,floorName,"
    "capacity,userVisibleDescription)"
)


async def places(api: GoogleApi, admin: Identity, customer: str) -> tuple[Place, ...]:
    """By name. Resources that are no rooms (cars, projectors) are left out; Google gives no time zone for a room."""
    buildings = await _all(
        api,
        admin,
        "buildings",
        lambda service, token: (
            service.resources()
            .buildings()
            .list(
                customer=customer,
                maxResults=500,
                pageToken=token,
                fields="nextPageToken,buildings(buildingId,buildingName)",
            )
        ),
    )
    names = {str(each.get("buildingId", "")): str(each.get("buildingName", "")) for each in buildings}
    rooms = await _all(
        api,
        admin,
        "items",
        lambda service, token: (
            service.resources()
            .calendars()
            .list(customer=customer, maxResults=500, pageToken=token, fields=_ROOM_FIELDS)
        ),
    )
    found = [_place(room, names) for room in rooms if room.get("resourceCategory") != "OTHER"]
    return tuple(sorted((place for place in found if place.calendar), key=lambda p: (p.site, p.name)))


def _place(room: Mapping[str, object], buildings: Mapping[str, str]) -> Place:
    building = str(room.get("buildingId", ""))
    capacity = room.get("capacity")
    notes = (f"floor {room['floorName']}" if room.get("floorName") else "", room.get("userVisibleDescription"))
    return Place(
        calendar=str(room.get("resourceEmail", "")),
        name=str(room.get("resourceName") or room.get("generatedResourceName") or ""),
        site=buildings.get(building) or building,
        capacity=capacity if isinstance(capacity, int) and capacity > 0 else None,
        notes=", ".join(str(note) for note in notes if note),
    )


async def _all(
    api: GoogleApi, admin: Identity, name: str, make: Callable[[Service, str | None], Request]
) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = []
    token: str | None = None
    for _ in range(_PAGES):
        answer = await api.directory(admin, lambda service, token=token: make(service, token))  # type: ignore[misc]  # the default binds this page's token
        page = answer.body.get(name, [])
        found += [each for each in page if isinstance(each, dict)] if isinstance(page, list) else []
        following = answer.body.get("nextPageToken")
        if not isinstance(following, str) or not following:
            return found
        token = following
    raise SourceUnavailable("Google's list of rooms has no end: its pages repeat.")
