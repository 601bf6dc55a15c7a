"""Invitations composed in the ways that real ones are broken: languages, vendors, filters, mailers and traps.

Ids, codes, names and phone numbers are invented. Each sample states only the fields that it is about.
"""

# ruff: noqa: E501

from __future__ import annotations

import base64
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """``wanted``: field of JoinInfo -> value; ``sip`` and ``h323`` are the first address, None for none."""

    content: str
    wanted: dict[str, object]


SAMPLES: dict[str, Sample] = {}


def sample(name: str, content: str, **wanted: object) -> None:
    assert name not in SAMPLES and wanted
    SAMPLES[name] = Sample(content, wanted)


TE = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_QUJD%40thread.v2/0?context=%7b%22Tid%22%3a%22aa%22%7d"
# ---- teams CVI variants
sample(
    "teams-pexip-menu",
    f"""________________________________________________________________________________
Microsoft Teams-Besprechung
Nehmen Sie von Ihrem Computer oder der mobilen App aus teil
Hier klicken, um an der Besprechung teilzunehmen<{TE}>
Besprechungs-ID: 345 678 901 23
Passcode: aBcDeF
Mit einem Videokonferenzgerät teilnehmen
0123@pex.example.org<mailto:0123@pex.example.org>
Videokonferenz-ID: 112 345 678 9
Alternative VTC-Anweisungen<https://pex.example.org/teams/?conf=1123456789&ivr=0123&d=pex.example.org&ip=192.0.2.4&test=test_call>
Oder rufen Sie an (nur Audio)
+49 69 1234567,,123456789#<tel:+4969123456,,123456789#>   Germany, Frankfurt
Telefonkonferenz-ID: 123 456 789#
""",
    service="teams",
    sip="1123456789@pex.example.org",
    h323="1123456789@192.0.2.4",
    meeting_id="34567890123",
)
sample(
    "teams-poly-nolink",
    f"""Join Microsoft Teams Meeting<{TE}>
Join with a video conferencing device
813000800@t.plcm.vc VTC Conference ID: 0179885910
Alternate VTC dialing instructions<https://nam12.safelinks.protection.outlook.com/?url=https%3A%2F%2Fdialin.plcm.vc%2Fteams%2F%3Fkey%3D813000800%26conf%3D0179885910&data=x>
""",
    sip="813000800.0179885910@t.plcm.vc",
)
sample(
    "teams-webex-cvi",
    f"""Join Microsoft Teams Meeting<{TE}>
Join with a video conferencing device
acme@m.webex.com
Video Conference ID: 112 233 445 6
Alternate VTC instructions<https://www.webex.com/msteams?confid=1122334456&tenantkey=acme&domain=m.webex.com>""",
    service="teams",
    sip="1122334456.acme@m.webex.com",
)
sample(
    "teams-bjn",
    f"""Join <{TE}>
Join with a video conferencing device
567890123@teams.bjn.vc
VTC Conference ID: 0123456789
Alternate VTC dialing instructions<https://dialin.bluejeans.com/teams/567890123/0123456789>""",
    service="teams",
    sip="567890123.0123456789@teams.bjn.vc",
)
sample(
    "teams-pexip-hosted",
    f"""Join <{TE}>
teams@acme.pexip.me
Video ID: 123 456 789 0
<https://pexip.me/teams/acme.pexip.me/1234567890>""",
    sip="1234567890@acme.pexip.me",
)
sample(
    "teams-only-new",
    """Microsoft Teams Need help?<https://aka.ms/JoinTeamsMeeting?omkt=en-US>
Join the meeting now<https://teams.microsoft.com/meet/23456789012345?p=AbCdEf>
Meeting ID: 234 567 890 123 45
Passcode: Ab3De6
________________________________
Dial in by phone
+1 202-555-0144,,987654321#<tel:+12025550144,,987654321#> United States, Chicago
Find a local number<https://dialin.teams.microsoft.com/x?id=987654321>
Phone conference ID: 987 654 321#
For organizers: Meeting options<https://teams.microsoft.com/meetingOptions/?organizerId=x> | Reset dial-in PIN<https://dialin.teams.microsoft.com/usp/pstnconferencing>""",
    service="teams",
    meeting_id="23456789012345",
    passcode_text="Ab3De6",
    sip=None,
    passcode=None,
)
for lang, idl, pl in (
    ("it", "ID riunione", "Passcode"),
    ("nl", "Vergadering-id", "Wachtwoordcode"),
    ("pl", "Identyfikator spotkania", "Kod dostępu"),
    ("es", "ID de la reunión", "Código de acceso"),
    ("fr", "ID de réunion", "Code secret"),
    ("pt", "ID da Reunião", "Código de acesso"),
    ("ja", "会議 ID", "パスコード"),
    ("ko", "모임 ID", "암호"),
    ("zh-CN", "会议 ID", "密码"),
    ("zh-TW", "會議識別碼", "密碼"),
    ("ru", "Идентификатор собрания", "Секретный код"),
    ("tr", "Toplantı Kimliği", "Geçiş Kodu"),
    ("sv", "Mötes-ID", "Lösenord"),
    ("fi", "Kokouksen tunnus", "Tunnuskoodi"),
    ("da", "Møde-id", "Adgangskode"),
    ("nb", "Møte-ID", "Passord"),
    ("cs", "ID schůzky", "Heslo"),
    ("uk", "Ідентифікатор наради", "Секретний код"),
    ("vi", "ID Cuộc họp", "Mật mã"),
    ("id", "ID Rapat", "Kode sandi"),
    ("he", "מזהה פגישה", "קוד גישה"),
    ("ar", "معرّف الاجتماع", "رمز المرور"),
    ("hu", "Értekezlet-azonosító", "Jelszó"),
    ("el", "Αναγνωριστικό σύσκεψης", "Κωδικός πρόσβασης"),
    ("ro", "ID întâlnire", "Cod de acces"),
    ("th", "ID การประชุม", "รหัสผ่าน"),
    ("sk", "ID schôdze", "Prístupový kód"),
    ("bg", "ИД на събранието", "Код за достъп"),
    ("hr", "ID sastanka", "Pristupni kod"),
    ("ca", "ID de la reunió", "Codi d'accés"),
    ("et", "Koosoleku ID", "Pääsukood"),
    ("lt", "Susitikimo ID", "Slaptažodis"),
    ("lv", "Sapulces ID", "Ieejas kods"),
    ("sl", "ID srečanja", "Koda za dostop"),
    ("ms", "ID Mesyuarat", "Kod laluan"),
):
    sample(
        "teams-" + lang,
        f"Microsoft Teams\n<{TE}>\n{idl}: 345 678 901 234\n{pl}: hK9mQ2\n",
        service="teams",
        meeting_id="345678901234",
        passcode_text="hK9mQ2",
    )
# zoom langs
for lang, idl, pl in (
    ("sk", "ID schôdze", "Heslo"),
    ("hu", "Értekezlet azonosítója", "Jelszó"),
    ("cs", "ID schůzky", "Heslo"),
    ("da", "Møde-id", "Adgangskode"),
    ("fi", "Kokouksen tunnus", "Salasana"),
    ("el", "Αναγνωριστικό σύσκεψης", "Κωδικός"),
    ("th", "รหัสการประชุม", "รหัสผ่าน"),
    ("vi2", "ID cuộc họp", "Mật khẩu"),
    ("it3", "ID riunione", "Password"),
    ("it4", "ID della riunione", "Codice di accesso"),
    ("nl3", "Vergader-ID", "Toegangscode"),
    ("nl4", "Meeting-ID", "Wachtwoord"),
    ("pl", "Identyfikator spotkania", "Kod dostępu"),
    ("pl2", "ID spotkania", "Hasło"),
    ("uk", "Ідентифікатор конференції", "Код доступу"),
    ("id", "ID Rapat", "Kode Sandi"),
    ("id2", "ID Pertemuan", "Kata Sandi"),
    ("he", "מזהה פגישה", "קוד גישה"),
    ("ar", "معرف الاجتماع", "رمز المرور"),
    ("ar2", "معرّف الاجتماع", "رمز الدخول"),
    ("zhtw", "會議 ID", "密碼"),
    ("zhtw2", "會議 ID", "密碼"),
    ("zhtw3", "會議號碼", "會議密碼"),
    ("sv", "Mötes-ID", "Lösenord"),
    ("sv2", "Mötes-ID", "Lösenkod"),
    ("ro", "ID întâlnire", "Cod de acces"),
    ("bg", "Идентификатор на срещата", "Парола"),
    ("ca", "ID de la reunió", "Contrasenya"),
    ("no", "Møte-ID", "Passord"),
    ("pt3", "ID da reunião", "Senha"),
    ("ptpt", "ID da reunião", "Código de acesso"),
    ("fa", "شناسه جلسه", "رمز عبور"),
    ("hi", "मीटिंग आईडी", "पासकोड"),
):
    sample(
        "zoom-" + lang,
        f"x\nhttps://us02web.zoom.us/j/81920374655?pwd=RkFLR.1\n\n{idl}: 819 2037 4655\n{pl}: 004618\n",
        service="zoom",
        meeting_id="81920374655",
        passcode="004618",
        sip="81920374655.004618@zoomcrc.com",
    )
    sample(
        "zoomtxt-" + lang,
        f"x\nhttps://us02web.zoom.us/j/81920374655?pwd=RkFLR.1\n\n{idl}: 819 2037 4655\n{pl}: k7%Qp\n\nH.323\n192.0.2.37 (US West)\n{idl}: 819 2037 4655\n{pl}: 004618\nSIP: 81920374655@zoomcrc.com\n{pl}: 004618",
        meeting_id="81920374655",
        passcode="004618",
        passcode_text="k7%Qp",
        sip="81920374655.004618@zoomcrc.com",
    )
# webex
sample(
    "webex-de",
    """Kim Example lädt Sie zu einem Webex-Meeting ein.
Meeting beitreten: https://acme.webex.com/acme-de/j.php?MTID=m0123456789abcdef0123456789abcdef
Meeting-Kennnummer (Zugriffscode): 2550 123 4567
Meeting-Passwort: aBc12dEf (22212333 über Telefon- und Videosysteme)
Mit Videosystem oder -anwendung beitreten
Wählen Sie 25501234567@acme.webex.com
Sie können auch 173.243.2.68 wählen und Ihre Meeting-Nummer eingeben.
Über Telefon beitreten
+49-30-5550-0123 Germany Toll
Global call-in numbers: https://acme.webex.com/acme-de/globalcallin.php?MTID=m0123""",
    service="webex",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode="22212333",
    passcode_text="aBc12dEf",
    h323="173.243.2.68##25501234567",
)
sample(
    "webex-fr",
    """Rejoindre le meeting https://acme.webex.com/acme-fr/j.php?MTID=m0123456789abcdef
Numéro du meeting (code d'accès) : 2550 123 4567
Mot de passe du meeting : aBc12dEf
Rejoindre depuis un système ou une application vidéo
Composer le 25501234567@acme.webex.com""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-ja",
    """https://acme.webex.com/acme-jp/j.php?MTID=m0123456789abcdef
ミーティング番号 (アクセス コード): 2550 123 4567
ミーティング パスワード: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-es",
    """https://acme.webex.com/acme-es/j.php?MTID=m0123456789abcdef
Número de reunión (código de acceso): 2550 123 4567
Contraseña de la reunión: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-it",
    """https://acme.webex.com/acme-it/j.php?MTID=m0123456789abcdef
Numero di riunione (codice di accesso): 2550 123 4567
Password riunione: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-nl",
    """https://acme.webex.com/acme-nl/j.php?MTID=m0123456789abcdef
Nummer van vergadering (toegangscode): 2550 123 4567
Wachtwoord voor vergadering: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-pt",
    """https://acme.webex.com/acme-pt/j.php?MTID=m0123456789abcdef
Número da reunião (código de acesso): 2550 123 4567
Senha da reunião: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-zh",
    """https://acme.webex.com/acme-cn/j.php?MTID=m0123456789abcdef
会议号（访问码）：2550 123 4567
会议密码：aBc12dEf""",
    service="webex",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-ru",
    """https://acme.webex.com/acme-ru/j.php?MTID=m0123456789abcdef
Номер совещания (код доступа): 2550 123 4567
Пароль совещания: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-pl",
    """https://acme.webex.com/acme-pl/j.php?MTID=m0123456789abcdef
Numer spotkania (kod dostępu): 2550 123 4567
Hasło spotkania: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-tr",
    """https://acme.webex.com/acme-tr/j.php?MTID=m0123456789abcdef
Toplantı numarası (erişim kodu): 2550 123 4567
Toplantı parolası: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-ko",
    """https://acme.webex.com/acme-kr/j.php?MTID=m0123456789abcdef
미팅 번호(액세스 코드): 2550 123 4567
미팅 비밀번호: aBc12dEf""",
    meeting_id="25501234567",
    sip="25501234567@acme.webex.com",
    passcode_text="aBc12dEf",
)
sample(
    "webex-old",
    """JOIN WEBEX MEETING
https://acme.webex.com/acme/j.php?MTID=mabc
Meeting number (access code): 123 456 789
Host key: 654321
Meeting password: 4321
JOIN BY PHONE
+1-202-555-0138 US Toll
Can't join the meeting?""",
    meeting_id="123456789",
    sip="123456789@acme.webex.com",
    passcode="4321",
)
sample(
    "webex-classic-424",
    """https://acme.webex.com/acme/j.php?MTID=mabc
Meeting number: 2345 67 8901
""",
    meeting_id="2345678901",
    sip="2345678901@acme.webex.com",
)
sample(
    "webex-newlines",
    """Join from the meeting link
https://acme.webex.com/acme/j.php?MTID=mabc

Join by meeting number
Meeting number (access code):
2345 678 9012
Meeting password:
aB3dEf
Tap to join from a mobile device (attendees only)
+1-202-555-0139,,23456789012## Call-in toll number (US/Canada)
Join from a video system or application
Dial
23456789012@acme.webex.com
You can also dial 173.243.2.68 and enter your meeting number.""",
    meeting_id="23456789012",
    passcode_text="aB3dEf",
    sip="23456789012@acme.webex.com",
)
sample(
    "webex-pr",
    "https://acme.webex.com/meet/kim.example | 123456789\nJoin by video system\nDial kim.example@acme.webex.com\n",
    meeting_id="123456789",
    sip="kim.example@acme.webex.com",
)
sample(
    "webex-wbxmjs",
    "https://acme.webex.com/wbxmjs/joinservice/sites/acme/meeting/download/0123456789abcdef?siteurl=acme&MTID=m123",
    service="webex",
    sip=None,
)
sample(
    "webex-event",
    "https://acme.webex.com/acme/onstage/g.php?MTID=e0123456789abcdef\nEvent number: 123 456 789\n",
    service="webex",
    meeting_id="123456789",
)
sample("webex-weblink", "https://acme.webex.com/weblink/register/r0123456", joinable=False)
# other
sample(
    "goto-de",
    """Bitte nehmen Sie an meinem Meeting per Computer, Tablet oder Smartphone teil.
https://global.gotomeeting.com/join/123456789
Sie können sich auch über ein Telefon einwählen.
Deutschland: +49 30 5550 0124
Zugangscode: 123-456-789
Nehmen Sie von einem Videokonferenzraum oder -system teil.
Bei Einwahl oder Eingabe: 67.217.95.2 oder inroomlink.goto.com
Meeting-ID: 123 456 789
Oder wählen Sie direkt: 123456789@67.217.95.2 oder 67.217.95.2##123456789""",
    service="gotomeeting",
    meeting_id="123456789",
    sip="123456789@67.217.95.2",
    h323="67.217.95.2##123456789",
)
sample(
    "goto-app",
    "Join https://meet.goto.com/123456789\nJoin from a video-conferencing room or system.\nMeeting ID: 123-456-789\nDial in or type: 67.217.95.2 or inroomlink.goto.com",
    service="gotomeeting",
    meeting_id="123456789",
    sip="123456789@67.217.95.2",
)
sample(
    "goto-named",
    "https://www.gotomeet.me/KimExample\nAccess Code: 987-654-321",
    service="gotomeeting",
    meeting_id="987654321",
)
sample(
    "bjn1",
    "https://bluejeans.com/123456789/4321?src=htmlEmail\nDial 199.48.152.152 or bjn.vc\nEnter Meeting ID: 123456789 and passcode 4321",
    service="bluejeans",
    meeting_id="123456789",
    sip="123456789.4321@bjn.vc",
    passcode="4321",
)
sample(
    "bjn2",
    "https://acme.bluejeans.com/123456789/browser\nMeeting ID\n123 456 789\nWant to test your video connection?\nhttps://bluejeans.com/111",
    meeting_id="123456789",
    sip="123456789@bjn.vc",
)
sample(
    "bjn3",
    """To join the meeting on a computer or mobile phone:
https://bluejeans.com/4085551234?src=calendarLink
Connecting directly from a room system?
1.) Dial: 199.48.152.152 or bjn.vc
2.) Enter Meeting ID: 4085551234
Participant Passcode: 9876
""",
    meeting_id="4085551234",
    passcode="9876",
    sip="4085551234.9876@bjn.vc",
)
sample(
    "starleaf",
    "https://meet.starleaf.com/4123456789/app\nDial 4123456789@acme.call.sl from a video system\n",
    service="starleaf",
    meeting_id="4123456789",
    sip="4123456789@acme.call.sl",
)
sample(
    "lifesize",
    "Join the meeting: https://call.lifesizecloud.com/1234567\nCall in by Phone (audio only) United States: +1 (800) 555-0141\nMeeting extension: 1234567#\nCall in by Video Room System\nH.323: 1234567@lifesizecloud.com or 192.0.2.40##1234567\nSIP: 1234567@lifesizecloud.com\n",
    service="lifesize",
    meeting_id="1234567",
    sip="1234567@lifesizecloud.com",
)
sample(
    "pexip1",
    "https://meet.example.org/webapp/home/?conference=kim@vc.example.org&pin=1234\n",
    service="pexip",
    sip="kim@vc.example.org",
)
sample(
    "pexip2",
    "https://meet.example.org/webapp/#/?conference=kim.room%40vc.example.org",
    service="pexip",
    sip="kim.room@vc.example.org",
)
sample(
    "pexip3",
    "Join: https://meet.example.org/webapp3/m/123456\nSIP: sip:123456@vc.example.org",
    service="pexip",
    sip="123456@vc.example.org",
)
sample("pexip4", "pexip://kim@vc.example.org?host=meet.example.org", service="pexip", sip="kim@vc.example.org")
sample(
    "cms",
    "Join: https://join.example.org/invited.sf?secret=abcDEF&id=123456\nVideo address: 123456@vc.example.org\n",
    service="cms",
    meeting_id="123456",
    sip="123456@vc.example.org",
)
sample(
    "cms2",
    "https://join.example.org/meeting/123456789?secret=Abcdef.1\nMeeting ID: 123456789\nPasscode: 1234\n123456789@meet.example.org",
    service="cms",
    meeting_id="123456789",
    sip="123456789@meet.example.org",
)
sample(
    "chime",
    "Join: https://chime.aws/1234567890\nMeeting ID: 1234 56 7890\nJoin via Chime client\nH.323: 192.0.2.41\nSIP: 1234567890@meet.chime.in\nMeeting PIN: 1234567890#",
    service="chime",
    meeting_id="1234567890",
)
sample(
    "whereby", "https://whereby.com/acme-standup", service="whereby", joinable=True, sip=None, meeting_id="acme-standup"
)
sample("whereby2", "https://acme.whereby.com/daily?roomKey=x", service="whereby", joinable=True)
sample(
    "jitsi-sip",
    "https://meet.jit.si/AcmeStandup\nTo join by phone: +1.512.555.0123 PIN: 1234567890#\nhttps://meet.jit.si/static/dialInInfo.html?room=AcmeStandup",
    service="jitsi",
    meeting_id="AcmeStandup",
    sip=None,
)
sample(
    "jitsi-cfg",
    "https://meet.jit.si/AcmeStandup#config.disableDeepLinking=true",
    service="jitsi",
    meeting_id="AcmeStandup",
    sip=None,
)
sample("8x8", "https://8x8.vc/acme/kim.example", service="jitsi")
sample(
    "meet-interop",
    """Join with Google Meet
https://meet.google.com/abc-defg-hij
Join by phone
(US) +1 234-555-0123 PIN: 123 456 789#
More joining options
https://tel.meet/abc-defg-hij?pin=1234567890123
Join from 3rd party video: 12345678901@acme.meet.example.net
https://vc.example.net/meet/?id=1""",
    service="meet",
    meeting_id="abc-defg-hij",
)
sample(
    "meet-pexip",
    """Video call link: https://meet.google.com/abc-defg-hij
Join using a third-party system
https://pexip.me/meet/acme.onpexip.com/1234567890
Meeting ID: 1234567890@acme.onpexip.com""",
    service="meet",
    sip="1234567890@acme.onpexip.com",
)
sample(
    "meet-interop2",
    """-::~:~::~:~:~::~:~::-
Join with Google Meet: https://meet.google.com/abc-defg-hij
Or dial: \u202a(US) +1 234-555-0123\u202c PIN: \u202a123456789\u202c#
More phone numbers: https://tel.meet/abc-defg-hij?pin=1234567890123&hs=7
Video system: 1234567890@t.plcm.vc
Learn more about Meet at: https://support.google.com/a/users/answer/9282720
-::~:~::~:~:~::~:~::-""",
    service="meet",
    meeting_id="abc-defg-hij",
)
sample(
    "skype",
    """Join Skype Meeting<https://meet.lync.com/acme/kim.example/ABC123DE>
Trouble Joining? Try Skype Web App<https://meet.lync.com/acme/kim.example/ABC123DE?sl=1>
Join by phone
Toll number: +1 (323) 555-0123,,12345678# (Dial-in Number)
Conference ID: 12345678""",
    service="skype",
    sip=None,
    joinable=True,
)
sample(
    "skype-ics",
    """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:x
X-MICROSOFT-ONLINEMEETINGCONFLINK:conf:sip:kim@example.org\\;gruu\\;opaque=app:conf:focus:id:ABC?conversation-id=x
X-MICROSOFT-ONLINEMEETINGEXTERNALLINK:https://meet.example.org/kim/ABC123
DESCRIPTION:Join online meeting https://meet.example.org/kim/ABC123DE
END:VEVENT
END:VCALENDAR""",
    sip=None,
)
sample(
    "rc1",
    """Join RingCentral meeting
https://v.ringcentral.com/join/123456789?pw=abcdef0123456789
Meeting ID: 123456789
Password: aBc123
Dial-in password: 4567890123
One tap to join audio only from a smartphone:
+12025550135,,123456789#,,4567890123# United States
Or dial: +1 (202) 5550135 United States
Access Code / Meeting ID: 123456789
Join from room system:
SIP: 123456789.4567890123@sip.rcv.com""",
    service="ringcentral",
    meeting_id="123456789",
    passcode_text="aBc123",
)
sample("sip-plain", "Dial sip:boardroom@vc.example.org to join", sip="boardroom@vc.example.org")
sample("h323-plain", "H.323: 192.0.2.8##4321", sip=None, h323="192.0.2.8##4321")
sample(
    "voov",
    "腾讯会议\n#腾讯会议：123-456-789\nhttps://meeting.tencent.com/dm/AbCdEf\n会议号：123 456 789\n密码：1234",
    sip=None,
)
sample(
    "none-mail",
    "Please contact kim@example.org or call +1 646 555 0123, meeting id 12\nsee https://support.zoom.us/hc/en-us/articles/201362033",
    joinable=False,
    sip=None,
)
sample(
    "zoom-rec",
    "Recording: https://acme.zoom.us/rec/share/abc.def?startTime=1\nPasscode: 8#kd92!x",
    joinable=False,
    sip=None,
)
sample(
    "zoom-reg",
    "Register in advance: https://acme.zoom.us/meeting/register/tZ0123abc\nAfter registering you will receive a confirmation.\nWebinar ID: 819 2037 4655",
    joinable=False,
    sip=None,
)
sample("zoom-events", "https://events.zoom.us/ejl/ABCDEF", joinable=False)
sample("zoom-my", "https://acme.zoom.us/my/kim.example?pwd=abc", joinable=True, sip=None, service="zoom")
sample("zoommtg", "zoommtg://zoom.us/join?action=join&confno=81920374655&pwd=abc", sip="81920374655@zoomcrc.com")
sample(
    "zoom-gov-sip",
    "https://acme.zoomgov.com/j/1612345678?pwd=x\nJoin by SIP\n1612345678@sip.zoomgov.com\nJoin by H.323\n192.0.2.42 (US West)\nMeeting ID: 161 234 5678\nPasscode: 654321",
    sip="1612345678.654321@sip.zoomgov.com",
    h323="192.0.2.42##1612345678#654321",
)
sample(
    "zoom-outlook",
    """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if gte mso 9]><xml></xml><![endif]--></head><body>
<p class="MsoNormal">Hi<o:p></o:p></p><p><o:p>&nbsp;</o:p></p>
<!--[if !mso]><!--><table><tr><td>Meeting URL:</td><td><a href="https://acme.zoom.us/j/81920374655?pwd=RkFL.1">https://acme.zoom.us/j/81920374655?pwd=RkFL.1</a></td></tr>
<tr><td>Meeting ID:</td><td>819 2037 4655</td></tr><tr><td>Passcode:</td><td>k7%Qp</td></tr></table><!--<![endif]-->
<h3>Join from an H.323/SIP room system</h3><table><tr><td>H.323:</td><td>192.0.2.37 (US West)<br>192.0.2.38 (US East)</td></tr>
<tr><td>Meeting ID:</td><td>819 2037 4655</td></tr><tr><td>Passcode:</td><td>004618</td></tr><tr><td>SIP:</td><td>81920374655@zoomcrc.com</td></tr><tr><td>Passcode:</td><td>004618</td></tr></table></body></html>""",
    meeting_id="81920374655",
    passcode="004618",
    passcode_text="k7%Qp",
    sip="81920374655.004618@zoomcrc.com",
    h323="192.0.2.37##81920374655#004618",
)
body = base64.encodebytes(
    b"Join Zoom Meeting\nhttps://us02web.zoom.us/j/81920374655?pwd=RkFL.1\nMeeting ID: 819 2037 4655\nPasscode: 004618\n"
).decode()
sample(
    "mime-b64",
    f'From: a@example.org\nSubject: =?utf-8?B?Wg==?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: multipart/alternative; boundary="y"\n\n--y\nContent-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64\n\n{body}\n--y--\n--x--\n',
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "mime-partial",
    f'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64\n\n{body}',
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "mime-boundary-only",
    f'--y\nContent-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64\n\n{body}\n--y--\n',
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "ics-b64-mime",
    """MIME-Version: 1.0
Content-Type: text/calendar; method=REQUEST; charset=utf-8
Content-Transfer-Encoding: base64

"""
    + base64.encodebytes(
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nLOCATION:https://us02web.zoom.us/j/81920374655?pwd=RkFL.1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).decode(),
    meeting_id="81920374655",
)
sample(
    "rfc822-fwd",
    f"""From: a@example.org
Subject: Fwd: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: text/plain

see attached
--x
Content-Type: message/rfc822

From: b@example.org
Subject: y
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

{body}
--x--
""",
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "fwd",
    """FYI

-----Original Message-----
From: Kim Example <kim@example.org>
Sent: Monday, 3 March 2025 10:00
To: Room 4
Subject: Sync

Join Zoom Meeting
https://us02web.zoom.us/j/81920374655?pwd=RkFL.1
Meeting ID: 819 2037 4655
Passcode: 004618
""",
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "reply-new",
    """New link: https://us02web.zoom.us/j/82920374655
Passcode: 111222

From: Kim Example <kim@example.org>
Sent: Monday
Subject: Sync

Join Zoom Meeting
https://us02web.zoom.us/j/81920374655?pwd=RkFL.1
Meeting ID: 819 2037 4655
Passcode: 004618
""",
    meeting_id="82920374655",
    passcode="111222",
)
sample(
    "ics-many",
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nSUMMARY:first\nLOCATION:https://zoom.us/j/81920374655\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nLOCATION:https://zoom.us/j/82920374655\nEND:VEVENT\nEND:VCALENDAR\n",
    meeting_id="81920374655",
)
sample(
    "ics-many2",
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nSUMMARY:Lunch\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nLOCATION:https://zoom.us/j/82920374655\nEND:VEVENT\nEND:VCALENDAR\n",
    meeting_id="82920374655",
)
sample(
    "ics-tzonly",
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:https://zoom.us/j/82920374655\nEND:VTIMEZONE\nEND:VCALENDAR\n",
    joinable=False,
)
sample(
    "vcal1",
    "BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nDESCRIPTION;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Join Zoom Meeting=0D=0A=\nhttps://us02web.zoom.us/j/81920374655?pwd=3DRkFL.1=0D=0AMeeting ID: 819 2037 465=\n5=0D=0APasscode: 004618=0D=0A\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR\n",
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "ics-b64prop",
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDESCRIPTION;ENCODING=BASE64;VALUE=BINARY:"
    + base64.b64encode(b"Join https://us02web.zoom.us/j/81920374655?pwd=RkFL.1 Passcode: 004618").decode()
    + "\nEND:VEVENT\nEND:VCALENDAR\n",
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "ics-cut",
    "SUMMARY:Sync\nDTSTART:20250301T100000Z\nDESCRIPTION:Join Zoom Meeting\\nhttps://us02web.zoom.us/j/81920374655?pwd=RkF\n L.1\\nMeeting ID: 819 2037 4655\\nPasscode: 004618\\n\nLOCATION:https://us02web.zoom.us/j/81920374655?pwd=RkFL.1\nEND:VEVENT\n",
    meeting_id="81920374655",
    passcode="004618",
    join_url="https://us02web.zoom.us/j/81920374655?pwd=RkFL.1",
)
sample(
    "ews-xml",
    """<t:CalendarItem xmlns:t="x"><t:Subject>Sync</t:Subject><t:Body BodyType="HTML">&lt;html&gt;&lt;body&gt;&lt;a href="https://us02web.zoom.us/j/81920374655?pwd=RkFL.1"&gt;Join&lt;/a&gt;&lt;p&gt;Passcode: 004618&lt;/p&gt;&lt;/body&gt;&lt;/html&gt;</t:Body><t:Location>Room</t:Location></t:CalendarItem>""",
    meeting_id="81920374655",
    passcode="004618",
)
sample(
    "hebrew",
    """קים מזמין אותך לפגישת Zoom מתוזמנת.
הצטרף לפגישת Zoom
https://us02web.zoom.us/j/81920374655?pwd=RkFL.1

מזהה פגישה: ‏819 2037 4655
קוד גישה: ‏004618""",
    passcode="004618",
    meeting_id="81920374655",
)
sample(
    "slack-url",
    "<https://acme.zoom.us/j/81920374655?pwd=RkFL.1|https://acme.zoom.us/j/81920374655?pwd=RkFL.1>\nPasscode: 004618",
    passcode="004618",
    join_url="https://acme.zoom.us/j/81920374655?pwd=RkFL.1",
)
sample(
    "mixed-tel",
    "https://acme.zoom.us/j/81920374655\nDial: +1 202 555 0137 (New York)\nPasscode: 004618#\nMeeting ID: 819 2037 4655",
    passcode="004618",
)
sample(
    "two-codes-host",
    "https://acme.zoom.us/j/81920374655\nHost key: 123456\nPasscode: 004618\nHost PIN: 9999",
    passcode="004618",
)
sample(
    "wrapped",
    """https://us02web.zoom.us/j/81920374655?pwd=RkFLRVRva2VuRm9yVGVz
dHM.1
Meeting ID: 819 2037
4655
Passcode: 004618""",
    passcode="004618",
    meeting_id="81920374655",
)
sample(
    "zoom-x",
    "https://acme.zoom-x.de/j/61920374655?pwd=x.1\nMeeting-ID: 619 2037 4655\nKenncode: 004618\nÜber SIP beitreten\n61920374655@zoomcrc.com",
    sip="61920374655.004618@zoomcrc.com",
)
sample(
    "rcm-zoom",
    """https://meetings.ringcentral.com/j/1481234567
Meeting ID: 148 123 4567
Or dial
+1 (202) 555-0136""",
    service="ringcentral",
    meeting_id="1481234567",
)
sample("zoom-lower", "zoom.us/j/81920374655 pw 004618", passcode="004618", meeting_id="81920374655")
sample(
    "zoom-pstn-pin",
    "One tap mobile: +12025550143,,81920374655#,,,,,,0#,,004618# US\nhttps://zoom.us/j/81920374655?pwd=abc\nPassword: Ab3dEf",
    passcode="004618",
    passcode_text="Ab3dEf",
)
sample(
    "zoom-attendee-wrong",
    "https://zoom.us/j/81920374655\n+1 646 555 0123\nWi-Fi password: 99887766\nDoor code: 1234",
    passcode=None,
    sip="81920374655@zoomcrc.com",
)
Z = "https://us02web.zoom.us/j/81920374655?pwd=RkFL.1"
sample(
    "gmail-fwd",
    f"""fyi

---------- Forwarded message ---------
From: Kim <kim@example.org>
Date: Mon, Mar 3, 2025 at 10:00 AM
Subject: Sync
To: <room@example.org>

Join Zoom Meeting
{Z}

Meeting ID: 819 2037 4655
Passcode: Tr9$k1
One tap mobile
+12025550133,,81920374655#,,,,*004618# US (San Jose)
""",
    passcode="004618",
    passcode_text="Tr9$k1",
    sip="81920374655.004618@zoomcrc.com",
)
sample(
    "loc-body-differ",
    json.dumps(
        {"kind": "calendar#event", "location": "https://zoom.us/j/82920374655", "description": f"{Z}\nPasscode: 004618"}
    ),
    meeting_id="82920374655",
    passcode=None,
    sip="82920374655@zoomcrc.com",
)
sample(
    "loc-same",
    json.dumps(
        {
            "kind": "calendar#event",
            "location": "https://zoom.us/j/81920374655",
            "description": f"{Z}\nMeeting ID: 819 2037 4655\nPasscode: 004618",
        }
    ),
    passcode="004618",
    join_url=Z,
)
sample(
    "href-differs",
    '<html><body><a href="https://zoom.us/j/81920374655">https://zoom.us/j/82920374655</a><br>Passcode: 004618</body></html>',
    meeting_id="81920374655",
)
sample(
    "cancel-title",
    json.dumps({"subject": "Canceled: Sync", "body": {"contentType": "text", "content": Z}}),
    joinable=False,
)
sample(
    "cancel-title-de",
    json.dumps({"subject": "Abgesagt: Sync", "body": {"contentType": "text", "content": Z}}),
    joinable=False,
)
sample(
    "struck",
    f"<html><body><s>{Z}</s> <del>Passcode: 111111</del> New: https://zoom.us/j/82920374655</body></html>",
    meeting_id="82920374655",
)
sample(
    "strike-css",
    f'<html><body><span style="text-decoration:line-through">{Z}</span> New: <a href="https://zoom.us/j/82920374655">x</a></body></html>',
    meeting_id="82920374655",
)
sample(
    "hidden-css",
    f'<html><body><div style="display:none">https://zoom.us/j/83920374655</div><p>{Z}</p><p>Passcode: 004618</p></body></html>',
    meeting_id="81920374655",
)
sample(
    "teams+zoom-room",
    f"Join Teams https://teams.microsoft.com/meet/23456789012345?p=x\nMeeting ID: 234 567 890 123 45\nPasscode: aB3dEf\n\nZoom: {Z}\nMeeting ID: 819 2037 4655\nPasscode: 004618",
    service="zoom",
    passcode="004618",
)
sample(
    "zoom+webex",
    f"{Z}\nPasscode: 004618\n\nBackup: https://acme.webex.com/meet/kim",
    service="zoom",
    sip="81920374655.004618@zoomcrc.com",
)
sample(
    "webex+zoom-mention",
    "Webex (we moved from Zoom)\nhttps://acme.webex.com/acme/j.php?MTID=m1\nMeeting number: 2550 123 4567",
    service="webex",
    sip="25501234567@acme.webex.com",
)
sample("zoom-word-phone", "Zoom call. Meeting: 646 555 0123", sip=None)
sample("zoom-word-phone2", "Let us zoom. ID 646-555-0123", sip=None)
sample("zoom-id-only", "Zoom\nID: 819 2037 4655\nPW: 004618", sip="81920374655.004618@zoomcrc.com")
sample("zoom-masked", "Zoom Meeting ID: 819 2037 XXXX\nPasscode: ******", sip=None)
sample(
    "zoom-alt",
    "Main: https://zoom.us/j/81920374655 pass 004618\nAlt: https://zoom.us/j/82920374655 pass 111222",
    sip="81920374655.004618@zoomcrc.com",
)
sample(
    "zoom-table",
    "| Day | Link | Passcode |\n|---|---|---|\n| Mon | https://zoom.us/j/81920374655 | 004618 |\n| Tue | https://zoom.us/j/82920374655 | 111222 |",
    meeting_id="81920374655",
)
sample(
    "phone-pass",
    "https://zoom.us/j/81920374655?pwd=x\nPasscode: aB3%dE\nPhone passcode: 004618",
    passcode="004618",
    passcode_text="aB3%dE",
)
sample("num-paren", "https://zoom.us/j/81920374655?pwd=x\nPasscode: aB3%dE (numeric: 004618)", passcode_text="aB3%dE")
sample("zoom-participant", "https://zoom.us/j/81920374655\nParticipant ID: 123456\nPasscode: 004618", passcode="004618")
sample("zoom-chinese-inline", "会议号：819 2037 4655 密码：004618 https://zoom.us/j/81920374655", passcode="004618")
sample("zoom-sip-ip", "https://zoom.us/j/81920374655\nSIP: 81920374655.004618@192.0.2.39", meeting_id="81920374655")
sample("zoom-long-sip", "SIP: sip:81920374655.004618.504.123456@zoomcrc.com", sip="81920374655.004618@zoomcrc.com")
sample(
    "safelink-zoom",
    "https://nam02.safelinks.protection.outlook.com/ap/t-59584e83/?url=https%3A%2F%2Fus02web.zoom.us%2Fj%2F81920374655%3Fpwd%3DRkFL.1&data=05%7C01&sdata=x&reserved=0",
    join_url=Z,
)
sample(
    "safelink-nested",
    "https://urldefense.com/v3/__https://nam02.safelinks.protection.outlook.com/?url=https*3A*2F*2Fus02web.zoom.us*2Fj*2F81920374655*3Fpwd*3DRkFL.1&data=05__;JSUlJSUl!!x",
    meeting_id="81920374655",
)
sample(
    "mimecast",
    "Join Zoom Meeting https://protect-us.mimecast.com/s/AbCdEf?domain=us02web.zoom.us\nMeeting ID: 819 2037 4655\nPasscode: 004618",
    sip="81920374655.004618@zoomcrc.com",
)
sample("mimecast-bare", "https://url.us.m.mimecastprotect.com/s/AbCdEf?domain=us02web.zoom.us", sip=None)
sample(
    "trendmicro",
    "https://ca-1234.imss.trendmicro.com:443/wis/clicktime/v1/query?url=https%3a%2f%2fus02web.zoom.us%2fj%2f81920374655&umid=x&auth=y",
    meeting_id="81920374655",
)
sample(
    "fortimail",
    "https://fortimail.example.org/fmlurlsvc/?fewReq=:B:abc&url=https%3a%2f%2fzoom.us%2fj%2f81920374655",
    meeting_id="81920374655",
)
sample(
    "statics-teams",
    "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url=https%3A%2F%2Fzoom.us%2Fj%2F81920374655&locale=en",
    meeting_id="81920374655",
)
sample(
    "broken-pct",
    "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fzoom.us%2Fj%2F81920374655%3Fpwd%3D%ZZ%&data=x",
    meeting_id="81920374655",
)
sample(
    "teams-launcher",
    "https://teams.microsoft.com/dl/launcher/launcher.html?url=%2F_%23%2Fl%2Fmeetup-join%2F19%3ameeting_x%40thread.v2%2F0%3Fcontext%3Dx&type=meetup-join",
    service="teams",
    sip=None,
)
sample("teams-live", "https://teams.live.com/meet/9312345678901?p=abc", service="teams", meeting_id="9312345678901")
sample("teams-webinar-reg", "Register: https://events.teams.microsoft.com/event/abc@def", joinable=False)
sample(
    "teams-channel", "https://teams.microsoft.com/l/channel/19%3aabc%40thread.tacv2/General?groupId=x", joinable=False
)
sample("teams-chat", "https://teams.microsoft.com/l/chat/0/0?users=kim@example.org", joinable=False)
sample("meet-stream", "https://meet.google.com/linkredirect?dest=https://docs.google.com/x", joinable=False)
sample(
    "meet-tel-only",
    "tel: +1 234-555-0123 PIN: 123456789# more: https://tel.meet/abc-defg-hij?pin=123",
    service="meet",
    meeting_id="abc-defg-hij",
)
sample("meet-nick", "https://meet.google.com/lookup/abcdefgh12?authuser=0", service="meet", meeting_id="abcdefgh12")
sample("meet-stream2", "https://stream.meet.google.com/stream/abc-def", joinable=False)
sample("hangouts", "https://hangouts.google.com/hangouts/_/example.org/standup", sip=None)
sample("goto-install", "https://link.gotomeeting.com/install\nhttps://support.goto.com", joinable=False)
sample("goto-webinar", "https://attendee.gotowebinar.com/register/1234567890123456789", joinable=False)
sample("goto2", "https://app.goto.com/meeting/123456789", service="gotomeeting", meeting_id="123456789")
sample(
    "rc-it",
    """https://v.ringcentral.com/join/123456789
ID riunione: 123456789
Password: 1234
Partecipa da un sistema di sala
123456789.1234@sip.rcv.com""",
    meeting_id="123456789",
    sip="123456789.1234@sip.rcv.com",
    passcode="1234",
)
sample("bjn-primetime", "https://primetime.bluejeans.com/a2m/live-event/abcdefgh", sip=None)
sample(
    "bjn-text",
    "Meeting URL\nhttps://bluejeans.com/123456789?src=join_info\n\nMeeting ID\n123 456 789\n\nParticipant Passcode\n4321\n\nDial-in\n+1.202.555.0140\nRoom system\n199.48.152.152 or bjn.vc",
    passcode="4321",
    sip="123456789.4321@bjn.vc",
    h323="199.48.152.152##123456789#4321",
)
sample(
    "webex-teams-space",
    "https://acme.webex.com/wbxmjs/joinservice/sites/acme/meeting/download/abc\nDial in: 25501234567@acme.webex.com",
    sip="25501234567@acme.webex.com",
)
sample(
    "webex-rec",
    "https://acme.webex.com/recordingservice/sites/acme/recording/abc/playback\nRecording password: aB3dEf",
    joinable=False,
)
sample("webex-rec2", "https://acme.webex.com/acme/ldr.php?RCID=abc", joinable=False)
sample(
    "webex-newpath",
    "https://acme.webex.com/webappng/sites/acme/meeting/info/1234567890?isPopupRegisterView=true",
    sip=None,
)
sample(
    "webex-sched-own",
    """When it's time, join the Webex meeting here.
https://acme.webex.com/acme/j.php?MTID=m1
Access code: 2550 123 4567
Host PIN: 1234
Password: 22212""",
    passcode="22212",
    meeting_id="25501234567",
)
sample(
    "webex-html",
    '<html><body><table><tr><td><a href="https://acme.webex.com/acme/j.php?MTID=m1">Join meeting</a></td></tr><tr><td>Meeting number (access code): 2550 123 4567</td></tr><tr><td>Meeting password:</td><td>aB3dEf</td></tr><tr><td>Join from a video system or application</td></tr><tr><td>Dial <a href="sip:25501234567@acme.webex.com">25501234567@acme.webex.com</a></td></tr><tr><td>You can also dial 173.243.2.68 and enter your meeting number.</td></tr></table></body></html>',
    sip="25501234567@acme.webex.com",
    passcode_text="aB3dEf",
    h323="173.243.2.68##25501234567",
)
sample("sip-labelled", "Video: SIP: 4321@vc.example.org", sip="4321@vc.example.org")
sample("sip-lync", "sip:kim@example.org is my Skype", sip="kim@example.org")
sample(
    "sip-pexip-multi",
    "Connect from SIP: 4321@vc.example.org\nH.323: 4321@vc.example.org or 192.0.2.5##4321\nPIN: 1234",
    sip="4321@vc.example.org",
)
sample("mailto-only", '<a href="mailto:kim@zoomcrc.com">x</a>', sip=None)
sample("xmpp", "xmpp:kim@example.org sip conference", sip=None)
sample("message-id", "https://lore.example.org/r/20250101.12345@zoomcrc.com", sip=None)
sample(
    "zoom-in-url-query",
    "https://acme.slack.com/archives/x?u=https%3A%2F%2Fzoom.us%2Fj%2F81920374655",
    meeting_id=None,  # what a site that is no known redirector has in its query is its own affair
    sip=None,
)
sample("zoom-doc", "See our docs: https://docs.example.org/zoom.us/j/81920374655 for an example", joinable=False)
sample("zoom-code", "`zoom.us/j/XXXXXXXXXXX`", joinable=False)
sample("vidyo", "https://acme.vidyocloud.com/join/AbCdEf", sip=None)
sample(
    "google-zoom-notes",
    json.dumps(
        {
            "kind": "calendar#event",
            "conferenceData": {
                "conferenceSolution": {"name": "Zoom Meeting", "key": {"type": "addOn"}},
                "entryPoints": [
                    {
                        "entryPointType": "video",
                        "uri": Z,
                        "label": "us02web.zoom.us/j/819",
                        "meetingCode": "81920374655",
                        "passcode": "aB3%dE",
                    },
                    {
                        "entryPointType": "phone",
                        "uri": "tel:+12025550143,,81920374655#,,,,*004618#",
                        "passcode": "004618",
                        "regionCode": "US",
                    },
                    {
                        "entryPointType": "sip",
                        "uri": "sip:81920374655@zoomcrc.com",
                        "passcode": "004618",
                        "meetingCode": "81920374655",
                    },
                ],
                "notes": "Meeting host: kim@example.org<br /><br />Join Zoom Meeting: <br />" + Z,
            },
        }
    ),
    passcode="004618",
    passcode_text="aB3%dE",
    sip="81920374655.004618@zoomcrc.com",
)
sample(
    "graph-two-loc",
    json.dumps(
        {
            "subject": "x",
            "isOnlineMeeting": False,
            "locations": [{"displayName": "Room 4"}, {"displayName": Z, "locationType": "default"}],
            "body": {"contentType": "html", "content": "<p>Meeting ID: 819 2037 4655<br>Passcode: 004618</p>"},
        }
    ),
    passcode="004618",
)
sample(
    "graph-ext",
    json.dumps(
        {
            "subject": "x",
            "body": {"contentType": "text", "content": ""},
            "singleValueExtendedProperties": [
                {"id": "String {00020386-0000-0000-c000-000000000046} Name X-Zoom", "value": Z}
            ],
        }
    ),
    meeting_id="81920374655",
)
sample(
    "html-nobody",
    '<div>Join Zoom Meeting<br><a href="'
    + Z
    + '">'
    + Z
    + "</a><br><br>Meeting ID: 819 2037 4655<br>Passcode: 004618<br></div>",
    passcode="004618",
)
sample(
    "html-escaped-desc",
    json.dumps(
        {
            "kind": "calendar#event",
            "description": 'Join<br/><a href="'
            + Z
            + '">link</a><p>Meeting ID:&nbsp;819&nbsp;2037&nbsp;4655</p><p>Passcode:&nbsp;004618</p>',
        }
    ),
    passcode="004618",
)
sample(
    "one-line",
    f"Join Zoom Meeting {Z} Meeting ID: 819 2037 4655 Passcode: 004618 One tap mobile +12025550143,,81920374655#,,,,*004618# US Dial by your location +1 646 555 0123 US Meeting ID: 819 2037 4655 Passcode: 004618 Find your local number: https://us02web.zoom.us/u/kAbc",
    passcode="004618",
    passcode_text="004618",
)
sample(
    "one-line-mixed",
    f"Join Zoom Meeting {Z} Meeting ID: 819 2037 4655 Passcode: aB3%dE One tap mobile +12025550143,,81920374655#,,,,*004618# US",
    passcode="004618",
    passcode_text="aB3%dE",
)
sample(
    "webinar",
    """Hi Kim,
Thank you for registering for "Sync".
Please click this URL to join. https://acme.zoom.us/w/81920374655?tk=abc.DQ&pwd=xyz.1
Passcode: 004618
Description: x
Or One tap mobile:
+12025550143,,81920374655#,,,,*004618# US
Or join by phone:
Webinar ID: 819 2037 4655
International numbers available: https://acme.zoom.us/u/kAbc
You can cancel your registration at any time: https://acme.zoom.us/webinar/register/WN_x/cancel""",
    joinable=True,
    sip="81920374655.004618@zoomcrc.com",
)
sample("reg-then", "Register: https://acme.zoom.us/meeting/register/tAbc\nMeeting ID: 819 2037 4655", joinable=False)
sample(
    "zoom-phone-only",
    "Zoom: Dial +1 646 555 0123, Meeting ID 819 2037 4655, passcode 004618",
    sip="81920374655.004618@zoomcrc.com",
)
sample("wechat", "微信 会议\nZoom 会议 ID：819 2037 4655\n会议密码：004618", sip="81920374655.004618@zoomcrc.com")
sample(
    "jp-slot",
    "トピック: 定例\n時間: 2025年3月3日 10:00 AM 大阪、札幌、東京\nZoomミーティングに参加する\nhttps://us02web.zoom.us/j/81920374655?pwd=RkFL.1\nミーティングID: 819 2037 4655\nパスコード: 004618\nワンタップモバイル機器\n+81355550123,,81920374655#,,,,*004618# 日本",
    passcode="004618",
)
sample("jitsi-self", "https://meet.acme.example/Standup\nJitsi Meet", sip=None)
sample("bbb", "https://bbb.example.org/b/kim-abc-def", service="bigbluebutton", sip=None)
sample("whereby-embed", "https://acme.whereby.com/room-1?embed", service="whereby")
sample(
    "starleaf2", "Join: https://meet.starleaf.com/4123456789\nvideo: 4123456789@meet.starleaf.com", service="starleaf"
)
sample("lifesize3", "https://guest.lifesizecloud.com/1234567", service="lifesize")
sample("chime2", "https://app.chime.aws/meetings/1234567890", service="chime")
sample("skype-onprem", "https://meet.example.org/kim/ABC123DE Join Skype Meeting", sip=None)
sample("zoomgov-derive", "https://agency.zoomgov.com/j/1619203746?pwd=x\nPasscode: 246810", sip=None)
sample(
    "pexip-long",
    "Meeting: https://meet.example.org/webapp/conference/kim.room?name=x\nVideo: kim.room@example.org",
    sip="kim.room@example.org",
)
sample("rmx", "192.0.2.5##4321##9876", sip=None)
sample(
    "fw-ical",
    "> BEGIN:VCALENDAR\n> BEGIN:VEVENT\n> LOCATION:https://zoom.us/j/81920374655\n> END:VEVENT\n> END:VCALENDAR\n",
    meeting_id="81920374655",
)
sample(
    "double-esc",
    "Join: https://us02web.zoom.us/j/81920374655?pwd\\=RkFL.1\\nMeeting ID\\: 819 2037 4655\\nPasscode\\: 004618",
    passcode="004618",
)
sample(
    "md-link",
    '[Join Zoom](https://us02web.zoom.us/j/81920374655?pwd=RkFL.1 "Zoom") **Passcode** 004618',
    passcode="004618",
    join_url=Z,
)
sample(
    "org-mode",
    "[[https://us02web.zoom.us/j/81920374655?pwd=RkFL.1][Zoom]] passcode: 004618",
    passcode="004618",
    join_url=Z,
)
sample(
    "rst",
    "`Zoom <https://us02web.zoom.us/j/81920374655?pwd=RkFL.1>`_\nPasscode: ``004618``",
    passcode="004618",
    join_url=Z,
)
sample(
    "wiki",
    "[https://us02web.zoom.us/j/81920374655?pwd=RkFL.1 Zoom link] password: 004618",
    passcode="004618",
    join_url=Z,
)
sample(
    "yaml",
    'zoom_url: "https://us02web.zoom.us/j/81920374655?pwd=RkFL.1"\nzoom_passcode: "004618"',
    passcode="004618",
    join_url=Z,
)
sample(
    "mixed-phone-extension",
    "Dial +49 69 12345678,,81920374655#,,,,*004618# (Zoom)\nhttps://acme.zoom.us/j/81920374655",
    passcode="004618",
)
sample(
    "sig-passcode",
    "https://acme.zoom.us/j/81920374655\n\n--\nKim Example\nOffice pin: 9988\nParking code: 4455",
    passcode=None,
)
sample("dialin-conf", "Conference ID: 819 203 7465\nPasscode: 123456\nDial-in +1 646 555 0123", sip=None)
sample("teams-id-zoom-word", "We use Teams, not Zoom. Meeting ID: 234 567 890 12\nPasscode: aB3dEf", sip=None)
sample("webex-11-3-4-4", "Webex Meeting number: 255 0123 4567\nPassword: abc", sip=None)
sample("zoom-and-tencent", "腾讯会议 会议号：819 203 746 密码：1234\nZoom 备用", sip=None)
sample(
    "ms-meeting-join",
    "https://teams.microsoft.com/meet/234567890123?p=abc\nDial in by phone +1 646-555-0123,,81920374655#\nPhone conference ID: 819 203 746 55#",
    service="teams",
    sip=None,
)
