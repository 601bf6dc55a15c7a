"""Two Zoom meetings in one text, one of them called outdated: the room gets the other one, whatever stands first."""

from __future__ import annotations

import pytest

from tests.unit.detection.helpers import in_html, in_text, lines_for

OLD = "https://example.zoom.us/j/81234500001"
NEW = "https://example.zoom.us/j/82345600002"


@pytest.mark.parametrize(
    "body",
    [
        f"Old link (do not use): {OLD}\n\nNew link: {NEW}\n",
        f"Old link: {OLD}\nNew link: {NEW}\n",
        f"OLD: {OLD}\nNEW: {NEW}\n",
        f"Previous link: {OLD}\nUpdated link: {NEW}\n",
        f"DO NOT USE {OLD}\nUSE THIS: {NEW}\n",
        f"Please don't use {OLD} any more, use {NEW}\n",
        f"Sorry, wrong link in my last mail ({OLD}). The correct one is {NEW}\n",
        f"{OLD} (no longer valid)\n{NEW}\n",
        f"{OLD} - expired\n{NEW}\n",
        f"The link {OLD} does not work, take {NEW}\n",
        f"The old meeting link:\n{OLD}\n\nThe new one:\n{NEW}\n",
        f"ALT (nicht mehr gültig): {OLD}\nNEU: {NEW}\n",
        f"Alter Link: {OLD}\nNeuer Link: {NEW}\n",
        f"Ancien lien : {OLD}\nNouveau lien : {NEW}\n",
        f"Enlace anterior: {OLD}\nNuevo enlace: {NEW}\n",
        f"Vecchio link: {OLD}\nNuovo link: {NEW}\n",
        f"Link antigo: {OLD}\nLink novo: {NEW}\n",
        f"Oude link: {OLD}\nNieuwe link: {NEW}\n",
        f"Gammal länk: {OLD}\nNy länk: {NEW}\n",
        f"Stary link: {OLD}\nNowy link: {NEW}\n",
        f"Старая ссылка: {OLD}\nНовая ссылка: {NEW}\n",
        f"Eski bağlantı: {OLD}\nYeni bağlantı: {NEW}\n",
        f"旧链接：{OLD}\n新链接：{NEW}\n",
        f"以前のリンク：{OLD}\n新しいリンク：{NEW}\n",
        f"이전 링크: {OLD}\n새 링크: {NEW}\n",
        f"{OLD} is replaced by {NEW}\n",
        f"Old details (please ignore):\n\nJoin Zoom Meeting\n{OLD}\n\nNew details:\nJoin Zoom Meeting\n{NEW}\n",
        f"This replaces {OLD}\nJoin {NEW}\n",
        f"The link {OLD} has expired. Please join here: {NEW}\n",
        f"CANCELLED: Monday {OLD}\nTuesday: {NEW}\n",
        f"*** OLD LINK ***\n{OLD}\n\n*** NEW LINK ***\n{NEW}\n",
        f"[old link]({OLD}) [new link]({NEW})\n",
        f"Zoom (old): {OLD}\nZoom (new): {NEW}\n",
        f"Statt des Zoom-Links {OLD} bitte {NEW}\n",
        f"Instead of Zoom link {OLD} we use {NEW}\n",
        f"~~{OLD}~~\n{NEW}\n",
        f"~~{OLD} passcode 1111~~ {NEW}\n",
    ],
)
def test_the_link_that_is_called_outdated_gives_way(body: str) -> None:
    join = in_text(body)
    assert (join.meeting_id, join.sip) == ("82345600002", ("82345600002@zoomcrc.com",))


@pytest.mark.parametrize(
    "body",
    [
        f"{NEW}\n\nOld link: {OLD}\n",
        f"Zoom {NEW} (formerly {OLD})\n",
        f"{NEW} instead of the old link {OLD}\n",
        f"Let us go back to the old link {NEW}, the new one fails: {OLD}\n",
        f"Please use the old link {NEW}, not {OLD}\n",
        f"Main meeting of the old town project: {NEW}\nBreakout: {OLD}\n",
        f"Agenda: 1. minutes of the previous meeting 2. budget. Join {NEW}\nBackup: {OLD}\n",
        f"Threshold talk {NEW}\nBackup {OLD}\n",
        f"Use {NEW} instead of {OLD}\n",
        f"{NEW} replaces {OLD}\n",
        f"Zoom instead of Webex: {NEW}\nBackup {OLD}\n",
        f"Zoom, not Webex: {NEW}\nBackup {OLD}\n",
        f"{NEW} instead of Teams.\nBackup {OLD}\n",
        f"{NEW} (not Teams)\nBackup {OLD}\n",
        f"{NEW} - do not use Teams.\nBackup {OLD}\n",
        f"Do not share this link: {NEW}\nBackup {OLD}\n",
        f"This replaces the old Zoom link with {NEW}\nBackup {OLD}\n",
        f"Alt-Beispiel 90: {NEW}\nRaum 2: {OLD}\n",
        f"Instead of Teams we use Zoom: {NEW}\nBackup: {OLD}\n",
        f"CANCELLED: lunch. Zoom {NEW}\nBackup {OLD}\n",
        f"1. Minutes of the previous meeting\n{NEW}\nBackup {OLD}\n",
        f"If the old link does not work for you, use {NEW}\nBackup {OLD}\n",
        f"{NEW} not recorded\nBreakout: {OLD}\n",
        f"{NEW} (please do not use the chat)\nBreakout: {OLD}\n",
        f"{NEW} - old notes are in the folder\nBreakout: {OLD}\n",
        f"Not sure? Join {NEW} or {OLD}\n",
        f"New link: {NEW} Old link: {OLD}\n",
    ],
)
def test_what_is_not_called_outdated_keeps_its_place(body: str) -> None:
    assert in_text(body).meeting_id == "82345600002"


def test_the_passcode_of_the_outdated_link_stays_with_it() -> None:
    join = in_text(f"Old link: {OLD} Passcode: 111222\n\nNew link: {NEW} Passcode: 333444\n")
    assert join.sip == ("82345600002.333444@zoomcrc.com",)


@pytest.mark.parametrize(
    "codes",
    [
        "Old passcode: 111222\nNew passcode: 333444",
        "Bisheriger Kenncode: 111222\nNeuer Kenncode: 333444",
        "Contraseña anterior: 111222\nContraseña nueva: 333444",
        "Passcode: ~~111222~~ 333444",
        "Not the previous one. Passcode: 333444",
    ],
)
def test_an_outdated_passcode_gives_way(codes: str) -> None:
    assert in_text(f"{NEW}\n{codes}\n").sip == ("82345600002.333444@zoomcrc.com",)


def test_the_reason_is_shown() -> None:
    join = in_text(f"Old link: {OLD}\nNew link: {NEW}\n")
    assert "outdated" in lines_for(join, "meeting_id", "won")[0].reason


def test_an_outdated_link_alone_is_still_the_meeting() -> None:
    """ "The old link still works" is what such words mostly mean where no other link stands."""
    assert in_text(f"We meet under the old link: {OLD}\n").meeting_id == "81234500001"


def test_in_markup_too() -> None:
    join = in_html(
        f'<p>Old link: <a href="{OLD}?pwd=a.1">{OLD}?pwd=a.1</a></p><p>New: <a href="{NEW}?pwd=b.1">Join</a></p>'
    )
    assert join.meeting_id == "82345600002"


@pytest.mark.parametrize(
    "body",
    [
        f'<p><a href="{OLD}">Old link</a> | <a href="{NEW}">New link</a></p>',
        f'<p><a href="{OLD}">Old link</a> <a href="{NEW}">New link</a></p>',
        f'<p><a href="{NEW}">New link</a> <a href="{OLD}">Old link</a></p>',
        f'<p>Old link: <a href="{OLD}">click</a> New link: <a href="{NEW}">click</a></p>',
        f'<p>New link: <a href="{NEW}">click</a> Old link: <a href="{OLD}">click</a></p>',
        f'<ul><li>Old: <a href="{OLD}">{OLD}</a></li><li>New: <a href="{NEW}">{NEW}</a></li></ul>',
        f'<p><a href="{OLD}">Join</a> (old)</p><p><a href="{NEW}">Join</a></p>',
    ],
)
def test_the_words_by_a_link_in_markup(body: str) -> None:
    assert in_html(body).meeting_id == "82345600002"


def test_a_number_that_is_called_outdated_gives_way() -> None:
    join = in_text("Zoom\nOld meeting ID: 812 3450 0001\nNew meeting ID: 823 4560 0002\nPasscode: 333444\n")
    assert join.sip == ("82345600002.333444@zoomcrc.com",)


def test_beside_a_personal_room_that_has_no_number_there_is_no_button() -> None:
    join = in_text(f"Old link: {OLD}\nNew link: https://example.zoom.us/my/kim\n")
    assert (join.joinable, join.meeting_id, join.sip) == (True, None, ())


def test_another_services_outdated_link_gives_way_too() -> None:
    join = in_text(f"Old link: https://example.webex.com/meet/kim\nNew link: {NEW}\n")
    assert (join.service, join.meeting_id) == ("zoom", "82345600002")


def test_tildes_for_ornament_strike_nothing_out() -> None:
    lines = ("~~", "Join Zoom Meeting", NEW, "Passcode: 333444", "~~")
    for body in ("\n".join(lines), "".join(f"<div>{line}</div>" for line in lines)):
        found = in_html(body) if "<div>" in body else in_text(body)
        assert found.sip == ("82345600002.333444@zoomcrc.com",), body
