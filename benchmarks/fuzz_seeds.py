"""What the fuzzer begins with: one composed reply of each kind, as units and calendar servers send them."""

from __future__ import annotations

import json
from typing import Any

CISCO = (
    '<?xml version="1.0"?>\n<Status product="Cisco Codec" version="ce9.15.17.4.abc" apiVersion="4"><SystemUnit item="1">'
    '<ProductId item="1">Cisco Webex Room Kit</ProductId><ProductPlatform item="1">Room Kit</ProductPlatform>'
    '<Software item="1"><Version item="1">ce9.15.17.4.abc</Version></Software><Hardware item="1"><Module item="1">'
    '<SerialNumber item="1">FOC0000EXAM</SerialNumber></Module></Hardware><State item="1"><NumberOfActiveCalls item="1">1'
    '</NumberOfActiveCalls><NumberOfInProgressCalls item="1">0</NumberOfInProgressCalls></State><Uptime item="1">86400'
    "</Uptime></SystemUnit></Status>",
    '<Status><Time item="1"><SystemTime item="1">2030-05-06T13:00:00+0000</SystemTime></Time></Status>',
    '<Status><Call item="7" maxOccurrence="n"><Status item="1">Connected</Status><CallbackNumber item="1">'
    "sip:81234567890.4321@zoomcrc.com</CallbackNumber><Direction item='1'>Outgoing</Direction><Duration item='1'>12"
    '</Duration></Call><Call item="8" ghost="True"/><Conference item="1"><Call item="7"><BookingId item="1">4711'
    "</BookingId></Call></Conference></Status>",
    '<Command><DialResult item="1" status="OK"><CallId item="1">7</CallId><ConferenceId item="1">2</ConferenceId>'
    "</DialResult></Command>",
    '<Command><DialResult item="1" status="Error"><Cause item="1">17</Cause><Description item="1">Busy 81234567890.4321@'
    "zoomcrc.com</Description></DialResult></Command>",
    '<Command><BookingsListResult item="1" status="OK"><ResultInfo item="1"><TotalRows item="1">1</TotalRows></ResultInfo>'
    '<Booking item="1"><Id item="1">4711</Id><Time item="1"><StartTime item="1">2030-05-06T13:00:00Z</StartTime>'
    '<StartTimeBuffer item="1">300</StartTimeBuffer><EndTime item="1">2030-05-06T14:00:00Z</EndTime><EndTimeBuffer '
    'item="1">0</EndTimeBuffer></Time></Booking></BookingsListResult></Command>',
    '<ActionError><Reason>Unknown command</Reason></ActionError>',
    '<Bookings item="1" status="Error"><Reason>No match on address expression.</Reason></Bookings>',
)  # fmt: skip

DESCRIBED = (
    json.dumps({
        "product": "Room controller", "software": "3.1", "serial": "A1", "clock": "2030-05-06T13:00:00Z", "uptime": 86400,
        "model": "x", "version": "1", "serial_number": "B2", "uptime_seconds": 5.5, "inCall": True, "in_call": False,
        "calls": [{"id": 3, "call_id": "3", "state": "connected", "remote": "sip:1.2@example.test", "booking_id": "4711",
                   "direction": "out", "outgoing": True}],
        "bookings": [{"id": "4711", "end": "2030-05-06T14:00:00Z"}], "callActive": True, "allowedActions": ["JOIN"],
    }),
    '<apicommands><command status="success"><result>dialing manual</result></command></apicommands>',
    '<apicommands><command status="success"><result>System Info Model: HDX 8000\nSerial Number: 8200000000AAAA\n'
    "Software Version: 3.1.14\nUptime: 5\ncallinfo begin\ncallinfo:43:Room:192.0.2.5:384:connected:notmuted:outgoing:"
    "videocall\ncallinfo end</result></command></apicommands>",
    "callinfo:43:Room:81234567890.4321@example.test:384:connected:notmuted:outgoing:videocall",
)  # fmt: skip

CHALLENGES = (
    'Digest realm="Unit", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth,auth-int", algorithm=MD5, opaque="5ccc"',
    'Digest realm="u", nonce="n", algorithm=SHA-256',
    'Basic realm="CISCO-Endpoint"',
)

ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//fuzz//EN\r\nX-WR-TIMEZONE:Europe/Berlin\r\nBEGIN:VTIMEZONE\r\n"
    "TZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:"
    "+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nRRULE:FREQ="
    "YEARLY;BYMONTH=3;BYDAY=-1SU\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE"
    "\r\nBEGIN:VEVENT\r\nUID:weekly@example.org\r\nDTSTAMP:20261001T080000Z\r\nSEQUENCE:2\r\nSUMMARY:Weekly\\, again\r\n"
    "DTSTART;TZID=Mine:20261103T100000\r\nDTEND;TZID=Mine:20261103T110000\r\nRRULE:FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=1;"
    "UNTIL=20270101T000000Z\r\nEXDATE;TZID=Mine:20261105T100000\r\nRDATE;TZID=Mine:20261106T120000\r\nLOCATION:https://"
    "us02web.zoom.us/j/81234567890?pwd=abc.1\r\nDESCRIPTION:Meeting ID: 812 3456 7890\\nPasscode: 4321\r\nORGANIZER;CN=Ada "
    "Example:mailto:ada@example.org\r\nATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:room@example.org\r\nCLASS:PRIVATE\r\n"
    "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:weekly@example.org\r\nRECURRENCE-ID;TZID=Mine:20261110T100000\r\nDTSTAMP:"
    "20261001T080000Z\r\nDTSTART;TZID=Mine:20261110T150000\r\nDURATION:PT45M\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\nEND:"
    "VCALENDAR\r\n",
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:day@example.org\r\nDTSTART;VALUE=DATE:20261110\r\nDTEND;VALUE="
    "DATE:20261112\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY=10;COUNT=5\r\nTRANSP:TRANSPARENT\r\nX-ALT-DESC;FMTTYPE=text/html:<p>"
    "Join</p>\r\nBEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
)  # fmt: skip

CALDAV = (
    '<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<D:response><D:href>/cal/room/1.ics</D:href><D:propstat><D:prop><D:getetag>\"a1\"</D:getetag><C:calendar-data>BEGIN:"
    "VCALENDAR</C:calendar-data></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop><D:owner/>"
    "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response><D:response><D:href>/cal/gone</D:href>"
    "<D:status>HTTP/1.1 410 Gone</D:status></D:response></D:multistatus>",
)  # fmt: skip

EWS = (
    '<t:CalendarItem xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:ItemId Id="AAA=" ChangeKey="D"/>'
    "<t:Subject>Budget</t:Subject><t:Sensitivity>Private</t:Sensitivity><t:Body BodyType=\"HTML\">&lt;p&gt;Join&lt;/p&gt;"
    "</t:Body><t:UID>040000008200E00074C5B7101A82E00807EA0B0A00000000000000000000000000000000100000000000000000000000000000"
    "00</t:UID><t:RecurrenceId>2026-11-10T09:00:00Z</t:RecurrenceId><t:Start>2026-11-10T09:00:00Z</t:Start><t:End>2026-11-10"
    "T10:00:00Z</t:End><t:IsAllDayEvent>false</t:IsAllDayEvent><t:LegacyFreeBusyStatus>Tentative</t:LegacyFreeBusyStatus>"
    "<t:Location>Room</t:Location><t:IsCancelled>false</t:IsCancelled><t:MyResponseType>Accept</t:MyResponseType>"
    "<t:Organizer><t:Mailbox><t:Name>Dana</t:Name><t:EmailAddress>dana@example.org</t:EmailAddress></t:Mailbox></t:Organizer>"
    "<t:ExtendedProperty><t:ExtendedFieldURI PropertyName=\"SkypeTeamsMeetingUrl\" PropertyType=\"String\"/><t:Value>https://"
    "teams.microsoft.com/x</t:Value></t:ExtendedProperty><t:StartTimeZone Id=\"W. Europe Standard Time\"/></t:CalendarItem>",
    '<t:CalendarItem xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:ItemId Id="B"/><t:UID>u</t:UID>'
    "<t:Start>2026-11-10T00:00:00+01:00</t:Start><t:End>2026-11-12T00:00:00+01:00</t:End><t:IsAllDayEvent>true"
    "</t:IsAllDayEvent></t:CalendarItem>",
)  # fmt: skip

_GRAPH: dict[str, Any] = {
    "@odata.etag": 'W/"DwAAABYAAAD=="', "id": "AAMkAD1=", "iCalUId": "040000008200E00074C5B7101A82E008", "changeKey": "Dw",
    "subject": "Budget", "body": {"contentType": "html", "content": "<html><body>https://us02web.zoom.us/j/81234567890"},
    "start": {"dateTime": "2026-11-10T10:00:00.0000000", "timeZone": "UTC"}, "type": "occurrence",
    "end": {"dateTime": "2026-11-10T11:00:00.0000000", "timeZone": "UTC"}, "isAllDay": False, "isCancelled": False,
    "organizer": {"emailAddress": {"name": "Dana Example", "address": "dana@example.org"}}, "sensitivity": "private",
    "location": {"displayName": "Room", "locationType": "default"}, "locations": [{"displayName": "A", "locationUri": "b"}],
    "onlineMeeting": {"joinUrl": "https://example.org"}, "onlineMeetingUrl": None, "showAs": "tentative",
    "responseStatus": {"response": "accepted"}, "seriesMasterId": "AAMk", "originalStart": "2026-11-10T10:00:00Z",
    "singleValueExtendedProperties": [{"id": "String {a} Name x", "value": "y"}],
}  # fmt: skip
GRAPH = (
    json.dumps(_GRAPH),
    json.dumps(_GRAPH | {"isAllDay": True, "type": "singleInstance", "seriesMasterId": None,
                         "end": {"dateTime": "2026-11-12T00:00:00.0000000", "timeZone": "UTC"},
                         "start": {"dateTime": "2026-11-10T00:00:00.0000000", "timeZone": "W. Europe Standard Time"}}),
)  # fmt: skip

_GOOGLE: dict[str, Any] = {
    "id": "e1", "iCalUID": "e1@google.com", "status": "confirmed", "summary": "Weekly", "description": "<b>Join</b>",
    "start": {"dateTime": "2026-11-10T10:00:00+01:00", "timeZone": "Europe/Berlin"}, "visibility": "private",
    "end": {"dateTime": "2026-11-10T11:00:00+01:00", "timeZone": "Europe/Berlin"}, "location": "Room",
    "recurringEventId": "e0", "originalStartTime": {"dateTime": "2026-11-10T10:00:00+01:00"}, "transparency": "opaque",
    "organizer": {"email": "ada@example.org", "displayName": "Ada"}, "eventType": "default", "hangoutLink": "https://m.e",
    "attendees": [{"email": "room@example.org", "self": True, "responseStatus": "declined", "resource": True}],
    "conferenceData": {"entryPoints": [{"entryPointType": "video", "uri": "https://us02web.zoom.us/j/81234567890",
                                        "meetingCode": "81234567890", "passcode": "778899"}],
                       "notes": "Passcode: 778899", "conferenceSolution": {"name": "Zoom Meeting"}},
}  # fmt: skip
GOOGLE = (
    json.dumps(_GOOGLE),
    json.dumps(_GOOGLE | {"start": {"date": "2026-11-10"}, "end": {"date": "2026-11-12"}}),
)

TEXTS = (
    "Sam Example is inviting you to a scheduled Zoom meeting.\n\nJoin Zoom Meeting\nhttps://us02web.zoom.us/j/81234567890?"
    "pwd=QmFzZTY0TG9va2FsaWtl.1\n\nMeeting ID: 812 3456 7890\nPasscode: aB3%dE\nOne tap mobile\n+12015550123,,81234567890#"
    ",,,,*004321# US\nJoin by SIP\n81234567890@zoomcrc.com\nJoin by H.323\n192.0.2.37 (US West)\nMeeting ID: 812 3456 7890"
    "\nPasscode: 004321\n",
    "Microsoft Teams meeting\nJoin: https://teams.microsoft.com/meet/23456789012345?p=abcdef\nJoin with a video conferencing "
    "device\nteams@vc.example.org\nVideo ID: 112 345 678 9\nMeeting ID: 234 567 890 123 45\nPasscode: aB3dEf\n",
    "Webex: https://example.webex.com/meet/ada\nDial ada@example.webex.com\nMeeting number: 2551 234 5678\nPassword: abc\n"
    "Old link: https://us02web.zoom.us/j/89999999999 was replaced\n-----Original Message-----\nFrom: Ada <ada@example.org>",
    "<html><body><p>Zoom-Meeting beitreten</p><a href='https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2F"
    "us02web.zoom.us%2Fj%2F81234567890'>hier</a><p>Meeting-ID: 812 3456 7890<br>Kenncode: 004321</p><!-- x --></body></html>",
    "https://meet.google.com/abc-defg-hij GoTo 123-456-789 https://meet.goto.com/123456789 sip:123456789@sip.goto.com",
)  # fmt: skip
