"""Links that are secrets: what is shown of them, and what is left of a library's line about them."""

from __future__ import annotations

import pytest

from connector.secret_links import shown_link, shown_path, without_paths

TOKEN = "CANARY8604182753"


@pytest.mark.parametrize(
    "link",
    [
        f"https://cal.example.org/{TOKEN}",
        f"https://cal.example.org/ical/{TOKEN}/basic.ics",
        f"https://cal.example.org/export?key={TOKEN}",
        f"https://{TOKEN}@cal.example.org/basic.ics",
        f"https://cal.example.org:8443/#{TOKEN}",
        f"https://cal.example.org:99999999/{TOKEN}",
        f"https://[cal.example.org/{TOKEN}",
    ],
)
def test_no_part_of_a_link_is_shown(link: str) -> None:
    assert TOKEN not in shown_link(link)
    assert shown_link(link) == shown_link(link) != shown_link(link + "x")


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (
            f'HTTP Request: GET https://cal.example.org/{TOKEN}?k={TOKEN} "HTTP/1.1 200 OK"',
            'HTTP Request: GET https://cal.example.org/… "HTTP/1.1 200 OK"',
        ),
        (
            f'https://cal.example.org:443 "GET /{TOKEN}/basic.ics HTTP/1.1" 200 512',
            'https://cal.example.org:443/… "GET /… HTTP/1.1" 200 512',
        ),
        (
            f"HTTPSConnectionPool(host='cal.example.org', port=443): Max retries exceeded with url: /{TOKEN} (Caused)",
            "HTTPSConnectionPool(host='cal.example.org', port=443): Max retries exceeded with url: /… (Caused)",
        ),
        (
            f"receive_response_headers.complete (b'HTTP/1.1', 302, b'Found', [(b'Location', b'/{TOKEN}')])",
            "receive_response_headers.complete (b'HTTP/1.1', 302, b'Found', [(b'Location', b'/…')])",
        ),
        (f"Client error '404' for url 'webcal://u:{TOKEN}@h.example/{TOKEN}'", "Client error '404' for url 'webcal://h.example/…'"),
        ("Exception in callback foo()", "Exception in callback foo()"),
    ],
)  # fmt: skip
def test_lines_of_libraries(line: str, left: str) -> None:
    assert without_paths(line) == left
    assert without_paths(left).count("…") == left.count("…")


def test_paths_on_a_server_with_passwords_keep_what_people_wrote() -> None:
    assert shown_path("/rooms/board-room/") == "/rooms/board-room/"
    assert shown_path(f"/remote.php/dav/public-calendars/{TOKEN}/") == "/remote.php/dav/public-calendars/…/"
    assert shown_path("/calendars/a-very-long-name-of-a-room/") == "/calendars/a-very-long-name-of-a-room/"
