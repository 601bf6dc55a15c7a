"""Invitations composed for the tests: one meeting in every language and in every form that calendars deliver."""

from __future__ import annotations

import html
import json
import quopri
from collections.abc import Callable
from dataclasses import dataclass

MEETING_ID = "81920374655"
GROUPED = "819 2037 4655"
URL = "https://us02web.zoom.us/j/81920374655?pwd=RkFLRVRva2VuRm9yVGVzdHM.1"
TEXT_CODE = "kQ7%dE"
CODE = "0046189"
PHONE = "+12025550143"


@dataclass(frozen=True)
class Language:
    join: str
    meeting_id: str
    passcode: str
    room: str = "Join by H.323"


LANGUAGES = {
    "en": Language("Join Zoom Meeting", "Meeting ID", "Passcode"),
    "en-old": Language("Join Zoom Meeting", "Meeting ID", "Password"),
    "en-webinar": Language("Join the Zoom webinar", "Webinar ID", "Passcode"),
    "de": Language("Zoom-Meeting beitreten", "Meeting-ID", "Kenncode", "Beitreten über H.323"),
    "de-old": Language("Zoom-Meeting beitreten", "Meeting-ID", "Passwort"),
    "fr": Language("Participer à la réunion Zoom", "ID de réunion", "Code secret", "Participer avec H.323"),
    "es": Language("Unirse a la reunión Zoom", "ID de reunión", "Código de acceso", "Unirse mediante H.323"),
    "it": Language("Entra nella riunione in Zoom", "ID riunione", "Codice d’accesso"),
    "it-2": Language("Entra nella riunione in Zoom", "ID riunione", "Passcode"),
    "pt": Language("Entrar na reunião Zoom", "ID da reunião", "Senha de acesso"),
    "pt-2": Language("Entrar Zoom Reunião", "ID da reunião", "Senha"),
    "ja": Language("Zoomミーティングに参加する", "ミーティングID", "パスコード", "H.323で参加"),
    "ja-old": Language("Zoomミーティングに参加する", "ミーティングID", "パスワード"),
    "ko": Language("Zoom 회의 참가", "회의 ID", "암호", "H.323으로 참가"),
    "ko-2": Language("Zoom 회의 참가", "회의 ID", "비밀번호"),
    "zh-CN": Language("加入 Zoom 会议", "会议号", "密码", "使用H.323加入"),
    "zh-TW": Language("加入 Zoom 會議", "會議 ID", "密碼"),
    "ru": Language("Подключиться к конференции Zoom", "Идентификатор конференции", "Код доступа"),
    "uk": Language("Приєднатися до конференції Zoom", "Ідентифікатор конференції", "Код доступу"),
    "pl": Language("Dołącz do spotkania Zoom", "Identyfikator spotkania", "Kod dostępu"),
    "tr": Language("Katıl Zoom Toplantı", "Toplantı Kimliği", "Parola"),
    "vi": Language("Tham gia cuộc họp Zoom", "ID cuộc họp", "Mật mã"),
    "id": Language("Bergabung ke Rapat Zoom", "ID Rapat", "Kode Sandi"),
    "he": Language("הצטרף לפגישת Zoom", "מזהה פגישה", "קוד גישה"),
    "nl": Language("Deelnemen aan Zoom-vergadering", "Vergadering-ID", "Toegangscode"),
    "nl-2": Language("Deelnemen aan Zoom-vergadering", "Meeting-id", "Wachtwoord"),
    "sv": Language("Gå med i Zoom-möte", "Mötes-ID", "Lösenord"),
    "ar": Language("انضم إلى اجتماع Zoom", "معرف الاجتماع", "رمز المرور"),
}


def classic(lang: Language, colon: str = ": ") -> str:
    """The layout of Zoom's own invitation: web code above, numeric code in the dial-in and room parts."""
    return f"""Kim Example invites you.

{lang.join}
{URL}

{lang.meeting_id}{colon}{GROUPED}
{lang.passcode}{colon}{TEXT_CODE}
{PHONE},,{MEETING_ID}#,,,,*{CODE}# US
        +1 202 555 0143 US
        800 555 0199 US Toll-free
{lang.meeting_id}{colon}{GROUPED}
{lang.passcode}{colon}{CODE}
https://us02web.zoom.us/u/kFakeNumbers

{MEETING_ID}@zoomcrc.com

{lang.room}
192.0.2.37 (US West)
198.51.100.11 (US East)
{lang.meeting_id}{colon}{GROUPED}
{lang.passcode}{colon}{CODE}
"""


def bulleted(lang: Language) -> str:
    lines = classic(lang, ":  ").splitlines()
    return "\n\n---\n\n".join(f"• {line.strip()}" if line[:1].isdigit() or line[:1] == "+" else line for line in lines)


def next_line(lang: Language) -> str:
    return classic(lang, ":\n").replace(f"\n{URL}", f":\n{URL}")


def html_paragraphs(lang: Language) -> str:
    """Label and value split by tags, the link only in an attribute, line ends that mean nothing."""
    body = html.escape(classic(lang)).replace(html.escape(URL), f'<a href="{html.escape(URL)}">\n{lang.join}\n</a>')
    body = body.replace(": ", "&nbsp;:</b>&nbsp;<span>\n").replace("\n\n", "<br><br>\n")
    return "<html><body><p><b>" + "</span></p>\n<p><b>".join(body.split("\n")) + "</p></body></html>"


def html_table(lang: Language) -> str:
    rows = [tuple(line.partition(": ")[::2]) for line in html.escape(classic(lang)).splitlines()]
    cells = "".join(f"<tr><td>{a}</td>\n<td><b>{b}</b></td></tr>" for a, b in rows)
    return f"<!DOCTYPE html><html><body><table>{cells}</table><!-- {lang.meeting_id}: 999 9999 9999 --></body></html>"


def calendar_file(lang: Language) -> str:
    text = classic(lang).replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")
    lines = ["BEGIN:VCALENDAR", "PRODID:-//example//EN", "BEGIN:VEVENT", "UID:1@example.org", f"DESCRIPTION:{text}"]
    lines += ["LOCATION:Room 4", "END:VEVENT", "END:VCALENDAR"]
    return "".join(_folded(line) for line in lines)


def _folded(line: str) -> str:
    return "\r\n ".join(line[at : at + 60] for at in range(0, len(line), 60)) + "\r\n"


def mail(lang: Language) -> str:
    coded = quopri.encodestring(classic(lang).encode()).decode("ascii")
    head = "Subject: =?utf-8?q?Meeting?=\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    return head + "Content-Transfer-Encoding: quoted-printable\n\n" + coded


def undecoded_mail_body(lang: Language) -> str:
    return quopri.encodestring(classic(lang).encode()).decode("ascii")


def quoted_reply(lang: Language) -> str:
    return "See you there\n\n" + "\n".join("> > " + line for line in classic(lang).splitlines())


def graph_event(lang: Language) -> str:
    body = {"contentType": "html", "content": html_paragraphs(lang)}
    return json.dumps({"subject": "x", "body": body, "onlineMeeting": None, "location": {"displayName": "Room 4"}})


def google_event(lang: Language) -> str:
    return json.dumps({"kind": "calendar#event", "summary": "x", "description": classic(lang).replace("\n", "<br>")})


def full_width(lang: Language) -> str:
    return classic(lang, "：").replace(GROUPED, GROUPED.replace(" ", "\u00a0"))


def right_to_left(lang: Language) -> str:
    return classic(lang, ": \u202a").replace(GROUPED, GROUPED + "\u202c").replace("819 2", "819\u200b 2")


FORMS: dict[str, Callable[[Language], str]] = {
    form.__name__: form
    for form in (
        classic,
        bulleted,
        next_line,
        html_paragraphs,
        html_table,
        calendar_file,
        mail,
        undecoded_mail_body,
        quoted_reply,
        graph_event,
        google_event,
        full_width,
        right_to_left,
    )
}
