"""What the Exchange stand-in answers, and what we ask it through exchangelib, is valid by Microsoft's EWS schemas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC
from pathlib import Path

import pytest
from exchangelib import EWSDateTime  # type: ignore[import-untyped]
from lxml import etree

from connector.errors import AccessDenied
from connector.standins.exchange import ExchangeStandIn
from tests.calendars.exchange.harness import QUICK, ROOM, access_to, source_of, standing
from tests.calendars.ics_text import change, vevent, window
from tests.support.patience import until

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
MESSAGES = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
TYPES = "{http://schemas.microsoft.com/exchange/services/2006/types}"
WEEK = window("2026-11-09", "2026-11-16")


@pytest.fixture(scope="module")
def schema(shared_dir: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared_dir / "data" / "ews-xsd" / "messages.xsd"))


def parts(document: bytes) -> Iterator[etree._Element]:
    """The body's content, and the header's elements that the schemas declare."""
    root = etree.fromstring(document)
    body = root.find(f"{SOAP}Body")
    assert body is not None
    assert len(body) == 1
    yield body[0]
    header = root.find(f"{SOAP}Header")
    yield from () if header is None else header


def declared(part: etree._Element) -> etree._Element:
    """Two elements of streams stand in another namespace in Microsoft's schema than in its examples and answers."""
    part = deepcopy(part)
    for parent, name in (("Notifications", "Notification"), ("ErrorSubscriptionIds", "SubscriptionId")):
        for element in part.iterfind(f".//{MESSAGES}{parent}/{MESSAGES}{name}"):
            element.tag = f"{TYPES}{name}"
    return part


def judged(exchange: ExchangeStandIn, schema: etree.XMLSchema) -> tuple[Counter[str], Counter[str]]:
    """(requests, answers) by name; faults are SOAP's, not EWS's."""
    counts: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for documents in exchange.exchanges:
        for count, document in zip(counts, documents, strict=True):
            for part in parts(document):
                name = etree.QName(part).localname
                count[name] += 1
                if name == "Fault":
                    continue
                assert schema.validate(declared(part)), f"{name}: {schema.error_log}\n{etree.tostring(part)[:2000]!r}"
    return counts


async def test_every_operation_both_ways(schema: etree.XMLSchema) -> None:
    async with standing() as exchange, source_of(exchange, timings=QUICK) as source:
        box = exchange.directory.find(ROOM)
        box.put(
            "a",
            vevent(
                "a", "20261110T100000Z", "20261110T110000Z", "CLASS:PRIVATE", "LOCATION:Room 1 & <2>", "DESCRIPTION:é",
                "ORGANIZER;CN=Dana:mailto:dana@example.org", "X-ALT-DESC:<p>rich</p>", "URL:https://meet.example.org/1",
                "X-JOIN-URL:https://meet.example.org/2", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ROOM}",
                "X-MICROSOFT-ONLINEMEETINGCONFLINK:conf:sip:x@example.org", "STATUS:TENTATIVE",
            ),
        )  # fmt: skip
        box.put(
            "s",
            vevent("s", "20261102T100000Z", "20261102T110000Z", "RRULE:FREQ=DAILY"),
            change("s", "20261111T100000Z", "20261111T150000Z", "20261111T160000Z", "STATUS:CANCELLED"),
        )
        box.put("day", vevent("day", "20261110", "20261111"))
        box.put("corrupt", vevent("corrupt", "20261110T100000Z", "20261110T110000Z"))
        exchange.directory.corrupt = {"corrupt"}
        source.watch(ROOM)
        snapshot = await source.read(ROOM, WEEK)
        assert len(snapshot.events) == 9
        assert len(snapshot.unreadable) == 1
        await source.places()
        await until(lambda: exchange.requests["GetStreamingEvents"] > 0)
        box.delete("a")
        box.put("day", vevent("day", "20261110", "20261112"))
        await until(lambda: any(b"ModifiedEvent" in answer for _, answer in exchange.exchanges))
        exchange.forget_subscriptions()
        await until(lambda: any(b"ErrorSubscriptionIds" in answer for _, answer in exchange.exchanges))
        await until(lambda: exchange.requests["Subscribe"] > 1)
        source.unwatch(ROOM)
        await until(lambda: exchange.requests["Unsubscribe"] > 0)
        await refused(exchange)
        await asked_by_others(exchange)
        requests, answers = judged(exchange, schema)
    operations = {
        "FindItem", "GetItem", "Subscribe", "Unsubscribe", "GetStreamingEvents", "GetRoomLists", "GetRooms",
        "GetFolder", "ResolveNames", "ConvertId",
    }  # fmt: skip
    assert operations <= set(requests)
    assert {f"{name}Response" for name in operations} <= set(answers)
    assert answers["Fault"] >= 2
    assert requests["ExchangeImpersonation"] > 5
    assert answers["ServerVersionInfo"] > 5


async def refused(exchange: ExchangeStandIn) -> None:
    exchange.add_mailbox("denied@example.org")
    exchange.directory.denied = {"denied@example.org"}
    async with source_of(exchange, access=access_to(exchange, version="2019")) as source:
        for room in ("denied@example.org", "nobody@example.org"):
            with pytest.raises(AccessDenied):
                await source.read(room, WEEK)
        exchange.directory.impersonators.clear()
        with pytest.raises(AccessDenied):
            await source.read(ROOM, WEEK)
        exchange.directory.impersonators.add(exchange.account)


async def asked_by_others(exchange: ExchangeStandIn) -> None:
    """What exchangelib's own ways ask for: the stand-in is not only for ours."""
    async with source_of(exchange) as source:

        def request() -> tuple[list[str], str, set[str]]:
            mailboxes = source._client.mailboxes()
            account = mailboxes.account(ROOM)
            names = [each.email_address for each in mailboxes.protocol.resolve_names(["brien"])]
            mailboxes.protocol.config.version = None
            assert mailboxes.protocol.version.build is not None  # asked for by ConvertId
            start, end = (EWSDateTime.from_datetime(each.astimezone(UTC)) for each in (WEEK.start, WEEK.end))
            found = account.calendar.view(start=start, end=end).only("subject", "sensitivity", "is_all_day")
            return names, account.calendar.name, {item.subject for item in found}

        names, calendar, subjects = await source._client.run(ROOM, request)
    assert names == [ROOM]
    assert calendar == "Calendar"
    assert subjects == {"Meeting s", "Meeting day", "Meeting corrupt"}
