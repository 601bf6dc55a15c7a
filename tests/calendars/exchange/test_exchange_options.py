"""The section in connector.toml, rooms and doctor, and autodiscover."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.calendars.base import Directory, Examinable, Finding, Place, Removable
from connector.calendars.exchange import autodiscover as exchange_autodiscover
from connector.calendars.exchange import plug
from connector.calendars.exchange.source import ExchangeSource
from connector.errors import SourceUnavailable, UserError
from connector.standins.exchange import ExchangeStandIn
from tests.calendars.exchange.harness import PASSWORD, ROOM, access_to, context, source_of, standing
from tests.calendars.ics_text import vevent, window
from tests.support import patience

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
GOOD = {
    "url": "https://mail.example.org/EWS/Exchange.asmx",
    "username": "EXAMPLE\\svc-rooms",
    "password": "env:EWS_PASSWORD",
}


def told(config: dict[str, object], base: Path) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        plug(config, context(base, {"env:EWS_PASSWORD": PASSWORD}))
    return caught.value.problems


def test_a_section_as_the_page_shows_it(tmp_path: Path) -> None:
    source = plug(GOOD, context(tmp_path, {"env:EWS_PASSWORD": PASSWORD}))
    assert isinstance(source, ExchangeSource)
    assert isinstance(source, Directory)
    assert isinstance(source, Examinable)
    assert isinstance(source, Removable)
    assert PASSWORD not in repr(source._client.server)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    problems = told(
        {"url": "http://mail.example.org/", "auth": "ntml", "access": "owner", "version": "2010", "ca_file": "no.pem",
         "passwort": "x", "username": "u", "password": "env:EWS_PASSWORD"},
        tmp_path,
    )  # fmt: skip
    text = "\n".join(problems)
    for words in (
        "https://",
        "basic, ntlm, gssapi",
        "delegate",
        "2013, 2016, 2019, SE",
        "no.pem",
        "did you mean password",
    ):
        assert words in text
    assert len(problems) == 6


def test_what_is_missing(tmp_path: Path) -> None:
    problems = told({}, tmp_path)
    assert [problem.split()[1] for problem in problems] == ["url", "username", "password"]
    problems = told({**GOOD, "autodiscover": True}, tmp_path)
    assert ["email" in problems[0], "exclude" in problems[1]] == [True, True]


@pytest.mark.parametrize(
    "url",
    [
        "https://outlook.office365.com/EWS/Exchange.asmx",
        "https://Outlook.Office.com./EWS/Exchange.asmx",
        "https://eu.outlook.com/EWS/Exchange.asmx",
        "https://outlook.office365.us/EWS/Exchange.asmx",
        "https://webmail.apps.mil/EWS/Exchange.asmx",
        "https://partner.outlook.cn/EWS/Exchange.asmx",
        "https://outlook.cloud.microsoft/EWS/Exchange.asmx",
    ],
)
def test_exchange_online_is_refused_with_the_way_out(url: str, tmp_path: Path) -> None:
    (problem,) = told({**GOOD, "url": url}, tmp_path)
    assert "Exchange Online" in problem
    assert "graph" in problem
    assert "1 April 2027" in problem


def test_a_host_that_only_sounds_like_it_is_not_refused(tmp_path: Path) -> None:
    plug({**GOOD, "url": "https://notoutlook.com/EWS/Exchange.asmx"}, context(tmp_path, {"env:EWS_PASSWORD": PASSWORD}))


@pytest.mark.slow
def test_exchangelib_is_loaded_only_for_those_who_use_it() -> None:
    code = "import connector.calendars.exchange, sys; sys.exit('exchangelib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=patience.seconds(30), check=False).returncode == 0


async def test_a_section_reads_a_calendar(tmp_path: Path) -> None:
    async with standing() as exchange:
        (tmp_path / "ca.pem").write_bytes(exchange.ca_file.read_bytes())
        exchange.directory.find(ROOM).put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        config = {"url": exchange.url, "auth": "basic", "ca_file": "ca.pem", "version": "2016"}
        secrets = {"env:EWS_PASSWORD": PASSWORD}
        async with plug({**GOOD, **config}, context(tmp_path, secrets)) as source:
            assert len((await source.read(ROOM, window("2026-11-10", "2026-11-11"))).events) == 1


# ------------------------------------------------------------------------------------ rooms


async def test_rooms_of_all_room_lists() -> None:
    async with ExchangeStandIn() as exchange:
        exchange.add_mailbox("b@example.org", "Room B", room_list="north@example.org")
        exchange.add_mailbox("a'x@example.org", "Room A", room_list="south@example.org")
        exchange.directory.room_lists["south@example.org"][1].append("b@example.org")
        async with source_of(exchange) as source:
            assert await source.places() == (
                Place("b@example.org", "Room B", site="north"),
                Place("a'x@example.org", "Room A", site="south"),
            )


# ------------------------------------------------------------------------------------ doctor


def by_check(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


async def test_a_healthy_room() -> None:
    async with standing() as exchange, source_of(exchange) as source:
        accepted = f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ROOM}"
        for n in range(5):
            lines = ("DESCRIPTION:join here", accepted, "ORGANIZER;CN=Dana:mailto:dana@example.org")
            exchange.directory.find(ROOM).put(f"m{n}", vevent(f"m{n}", "20261110T100000Z", "20261110T110000Z", *lines))
        assert [(each.check, each.level) for each in await source.examine(ROOM, NOW)] == [("access", "ok")]
        assert [(each.check, each.level) for each in await source.examine(None, NOW)] == [("credentials", "ok")]


async def test_what_a_mailboxs_settings_take_away_is_seen_by_its_effect() -> None:
    async with standing() as exchange, source_of(exchange) as source:
        for n in range(31):
            status = "TENTATIVE" if n == 1 else "DECLINED" if n == 2 else "ACCEPTED"
            lines = ("SUMMARY:Dana", "ORGANIZER;CN=Dana:mailto:dana@example.org")
            answer = f"ATTENDEE;PARTSTAT={status}:mailto:{ROOM}"
            exchange.directory.find(ROOM).put(
                f"m{n}", vevent(f"m{n}", "20261110T100000Z", "20261110T110000Z", *lines, answer)
            )
        found = by_check(await source.examine(ROOM, NOW))
    assert set(found) == {
        "access",
        "body_stripped",
        "subject_replaced",
        "private_flag_never_seen",
        "not_accepted",
        "declined",
    }
    assert found["body_stripped"].fix == (
        "Set-CalendarProcessing -Identity 'Room.O''Brien@example.org' -DeleteComments $false"
    )
    assert all(finding.effect for finding in found.values() if finding.level != "ok")


async def test_private_meetings_that_a_delegate_cannot_see() -> None:
    async with standing() as exchange:
        exchange.directory.delegates[exchange.account] = {ROOM.lower()}
        box = exchange.directory.find(ROOM)
        box.private_hidden = True
        box.put("secret", vevent("secret", "20261110T100000Z", "20261110T110000Z", "CLASS:PRIVATE"))
        async with source_of(exchange, access=access_to(exchange, impersonation=False)) as source:
            finding = by_check(await source.examine(ROOM, NOW))["unreadable"]
    assert "-Role ApplicationImpersonation -User 'EXAMPLE\\svc-rooms'" in finding.fix
    assert "SharingPermissionFlags" not in finding.fix  # Exchange Online has it, Exchange Server has not


async def test_no_access_clock_and_no_room_lists() -> None:
    async with standing() as exchange, source_of(exchange) as source:
        exchange.directory.room_lists.clear()
        exchange.troubles.clock_ahead = 600
        found = by_check(await source.examine(None, NOW))
        assert {name: finding.level for name, finding in found.items()} == {
            "credentials": "ok", "room_lists": "warning", "clock": "warning",
        }  # fmt: skip
        assert "600 seconds ahead" in found["clock"].what or "599 seconds ahead" in found["clock"].what
        exchange.directory.impersonators.clear()
        (finding,) = await source.examine(ROOM, NOW)
        assert (finding.check, finding.level) == ("access", "problem")
        kind, otherwise, scope, role = finding.fix.splitlines()
        assert (
            kind.startswith("Get-Mailbox -Identity 'Room.O''Brien@example.org' | fl RecipientTypeDetails")
            and otherwise[0] == "#"
        )
        assert scope.startswith("New-ManagementScope -Name RoomMailboxes")
        assert role.startswith("New-ManagementRoleAssignment") and role.endswith("RoomMailboxes")
        exchange.directory.mailboxes.clear()
        exchange.directory.impersonators.add(exchange.account)
        (finding,) = await source.examine(ROOM, NOW)
        assert "no mailbox" in finding.what and "Get-Mailbox -RecipientTypeDetails RoomMailbox" in finding.fix
        exchange.troubles.busy = 1
        (finding,) = await source.examine(ROOM, NOW)
        assert (finding.check, finding.level) == ("reachable", "problem")
        assert "Get-ThrottlingPolicyAssociation" in finding.fix


# ------------------------------------------------------------------------------------ autodiscover


def _autodiscover(url: str) -> bytes:
    """MS-OXWSADISC, GetUserSettingsResponse."""
    space = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
    return (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<GetUserSettingsResponseMessage xmlns="{space}"><Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        "<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses><UserResponse><ErrorCode>NoError</ErrorCode>"
        '<ErrorMessage>No error.</ErrorMessage><UserSettingErrors/><UserSettings><UserSetting i:type="StringSetting">'
        f"<Name>ExternalEwsUrl</Name><Value>{url}</Value></UserSetting></UserSettings></UserResponse></UserResponses>"
        "</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"
    ).encode()


@pytest.mark.parametrize("where", ["here", "cloud", "nowhere"])
async def test_autodiscover(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with standing() as exchange:
        monkeypatch.setattr(
            exchange_autodiscover, "places", lambda email: (exchange.url.replace("/EWS/", "/ews/", 1).lower(),)
        )
        url = {"here": exchange.url, "cloud": "https://outlook.office365.com/EWS/Exchange.asmx"}.get(where)
        exchange.troubles.answers.append((200, {}, _autodiscover(url)) if url else (404, {}, b""))
        config = {**GOOD, "autodiscover": True, "email": ROOM, "auth": "basic", "ca_file": str(exchange.ca_file)}
        del config["url"]
        async with plug(config, context(tmp_path, {"env:EWS_PASSWORD": PASSWORD})) as source:
            if where == "here":
                assert (await source.read(ROOM, window("2026-11-10", "2026-11-11"))).events == ()
                return
            with pytest.raises(SourceUnavailable) as caught:
                await source.read(ROOM, window("2026-11-10", "2026-11-11"))
        assert ("graph" if where == "cloud" else "Get-WebServicesVirtualDirectory") in str(caught.value)


def _redirect(code: str, **where: str) -> bytes:
    (name, value) = next(iter(where.items()))
    answer = _autodiscover("").decode().replace("<UserResponse><ErrorCode>NoError", f"<UserResponse><ErrorCode>{code}")
    return answer.replace("<UserSettingErrors/>", f"<{name}>{value}</{name}><UserSettingErrors/>").encode()


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {}, _redirect("RedirectAddress", RedirectTarget="room@example.mail.onmicrosoft.com"), "graph"),
        (200, {}, _redirect("RedirectUrl", RedirectTarget="https://autodiscover-s.outlook.com/x.svc"), "graph"),
        (302, {"Location": "https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"}, b"", "graph"),
        (200, {}, _redirect("RedirectAddress", RedirectTarget="room@other.example.org"), "Get-WebServices"),
        (200, {}, _redirect("RedirectUrl", RedirectTarget="https://elsewhere.example.org/x.svc"), "Get-WebServices"),
        (302, {"Location": "https://[elsewhere"}, b"", "Get-WebServices"),
    ],
)
async def test_autodiscover_leads_into_the_cloud_or_elsewhere(
    status: int, headers: dict[str, str], body: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with standing() as exchange:
        place = exchange.url.replace("/EWS/", "/ews/", 1).lower()
        monkeypatch.setattr(exchange_autodiscover, "places", lambda email: (place,))
        exchange.troubles.answers.append((status, headers, body))
        config = {**GOOD, "autodiscover": True, "email": ROOM, "auth": "basic", "ca_file": str(exchange.ca_file)}
        del config["url"]
        async with plug(config, context(tmp_path, {"env:EWS_PASSWORD": PASSWORD})) as source:
            with pytest.raises(SourceUnavailable, match=words):
                await source.read(ROOM, window("2026-11-10", "2026-11-11"))
        assert exchange.login.attempts == 1  # nobody else is told the password


def test_autodiscover_asks_the_two_usual_places() -> None:
    assert exchange_autodiscover.places("room@example.org") == (
        "https://autodiscover.example.org/autodiscover/autodiscover.svc",
        "https://example.org/autodiscover/autodiscover.svc",
    )
