"""One meeting, every language, every form: the room must dial the same address."""

from __future__ import annotations

import pytest

from connector.detection.detect import detect
from connector.detection.files import read_content
from tests.unit.detection.invitations import CODE, FORMS, GROUPED, LANGUAGES, MEETING_ID, TEXT_CODE, URL, Language


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_in_every_form(language: str, form: str) -> None:
    content = read_content(FORMS[form](LANGUAGES[language]).encode())
    join = detect(content.texts)
    assert (join.service, join.joinable, join.meeting_id) == ("zoom", True, MEETING_ID)
    assert (join.passcode, join.passcode_text) == (CODE, TEXT_CODE)
    assert join.sip == (f"{MEETING_ID}.{CODE}@zoomcrc.com",)
    assert join.h323 == (f"192.0.2.37##{MEETING_ID}#{CODE}", f"198.51.100.11##{MEETING_ID}#{CODE}")
    assert join.join_url == URL


def without_link(lang: Language) -> str:
    return f"{lang.join}\n\n{lang.meeting_id}: {GROUPED}\n{lang.passcode}: 004618\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_alone_name_the_meeting_where_the_text_is_about_zoom(language: str) -> None:
    join = detect(read_content(without_link(LANGUAGES[language]).encode()).texts)
    assert (join.meeting_id, join.passcode) == (MEETING_ID, "004618")
    assert join.sip == (f"{MEETING_ID}.004618@zoomcrc.com",)
    assert join.join_url is None
