"""The words of EWS: SOAP envelopes, response messages and calendar items, in the order of Microsoft's schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from connector.standins.exchange.mailbox import ShownItem

SOAP_NS = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES_NS = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES_NS = "http://schemas.microsoft.com/exchange/services/2006/messages"
ERRORS_NS = "http://schemas.microsoft.com/exchange/services/2006/errors"
S, T, M = f"{{{SOAP_NS}}}", f"{{{TYPES_NS}}}", f"{{{MESSAGES_NS}}}"
_NAMES = {"s": SOAP_NS, "t": TYPES_NS, "m": MESSAGES_NS, "e": ERRORS_NS}


class Maker:
    """Makes elements of one namespace: ``TYPES("Name", "Room 1")``; texts, then children, attributes by name."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def __call__(self, name: str, *content: etree._Element | str, **attributes: str) -> etree._Element:
        element = etree.Element(f"{{{self._namespace}}}{name}", attributes, nsmap=_NAMES)
        for each in content:
            if isinstance(each, str):
                element.text = each
            else:
                element.append(each)
        return element


SOAP, TYPES, MESSAGES = Maker(SOAP_NS), Maker(TYPES_NS), Maker(MESSAGES_NS)

_ITEM_ORDER = ("Subject", "Sensitivity", "Body", "ExtendedProperty", "TextBody")
_CALENDAR_ORDER = (
    "UID",
    "RecurrenceId",
    "Start",
    "End",
    "OriginalStart",
    "IsAllDayEvent",
    "LegacyFreeBusyStatus",
    "Location",
    "IsCancelled",
    "IsRecurring",
    "CalendarItemType",
    "MyResponseType",
    "Organizer",
    "StartTimeZoneId",
    "JoinOnlineMeetingUrl",
)
_SHORT = 255  # characters of a text in FindItem's answers
_NEVER_FOUND = ("Body", "TextBody")  # FindItem leaves bodies out whatever was asked

VERSION = {"MajorVersion": "15", "MinorVersion": "1", "MajorBuildNumber": "2507", "MinorBuildNumber": "39"}


class Refusal(Exception):
    """Answers with an error. ``fault``: for the whole request, else in the response message."""

    def __init__(self, code: str, text: str, *, fault: bool = False, values: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.fault = fault
        self.values = dict(values or {})


def envelope(body: etree._Element) -> bytes:
    header = SOAP("Header", TYPES("ServerVersionInfo", Version="Exchange2016", **VERSION))
    return etree.tostring(SOAP("Envelope", header, SOAP("Body", body)), xml_declaration=True, encoding="utf-8")


def fault(refusal: Refusal) -> bytes:
    """As Exchange says it: HTTP 500, and the details in two other namespaces."""
    errors = Maker(ERRORS_NS)
    detail = etree.Element("detail")
    detail.append(errors("ResponseCode", refusal.code))
    detail.append(errors("Message", refusal.text))
    if refusal.values:
        detail.append(
            TYPES("MessageXml", *(TYPES("Value", value, Name=name) for name, value in refusal.values.items()))
        )
    code, text = etree.Element("faultcode"), etree.Element("faultstring")
    code.text, text.text = f"a:{refusal.code}", refusal.text
    return etree.tostring(
        SOAP("Envelope", SOAP("Body", SOAP("Fault", code, text, detail))), xml_declaration=True, encoding="utf-8"
    )


def answer(operation: str, messages: Iterable[etree._Element]) -> etree._Element:
    return MESSAGES(f"{operation}Response", MESSAGES("ResponseMessages", *messages))


def success(operation: str, *content: etree._Element) -> etree._Element:
    return MESSAGES(
        f"{operation}ResponseMessage", MESSAGES("ResponseCode", "NoError"), *content, ResponseClass="Success"
    )


def failure(operation: str, refusal: Refusal, *content: etree._Element) -> etree._Element:
    return MESSAGES(
        f"{operation}ResponseMessage",
        MESSAGES("MessageText", refusal.text),
        MESSAGES("ResponseCode", refusal.code),
        MESSAGES("DescriptiveLinkKey", "0"),
        *content,
        ResponseClass="Error",
    )


def mailbox(tag: str, name: str, address: str, *, kind: str = "Mailbox") -> etree._Element:
    return TYPES(
        tag,
        TYPES("Name", name),
        TYPES("EmailAddress", address),
        TYPES("RoutingType", "SMTP"),
        TYPES("MailboxType", kind),
    )


def asked(request: etree._Element) -> tuple[set[str], set[str]]:
    """(names of fields, names of extended properties) of a request's shape."""
    fields = {each.get("FieldURI", "").partition(":")[2] for each in request.iter(f"{T}FieldURI")}
    return fields, {each.get("PropertyName", "") for each in request.iter(f"{T}ExtendedFieldURI")}


def calendar_item(shown: ShownItem, fields: set[str], properties: set[str], *, found: bool = False) -> etree._Element:
    """``found``: as FindItem gives it: no bodies, texts cut."""
    item = TYPES("CalendarItem", TYPES("ItemId", Id=shown.id, ChangeKey=shown.change_key))
    for name in (*_ITEM_ORDER, *_CALENDAR_ORDER):
        if name == "ExtendedProperty":
            item.extend(_properties(shown, properties))
        elif name in fields and not (found and name in _NEVER_FOUND):
            item.extend(_field(shown, name, found))
    return item


def _field(shown: ShownItem, name: str, found: bool) -> list[etree._Element]:
    if name == "Body":
        text = shown.values.get("TextBody", "")
        return [TYPES("Body", shown.html, BodyType="HTML") if shown.html else TYPES("Body", text, BodyType="Text")]
    if name == "TextBody":
        return [TYPES("TextBody", shown.values.get("TextBody", ""), BodyType="Text")]
    if name == "Organizer":
        return [TYPES("Organizer", mailbox("Mailbox", *shown.organizer))] if shown.organizer[1] else []
    value = shown.values.get(name)
    return [] if value is None else [TYPES(name, value[:_SHORT] if found else value)]


def _properties(shown: ShownItem, names: set[str]) -> list[etree._Element]:
    return [
        TYPES(
            "ExtendedProperty",
            TYPES(
                "ExtendedFieldURI", DistinguishedPropertySetId="PublicStrings", PropertyName=name, PropertyType="String"
            ),
            TYPES("Value", value),
        )
        for name, value in shown.properties.items()
        if name in names
    ]
