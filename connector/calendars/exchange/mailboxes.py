"""Mailboxes on one pool of connections, and what is asked of them. Everything here blocks: it runs in threads.

Sources of the facts: Microsoft's "EWS reference for Exchange" (office-developer-exchange-docs), exchangelib 5.6.0.
"""

# mypy: disallow-subclassing-any=False
# The library ships no type information, so its classes, made to be subclassed, are Any to the checker.

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC as STANDARD_UTC
from datetime import datetime, timedelta
from typing import Any

from exchangelib import Account, Configuration  # type: ignore[import-untyped]
from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorAccessDenied,
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
    ErrorContentConversionFailed,
    ErrorCorruptData,
    ErrorInternalServerError,
    ErrorItemCorrupt,
    ErrorItemNotFound,
    ErrorMimeContentConversionFailed,
    ErrorPropertyValidationFailure,
)
from exchangelib.ewsdatetime import UTC, EWSDateTime  # type: ignore[import-untyped]
from exchangelib.extended_properties import ExtendedProperty  # type: ignore[import-untyped]
from exchangelib.fields import ExtendedPropertyField, FieldPath, TextField  # type: ignore[import-untyped]
from exchangelib.properties import CalendarView, DistinguishedFolderId, ItemId, Mailbox  # type: ignore[import-untyped]
from exchangelib.services import (  # type: ignore[import-untyped]
    FindItem,
    GetItem,
    GetStreamingEvents,
    SubscribeToStreaming,
    Unsubscribe,
)
from exchangelib.util import MNS, TNS  # type: ignore[import-untyped]
from exchangelib.version import Build, Version  # type: ignore[import-untyped]
from lxml import etree

from connector.calendars.exchange.errors import IncompleteListing, is_unknown_property, refused_subscriptions
from connector.calendars.exchange.items import Broken, Item, read_item
from connector.calendars.exchange.transport import EwsProtocol, Login, Policy, patience
from connector.errors import AccessDenied
from connector.model import Window

# What we ask for exists since 2013 SP1, and later servers speak it too. exchangelib corrects a wrong one by itself.
VERSIONS: Mapping[str, Version] = {
    "2013": Version(Build(15, 0, 847, 0), "Exchange2013_SP1"),
    "2016": Version(Build(15, 1), "Exchange2016"),
    "2019": Version(Build(15, 2), "Exchange2016"),
    "SE": Version(Build(15, 2, 2562, 0), "Exchange2016"),
}
_GONE = (ErrorItemNotFound, ErrorCalendarOccurrenceIsDeletedFromRecurrence)
_ITEM_ERRORS = (  # the server was reached and let us in, and has something against one item
    ErrorAccessDenied,
    ErrorContentConversionFailed,
    ErrorCorruptData,
    ErrorInternalServerError,
    ErrorItemCorrupt,
    ErrorMimeContentConversionFailed,
    ErrorPropertyValidationFailure,
    *_GONE,
)
_BATCH = 50  # items in one GetItem: a batch may take the server a minute at most
_MOST_ITEMS = 1000  # a FindItem's limit in Exchange's default policy
_EVENTS = ("CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent", "FreeBusyChangedEvent")
_ADDRESS = re.compile(r"[^\s<>\"@,;]+@[^\s<>\"@,;]+")
_FIELDS = (
    "item:Subject item:Sensitivity item:Body item:TextBody calendar:UID calendar:RecurrenceId calendar:Start"
    " calendar:End calendar:OriginalStart calendar:IsAllDayEvent calendar:LegacyFreeBusyStatus calendar:Location"
    " calendar:IsCancelled calendar:CalendarItemType calendar:MyResponseType calendar:Organizer"
)
_LATE_FIELDS = "calendar:StartTimeZoneId calendar:JoinOnlineMeetingUrl"  # Exchange 2013; other servers may not know
_PROPERTIES = ("OnlineMeetingExternalLink", "OnlineMeetingConfLink", "SkypeTeamsMeetingUrl", "UCMeetingSetting")


@dataclass(frozen=True, slots=True)
class Access:
    """How the account signs in, and in which role."""

    username: str
    password: str = field(repr=False)
    auth: str = "basic"  # basic, NTLM or gssapi: exchangelib's words
    impersonation: bool = True
    version: str = "2013"  # a key of VERSIONS
    ca_file: str | None = None
    timeout: float = 20.0  # seconds without a byte

    @property
    def kerberos(self) -> bool:
        return self.auth == "gssapi"

    @property
    def who(self) -> str:
        """For sentences."""
        return self.username or "the account of the Kerberos ticket"


class Mailboxes:
    """``connections``: requests at once; more of them wait. ``saw_date``: the server's clock minus ours."""

    def __init__(
        self,
        url: str,
        access: Access,
        *,
        connections: int,
        whole: bool,
        saw_date: Callable[[timedelta], None],
    ) -> None:
        self._access = access
        config = Configuration(
            service_endpoint=url,
            credentials=Login(access.username, access.password, purpose=object()),
            auth_type=access.auth,
            version=VERSIONS[access.version].copy(),
            retry_policy=Policy(access.auth, whole=whole, saw_date=saw_date),
            max_connections=connections,
        )
        self._config = config
        self.protocol = EwsProtocol(config=config, ca_file=access.ca_file, timeout=access.timeout)
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()
        self._knows_late_fields = True

    def close(self) -> None:
        self.protocol.discard()

    def account(self, address: str) -> Account:
        """Cheap. Raises AccessDenied."""
        if not _ADDRESS.fullmatch(address):
            raise AccessDenied(f"{address[:100]!r} is no mail address: the calendar column names the room's mailbox.")
        with self._lock:
            if address not in self._accounts:
                account = Account(
                    primary_smtp_address=address,
                    config=self._config,
                    access_type="impersonation" if self._access.impersonation else "delegate",
                    locale="en_US",
                    default_timezone=UTC,
                )
                account.protocol = self.protocol  # the library's cache has forgotten it where we just hung up
                self._accounts[address] = account
            return self._accounts[address]

    # -------------------------------------------------------------------------------- reading

    def listing(self, address: str, window: Window) -> dict[str, str]:
        """Ids and change keys of everything that touches the window, recurring meetings one by one.

        Raises IncompleteListing when the server says that there is more than it gave.
        """
        view = CalendarView(start=_moment(window.start), end=_moment(window.end), max_items=_MOST_ITEMS)
        found = _WholeView(account=self.account(address)).call(
            folders=[_calendar(address)],
            additional_fields=None,
            restriction=None,
            order_fields=None,
            shape="IdOnly",
            query_string=None,
            depth="Shallow",
            calendar_view=view,
            max_items=None,
            offset=0,
        )
        return {str(identity): str(key) for identity, key in _without_errors(found)}

    def items(self, address: str, ids: Sequence[str]) -> dict[str, Item | Broken | None]:
        """By id. None: no calendar item. An id that is gone by now is left out."""
        try:
            return self._items(address, ids)
        except Exception as error:
            if not (self._knows_late_fields and is_unknown_property(error)):
                raise
            self._knows_late_fields = False
            return self._items(address, ids)

    def _items(self, address: str, ids: Sequence[str]) -> dict[str, Item | Broken | None]:
        result: dict[str, Item | Broken | None] = {}
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            try:
                result |= self._batch(address, batch)
            except _ITEM_ERRORS:
                for each in batch:  # one item that may not be seen makes the library drop the answers to all
                    result |= self._single(address, each)
        return result

    def _single(self, address: str, identity: str) -> dict[str, Item | Broken | None]:
        try:
            return self._batch(address, [identity])
        except _ITEM_ERRORS as error:
            return {} if isinstance(error, _GONE) else {identity: _refused_item(error)}

    def _batch(self, address: str, ids: Sequence[str]) -> dict[str, Item | Broken | None]:
        answers = list(
            _RawItems(account=self.account(address), chunk_size=_BATCH).call(
                items=[ItemId(id=each) for each in ids],
                additional_fields=_paths(self._knows_late_fields),
                shape="IdOnly",
            )
        )
        if len(answers) != len(ids):
            raise IncompleteListing
        return {
            identity: _refused_item(answer) if isinstance(answer, Exception) else answer
            for identity, answer in zip(ids, answers, strict=True)
            if not isinstance(answer, _GONE)
        }

    def room_lists(self) -> list[tuple[str, str]]:
        """(address, name) of each room list."""
        return [(each.email_address, each.name or "") for each in _without_errors(self.protocol.get_roomlists())]

    def rooms(self, room_list: str) -> list[tuple[str, str]]:
        """(address, name) of each room on the list."""
        return [(each.email_address, each.name or "") for each in _without_errors(self.protocol.get_rooms(room_list))]

    # -------------------------------------------------------------------------------- notifications

    def subscribe(self, address: str, anchor: str) -> str:
        """The subscription's id. ``anchor``: a mailbox that all of one stream name, to meet on one server."""
        service = _Subscribe(account=self.account(address))
        service.anchor = anchor
        return str(service.get(folders=[_calendar(address)], event_types=_EVENTS))

    def unsubscribe(self, address: str, subscription: str, anchor: str) -> None:
        """``anchor``: the one it was made with. Without it a new connection ends at another server, which does not
        know the subscription."""
        service = _Unsubscribe(account=self.account(address))
        service.anchor = anchor
        service.get(subscription_id=subscription)

    def stream(
        self,
        anchor: str,
        subscriptions: Sequence[str],
        minutes: int,
        silence: float,
        *,
        sign_of_life: Callable[[], None],
    ) -> Iterator[str]:
        """Ids of subscriptions, as something happens. Ends when the server closes it after ``minutes`` (1 to 30).

        ``silence``: seconds without a byte that end it with an error. ``sign_of_life`` is called with each document of
        the server's. Raises SubscriptionsRefused, and anything else, requests' own errors too.
        """
        service = _Stream(account=self.account(anchor))
        service.sign_of_life = sign_of_life
        notifications = service.call(subscription_ids=list(subscriptions), connection_timeout=minutes)
        service.timeout = patience(silence)  # the library's own would let a dead connection look alive all the time
        try:
            for notification in notifications:
                yield str(notification.subscription_id)
        except Exception as error:
            refused = refused_subscriptions(error, service.refused)
            if refused is None:
                raise
            raise refused from None
        if service.connection_status != service.CLOSED:
            raise ConnectionResetError("the stream broke off")


# ------------------------------------------------------------------------------------ exchangelib's services


class _WholeView(FindItem):
    """A calendar view has no pages: where the library would ask for the next one for ever, it is incomplete."""

    def _get_page(self, message: Any) -> tuple[Any, None]:
        page = self._get_element_container(message=message, name=self.paging_container_name)
        if isinstance(page, Exception):
            raise page
        items = page.find(f"{{{TNS}}}Items")
        total = page.get("TotalItemsInView")
        if page.get("IncludesLastItemInRange", "true").lower() not in ("true", "1") or items is None:
            raise IncompleteListing
        if total is not None and int(total) != sum(isinstance(each.tag, str) for each in items):
            raise IncompleteListing
        return page, None


class _RawItems(GetItem):
    """Hands over our own form of an item."""

    def _elem_to_obj(self, elem: etree._Element) -> Item | Broken | None:
        return read_item(elem)


class _Subscribe(SubscribeToStreaming):
    anchor = ""

    def _extra_headers(self) -> dict[str, str]:
        return {**super()._extra_headers(), "X-AnchorMailbox": self.anchor}


class _Unsubscribe(Unsubscribe):
    anchor = ""

    def _extra_headers(self) -> dict[str, str]:
        return {**super()._extra_headers(), "X-AnchorMailbox": self.anchor}


class _Stream(GetStreamingEvents):
    sign_of_life: Callable[[], None]
    refused: tuple[str, ...] = ()  # subscriptions that the server names in its refusal

    def _get_element_container(self, message: Any, name: str | None = None) -> Any:
        ids = message.find(f"{{{MNS}}}ErrorSubscriptionIds")
        self.refused = () if ids is None else tuple(each.strip() for each in ids.itertext() if each.strip())
        found = super()._get_element_container(message=message, name=name)  # raises what the server has against it
        self.sign_of_life()
        return found


def _calendar(address: str) -> DistinguishedFolderId:
    """Named outright: to ask for the folder first would cost a request, and a right that a delegate may not have."""
    return DistinguishedFolderId(id="calendar", mailbox=Mailbox(email_address=address))


def _moment(moment: datetime) -> EWSDateTime:
    return EWSDateTime.from_datetime(moment.astimezone(STANDARD_UTC))


def _paths(late: bool) -> list[FieldPath]:
    uris = f"{_FIELDS} {_LATE_FIELDS}".split() if late else _FIELDS.split()
    fields = [TextField(uri.partition(":")[2], field_uri=uri) for uri in uris]
    return [FieldPath(field=each) for each in (*fields, *_PROPERTY_FIELDS)]


def _public_string(name: str) -> ExtendedPropertyField:
    """A named property of PS_PUBLIC_STRINGS, where Outlook add-ins leave their links."""
    words = {
        "distinguished_property_set_id": "PublicStrings",
        "property_name": name,
        "property_type": "String",
        "__slots__": (),
    }
    return ExtendedPropertyField(name, value_cls=type(name, (ExtendedProperty,), words))


_PROPERTY_FIELDS = tuple(_public_string(name) for name in _PROPERTIES)


def _without_errors(found: Iterable[Any]) -> Iterator[Any]:
    """exchangelib yields some errors among the results."""
    for each in found:
        if isinstance(each, Exception):
            raise each
        yield each


def _refused_item(error: Exception) -> Broken:
    return Broken("", f"An event is listed, but the server does not give it ({type(error).__name__}).")
