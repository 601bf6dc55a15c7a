"""EWS operations of the Exchange stand-in: a request in, an answer out. Sources: EWSDOC, and the schemas' names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from connector.standins.exchange.mailbox import Mailbox
from connector.standins.exchange.streams import Subscriptions
from connector.standins.exchange.xml import (
    MESSAGES,
    TYPES,
    M,
    Refusal,
    T,
    answer,
    asked,
    calendar_item,
    failure,
    mailbox,
    success,
)

_NO_STORE = Refusal("ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable.")
_DENIED = Refusal("ErrorAccessDenied", "Access is denied. Check credentials and try again.")


@dataclass(slots=True)
class Directory:
    """Who and what there is."""

    mailboxes: dict[str, Mailbox] = field(default_factory=dict)  # by lower-case address
    room_lists: dict[str, tuple[str, list[str]]] = field(default_factory=dict)  # address: (name, rooms' addresses)
    impersonators: set[str] = field(default_factory=set)  # accounts with the role ApplicationImpersonation
    out_of_scope: set[str] = field(default_factory=set)  # mailboxes outside the role's scope
    delegates: dict[str, set[str]] = field(default_factory=dict)  # account: mailboxes shared with it
    denied: set[str] = field(default_factory=set)  # mailboxes whose calendar answers ErrorAccessDenied
    unavailable: set[str] = field(default_factory=set)  # mailboxes whose database is failing over, lower case
    corrupt: set[str] = field(default_factory=set)  # UIDs of items that cannot be read
    unknown_fields: set[str] = field(default_factory=set)  # what this server's version has never heard of
    most_entries: int = 1000  # of one FindItem, by policy

    def find(self, address: str) -> Mailbox:
        found = self.mailboxes.get(address.lower())
        if found is None:
            raise Refusal("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.", fault=True)
        return found


@dataclass(frozen=True, slots=True)
class Caller:
    """``acting_as``: the mailbox of the impersonation header, else ""."""

    account: str
    acting_as: str = ""


def caller(account: str, header: etree._Element | None, directory: Directory) -> Caller:
    """Raises Refusal where the account may not act for the mailbox."""
    found = header.find(f".//{T}ConnectingSID/{T}PrimarySmtpAddress") if header is not None else None
    if found is None:
        return Caller(account)
    address = found.text or ""
    if account not in directory.impersonators or address.lower() in directory.out_of_scope:
        raise Refusal(
            "ErrorImpersonateUserDenied", "The account does not have permission to impersonate the user.", fault=True
        )
    return Caller(account, directory.find(address).address)


class Operations:
    def __init__(self, directory: Directory, subscriptions: Subscriptions) -> None:
        self._directory = directory
        self._subscriptions = subscriptions

    def __call__(self, request: etree._Element, who: Caller) -> etree._Element:
        """The answer's body. Raises Refusal with ``fault`` for what concerns the whole request."""
        name = etree.QName(request).localname
        handler = _HANDLERS.get(name)
        if handler is None:
            raise Refusal("ErrorInvalidRequest", f"The stand-in does not know {name}.", fault=True)
        return handler(self, request, who)

    def open_calendar(self, folder: etree._Element | None, who: Caller) -> Mailbox:
        """Raises Refusal."""
        named = folder.findtext(f"{T}Mailbox/{T}EmailAddress") if folder is not None else None
        box = self._directory.find(named or who.acting_as or who.account)
        shared = box.address.lower() in self._directory.delegates.get(who.account, set())
        if box.address.lower() in self._directory.denied or not (who.acting_as == box.address or shared):
            raise _DENIED
        if box.address.lower() in self._directory.unavailable:
            raise _NO_STORE
        return box

    # -------------------------------------------------------------------------------- calendars

    def find_item(self, request: etree._Element, who: Caller) -> etree._Element:
        def one(folder: etree._Element) -> etree._Element:
            box = self.open_calendar(folder, who)
            view = request.find(f"{M}CalendarView")
            if view is None:
                raise Refusal("ErrorInvalidRequest", "The stand-in lists calendar views only.")
            fields, properties = self._known(request)
            start, end = (
                datetime.fromisoformat(view.get(name, "")).astimezone(UTC) for name in ("StartDate", "EndDate")
            )
            shown = box.view(start, end)
            most = min(int(view.get("MaxEntriesReturned", self._directory.most_entries)), self._directory.most_entries)
            items = [calendar_item(each, fields, properties, found=True) for each in shown[:most]]
            whole = "true" if len(shown) <= most else "false"
            root = MESSAGES(
                "RootFolder", TYPES("Items", *items), TotalItemsInView=str(len(items)), IncludesLastItemInRange=whole
            )
            return success("FindItem", root)

        folders = request.findall(f"{M}ParentFolderIds/*")
        return answer("FindItem", _each("FindItem", folders, one))

    def get_item(self, request: etree._Element, who: Caller) -> etree._Element:
        fields, properties = self._known(request)

        def one(identity: etree._Element) -> etree._Element:
            for box in self._directory.mailboxes.values():
                shown = box.item(identity.get("Id", ""))
                if shown is None:
                    continue
                self.open_calendar(None, Caller(who.account, who.acting_as or self._shared(box, who)))
                if shown.uid in self._directory.corrupt:
                    raise Refusal("ErrorItemCorrupt", "The item is corrupt.")
                if box.private_hidden and not who.acting_as and shown.values["Sensitivity"] != "Normal":
                    raise _DENIED
                return success("GetItem", MESSAGES("Items", calendar_item(shown, fields, properties)))
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")

        return answer("GetItem", _each("GetItem", request.findall(f"{M}ItemIds/*"), one, "Items"))

    def _shared(self, box: Mailbox, who: Caller) -> str:
        if box.address.lower() not in self._directory.delegates.get(who.account, set()):
            raise _DENIED
        return box.address

    def get_folder(self, request: etree._Element, who: Caller) -> etree._Element:
        def one(folder: etree._Element) -> etree._Element:
            box = self.open_calendar(folder, who)
            calendar = TYPES(
                "CalendarFolder",
                TYPES("FolderId", Id=f"calendar-of-{box.address}", ChangeKey="AAAA"),
                TYPES("FolderClass", "IPF.Appointment"),
                TYPES("DisplayName", "Calendar"),
            )
            return success("GetFolder", MESSAGES("Folders", calendar))

        return answer("GetFolder", _each("GetFolder", request.findall(f"{M}FolderIds/*"), one))

    def _known(self, request: etree._Element) -> tuple[set[str], set[str]]:
        fields, properties = asked(request)
        if fields & self._directory.unknown_fields:
            raise Refusal("ErrorInvalidPropertyRequest", "Property is not valid for this object type.", fault=True)
        return fields, properties

    # -------------------------------------------------------------------------------- subscriptions

    def subscribe(self, request: etree._Element, who: Caller) -> etree._Element:
        wanted = request.find(f"{M}StreamingSubscriptionRequest")
        if wanted is None:
            raise Refusal("ErrorInvalidRequest", "The stand-in has streaming subscriptions only.", fault=True)
        kinds = frozenset(each.text or "" for each in wanted.iter(f"{T}EventType"))

        def one(folder: etree._Element) -> etree._Element:
            identity = self._subscriptions.subscribe(self.open_calendar(folder, who).address, kinds)
            return success("Subscribe", MESSAGES("SubscriptionId", identity))

        return answer("Subscribe", _each("Subscribe", wanted.findall(f"{T}FolderIds/*"), one))

    def unsubscribe(self, request: etree._Element, who: Caller) -> etree._Element:
        def one(identity: etree._Element) -> etree._Element:
            self._subscriptions.unsubscribe(identity.text or "")
            return success("Unsubscribe")

        return answer("Unsubscribe", _each("Unsubscribe", request.findall(f"{M}SubscriptionId"), one))

    # -------------------------------------------------------------------------------- the directory

    def get_room_lists(self, request: etree._Element, who: Caller) -> etree._Element:
        found = (
            mailbox("Address", name, address, kind="PublicDL")
            for address, (name, _) in self._directory.room_lists.items()
        )
        return _plain("GetRoomLists", MESSAGES("RoomLists", *found))

    def get_rooms(self, request: etree._Element, who: Caller) -> etree._Element:
        address = request.findtext(f"{M}RoomList/{T}EmailAddress") or ""
        if address not in self._directory.room_lists:
            raise Refusal("ErrorNameResolutionNoResults", "No results were found.", fault=True)
        rooms = (self._directory.find(each) for each in self._directory.room_lists[address][1])
        return _plain(
            "GetRooms", MESSAGES("Rooms", *(TYPES("Room", mailbox("Id", room.name, room.address)) for room in rooms))
        )

    def resolve_names(self, request: etree._Element, who: Caller) -> etree._Element:
        wanted = (request.findtext(f"{M}UnresolvedEntry") or "").lower()
        found = [each for each in self._directory.mailboxes.values() if wanted in each.address.lower()]
        if not found:
            refusal = Refusal("ErrorNameResolutionNoResults", "No results were found.")
            return answer("ResolveNames", [failure("ResolveNames", refusal)])
        entries = [TYPES("Resolution", mailbox("Mailbox", each.name, each.address)) for each in found]
        listed = MESSAGES("ResolutionSet", *entries, TotalItemsInView=str(len(entries)), IncludesLastItemInRange="true")
        return answer("ResolveNames", [success("ResolveNames", listed)])

    def convert_id(self, request: etree._Element, who: Caller) -> etree._Element:
        """Only what clients use it for: to learn the server's version from the header."""
        refusal = Refusal("ErrorInvalidIdMalformed", "Id is malformed.")
        ids = request.findall(f"{M}SourceIds/*")
        return answer("ConvertId", [failure("ConvertId", refusal) for _ in ids])


_HANDLERS: Mapping[str, Callable[[Operations, etree._Element, Caller], etree._Element]] = {
    "FindItem": Operations.find_item,
    "GetItem": Operations.get_item,
    "GetFolder": Operations.get_folder,
    "Subscribe": Operations.subscribe,
    "Unsubscribe": Operations.unsubscribe,
    "GetRoomLists": Operations.get_room_lists,
    "GetRooms": Operations.get_rooms,
    "ResolveNames": Operations.resolve_names,
    "ConvertId": Operations.convert_id,
}


def _each(
    operation: str,
    wanted: list[etree._Element],
    one: Callable[[etree._Element], etree._Element],
    *empty: str,
) -> Iterator[etree._Element]:
    """A response message for each, whatever becomes of the others. ``empty``: what a failure must hold all the same."""
    for each in wanted:
        try:
            yield one(each)
        except Refusal as refusal:
            if refusal.fault:
                raise
            yield failure(operation, refusal, *(MESSAGES(name) for name in empty))


def _plain(operation: str, content: etree._Element) -> etree._Element:
    """Answers without a list of messages."""
    return MESSAGES(f"{operation}Response", MESSAGES("ResponseCode", "NoError"), content, ResponseClass="Success")
