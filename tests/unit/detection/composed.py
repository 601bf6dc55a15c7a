"""Invitations of many services and languages, and texts that mislead, composed from what public ones have in common.

Ids, codes, names and telephone numbers are invented. They were labelled before detection ever saw them. ``auto``: that a
room may join by itself.
"""

# ruff: noqa: E501

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Composed:
    """``wanted``: field of JoinInfo to value; ``sip`` and ``h323`` are the first address, None for none."""

    text: str
    wanted: dict[str, object]
    auto: bool = True


TEXTS: dict[str, Composed] = {}


def text(name: str, body: str, auto: bool = True, **wanted: object) -> None:
    assert name not in TEXTS
    TEXTS[name] = Composed(body, wanted, auto)


# ---- Zoom, in many languages

text(
    "zoom-sv",
    "Anslut till Zoom-möte\nhttps://acme.zoom.us/j/86420135797?pwd=Tk9.1\n\nMötes-ID: 864 2013 5797\nLösenord: 402817\n",
    service="zoom",
    meeting_id="86420135797",
    passcode="402817",
    sip="86420135797.402817@zoomcrc.com",
)
text(
    "zoom-nl-below-signature",
    "Hallo,\n\nDeelnemen aan Zoom-vergadering\nhttps://us06web.zoom.us/j/85317642098\nVergadering-ID: 853 1764 2098\nToegangscode: 771204\n\nMet vriendelijke groet\nPim Voorbeeld\n+31 20 555 0143\nhttps://us06web.zoom.us/j/4155550188\n",
    service="zoom",
    sip="85317642098.771204@zoomcrc.com",
)
text(
    "zoom-cs-onetap",
    "Téma: Porada\nPřipojit se ke schůzce Zoom\nhttps://us02web.zoom.us/j/87531902466?pwd=QmF5\n\nID schůzky: 875 3190 2466\nPřístupový kód: b7#Kq2\nJedním klepnutím na mobilu\n+420239018272,,87531902466#,,,,*558204# Česko\n",
    service="zoom",
    passcode_text="b7#Kq2",
    passcode="558204",
    sip="87531902466.558204@zoomcrc.com",
)
text(
    "zoom-el",
    "Συμμετοχή στη συνάντηση Zoom\nhttps://us05web.zoom.us/j/83012479560?pwd=xY.1\nΑναγνωριστικό σύσκεψης: 830 1247 9560\nΚωδικός πρόσβασης: 19Xk4c\n",
    service="zoom",
    meeting_id="83012479560",
    passcode=None,
    sip="83012479560@zoomcrc.com",
)
text(
    "zoom-vi-table",
    "Lịch họp\nLiên kết Zoom: https://zoom.us/j/96240713855\nID cuộc họp: 962 4071 3855\nMật khẩu: 0914\n",
    service="zoom",
    sip="96240713855.0914@zoomcrc.com",
)
text(
    "zoom-ar",
    "انضم إلى اجتماع Zoom\nhttps://us02web.zoom.us/j/81730264915?pwd=aa\nمعرف الاجتماع: 817 3026 4915\nرمز المرور: 663105\n",
    service="zoom",
    sip="81730264915.663105@zoomcrc.com",
)
text(
    "zoom-he-marks",
    "\u202bהצטרפו לפגישת Zoom\u202c\nhttps://us02web.zoom.us/j/84907316522\n\u202bמזהה פגישה: \u202a849 0731 6522\u202c\n\u202bקוד גישה: \u202a907144\u202c\n",
    service="zoom",
    sip="84907316522.907144@zoomcrc.com",
)
text(
    "zoom-ko-location-and-body",
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example//EN\nBEGIN:VEVENT\nUID:1@example.org\nDTSTART:20261202T090000Z\nSUMMARY:주간 회의\nLOCATION:https://us02web.zoom.us/j/82460917338?pwd=abc\nDESCRIPTION:회의 ID: 824 6091 7338\\n암호: 551920\\n\nEND:VEVENT\nEND:VCALENDAR\n",
    service="zoom",
    sip="82460917338.551920@zoomcrc.com",
)
text(
    "zoom-fi-sip",
    "Liity Zoom-kokoukseen\nhttps://acme.zoom.us/j/88213064759\nKokouksen tunnus: 882 1306 4759\nTunnuskoodi: 330127\nLiity SIP:llä\n88213064759@zoomcrc.com\nLiity H.323:lla\n144.195.19.161 (Yhdysvallat, länsi)\nKokouksen tunnus: 882 1306 4759\nTunnuskoodi: 330127\n",
    service="zoom",
    sip="88213064759.330127@zoomcrc.com",
    h323="144.195.19.161##88213064759#330127",
)
text(
    "zoom-gov-body-only",
    "Join ZoomGov Meeting\nMeeting ID: 160 4821 7735\nPasscode: 449012\nOne tap mobile\n+16692545252,,16048217735#,,,,*449012# US (San Jose)\n",
    service="zoom",
    meeting_id="16048217735",
    sip=None,
)
text(
    "zoom-gov-register-page-elsewhere",
    "Register first: https://agency.zoomgov.com/webinar/register/WN_abc\nHelp: https://support.zoom.us/hc\n",
    joinable=False,
    sip=None,
)
text(
    "zoom-html-safelinks-hu",
    '<html><body><p>Csatlakozás Zoom-megbeszéléshez</p><p><a href="https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fus06web.zoom.us%2Fj%2F89610472357%3Fpwd%3DZz.1&amp;data=05%7C02">Csatlakozás</a></p><table><tr><td>Értekezlet-azonosító:</td><td>896 1047 2357</td></tr><tr><td>Jelszó:</td><td>118273</td></tr></table></body></html>',
    service="zoom",
    sip="89610472357.118273@zoomcrc.com",
)
text(
    "zoom-quoted-german",
    "Ja, passt.\n\nVon: Kim Beispiel <kim@example.org>\nGesendet: Montag, 30. November 2026 10:02\nAn: Robin\nBetreff: Abstimmung\n\nZoom-Meeting beitreten\nhttps://us02web.zoom.us/j/85170264933\nMeeting-ID: 851 7026 4933\nKenncode: 902511\n",
    service="zoom",
    sip="85170264933.902511@zoomcrc.com",
)
text("zoom-personal-name", "Mein Raum: https://acme.zoom.us/my/kim.beispiel\n", service="zoom", joinable=True, sip=None)
text(
    "zoom-recording-ja",
    "先週の録画: https://us02web.zoom.us/rec/share/AbCdEf パスコード: 7k2#aa\n",
    joinable=False,
    sip=None,
)

# ---- Teams

TEAMS = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_QUFB%40thread.v2/0?context=%7b%22Tid%22%3a%22b%22%7d"
text(
    "teams-es",
    f"Reunión de Microsoft Teams\nÚnase a través de su PC o aplicación móvil\nHaga clic aquí para unirse a la reunión<{TEAMS}>\nId. de reunión: 381 204 775 016\nCódigo de acceso: pQ7rT2\n",
    service="teams",
    meeting_id="381204775016",
    passcode_text="pQ7rT2",
    sip=None,
)
text(
    "teams-de-kennung",
    "Microsoft Teams\nJetzt an der Besprechung teilnehmen<https://teams.microsoft.com/meet/382715004926118?p=aZ4>\nBesprechungs-ID: 382 715 004 926 118\nKennung: Hx8Wq2\n",
    service="teams",
    meeting_id="382715004926118",
    passcode_text="Hx8Wq2",
    sip=None,
)
text(
    "teams-fr-poly",
    f"Réunion Microsoft Teams\nRejoignez à partir de votre ordinateur<{TEAMS}>\nRejoindre avec un appareil de vidéoconférence\n847203915@t.plcm.vc\nID de la vidéoconférence : 118 402 773 6\nAutres instructions VTC<https://dialin.plcm.vc/teams/?key=847203915&conf=1184027736>\n",
    service="teams",
    sip="847203915.1184027736@t.plcm.vc",
)
text(
    "teams-it-cisco",
    f"Riunione di Microsoft Teams\nPartecipa<{TEAMS}>\nPartecipa con un dispositivo per videoconferenze\nacme@m.webex.com\nID videoconferenza: 119 274 660 3\n",
    service="teams",
    sip="1192746603.acme@m.webex.com",
)
text(
    "teams-person-below",
    f"Microsoft Teams meeting<{TEAMS}>\nMeeting ID: 290 118 337 452\nPasscode: Jk2Lm9\n\nHost: Ann Sample <sip:ann.sample@corp.example>\n",
    service="teams",
    sip=None,
)
text(
    "teams-now-zoom-before",
    f"Last time we used Zoom (https://zoom.us/j/97310466285); from now on we meet in Teams: {TEAMS}\n",
    service="teams",
    sip=None,
)

# ---- Webex

text(
    "webex-de",
    "Webex-Meeting beitreten\nhttps://acme.webex.com/acme/j.php?MTID=m4a1\nMeeting-Kennnummer (Zugriffscode): 2743 118 0562\nMeeting-Passwort: Tz4mKq\nÜber Videosystem teilnehmen\nWählen Sie 27431180562@acme.webex.com\nSie können auch 173.243.2.68 wählen und Ihre Meeting-Nummer eingeben.\n",
    service="webex",
    meeting_id="27431180562",
    sip="27431180562@acme.webex.com",
    h323="173.243.2.68##27431180562",
)
text(
    "webex-pt-room",
    "Sala pessoal: https://acme.webex.com/meet/rui.exemplo\nEntrar por sistema de vídeo: rui.exemplo@acme.webex.com\n",
    service="webex",
    sip="rui.exemplo@acme.webex.com",
)
text(
    "webex-bare-link-fr",
    "Rejoindre : https://acme.webex.com/acme/j.php?MTID=m88fa\n",
    service="webex",
    joinable=True,
    sip=None,
)

# ---- Meet, Pexip, CMS, Lifesize, StarLeaf, BlueJeans, GoTo, RingCentral, Chime, Skype

text(
    "meet-tr",
    "Google Meet ile katıl\nhttps://meet.google.com/kqz-wmte-prv\nTelefonla: +90 212 555 0143 PIN: 118 402 773#\n",
    service="meet",
    meeting_id="kqz-wmte-prv",
    sip=None,
)
text(
    "meet-interop-de",
    "https://meet.google.com/abx-wxyz-qrs\nMit einem Videokonferenzsystem teilnehmen: 81402277361@vc.example.net\n",
    service="meet",
    sip="81402277361@vc.example.net",
)
text(
    "pexip-no",
    "Bli med: https://video.example.net/webapp/#/?conference=styre%40vc.example.net\n",
    service="pexip",
    sip="styre@vc.example.net",
)
text(
    "cms-cisco-label-es",
    "Unirse: https://join.vc.example.net/invited.sf?secret=Zx8&id=704118\nSistema de videoconferencia: sala.norte@vc.example.net\n",
    service="cms",
    meeting_id="704118",
    sip="sala.norte@vc.example.net",
)
text("cms-bare", "https://join.vc.example.net/invited.sf?secret=Zx8&id=704118\n", service="cms", sip=None)
text(
    "lifesize-en",
    "Join the meeting: https://call.lifesizecloud.com/8841207\nExtension: 8841207\n",
    service="lifesize",
    sip="8841207@lifesizecloud.com",
)
text(
    "starleaf-en",
    "Join: https://meet.starleaf.com/4117720563\nFrom a SIP system: 4117720563@acme.call.sl\n",
    service="starleaf",
    sip="4117720563@acme.call.sl",
)
text(
    "bluejeans-en",
    "To join: https://bluejeans.com/771204563/4471\nRoom system: 199.48.152.152\n",
    service="bluejeans",
    sip="771204563.4471@bjn.vc",
    h323="199.48.152.152##771204563#4471",
)
text(
    "goto-printed",
    "Please join my meeting.\nhttps://meet.goto.com/718204553\nJoin from a video-conferencing room or system.\nDial in or type: 67.217.95.2 or inroomlink.goto.com\nMeeting ID: 718 204 553\n",
    service="gotomeeting",
    sip="718204553@67.217.95.2",
)
text(
    "goto-bare",
    "Please join: https://meet.goto.com/718204553\nUnited States: +1 (571) 317-3122\nAccess Code: 718-204-553\n",
    service="gotomeeting",
    joinable=True,
    sip=None,
)
text(
    "goto-two-parts",
    "My room: https://www.gotomeet.me/AcmeCorp/weekly\n",
    service="gotomeeting",
    joinable=True,
    sip=None,
)
text(
    "ringcentral-en",
    "Join RingCentral meeting\nhttps://v.ringcentral.com/join/880412773\nJoin from room: 880412773@sip.rcv.com\n",
    service="ringcentral",
    sip="880412773@sip.rcv.com",
)
text(
    "chime-system",
    "Join: https://chime.aws/8841207733\nMeeting PIN: 8841 20 7733\nFrom an in-room video system\nSIP: 8841207733@meet.chime.in\nH.323: 13.248.147.139\n",
    service="chime",
    sip="8841207733@meet.chime.in",
    h323="13.248.147.139##8841207733",
)
text("chime-bare", "Join: https://chime.aws/8841207733\n", service="chime", joinable=True, sip=None)
text(
    "skype-gateway",
    "Join Skype Meeting<https://meet.lync.com/acme/kim/J2K3L4M5>\nVideo gateway: vc.acme.example\nConference ID: 5520417\n",
    service="skype",
    sip="5520417@vc.acme.example",
)
text(
    "skype-bare",
    "Join Skype Meeting<https://meet.lync.com/acme/kim/J2K3L4M5>\nConference ID: 5520417\n",
    service="skype",
    sip=None,
)
text(
    "jitsi-gateway",
    "Jitsi: https://meet.jit.si/BeispielRunde\nRaumsystem: sip:beispielrunde@gw.example.net\n",
    service="jitsi",
    sip="beispielrunde@gw.example.net",
)
text("whereby-id", "Gabung rapat: https://whereby.com/contoh-tim\n", service="whereby", sip=None)
text(
    "tencent-zh",
    "邀请您参加腾讯会议\nhttps://meeting.tencent.com/dm/Q7wErTyU\n#腾讯会议：418-203-775\n",
    service="tencent",
    sip=None,
)
text(
    "feishu-zh",
    "飞书会议\n会议链接：https://vc.feishu.cn/j/418203775\n会议 ID：418 203 775\n",
    service="lark",
    sip=None,
)
text("telemost-ru", "Подключиться: https://telemost.yandex.ru/j/41820377511823\n", service="telemost", sip=None)
text(
    "direct-h323",
    "Video call: dial 198.51.100.9##8841#2207 from the codec\n",
    service="direct",
    h323="198.51.100.9##8841#2207",
    sip=None,
)
text(
    "direct-sip-nl",
    "Bel met het videosysteem naar sip:raadzaal@vc.example.net\n",
    service="direct",
    sip="raadzaal@vc.example.net",
)

# ---- what misleads

ZA = "https://us02web.zoom.us/j/86120934475"
ZB = "https://us02web.zoom.us/j/89470215563"
text("two-undecided", f"Group A: {ZA}\nGroup B: {ZB}\n", auto=False, service="zoom", meeting_id="86120934475")
text(
    "office-hours-above",
    f"Office hours any time: https://zoom.us/j/4155550177\n\nJoin Zoom Meeting\n{ZB}?pwd=a.1\nMeeting ID: 894 7021 5563\nPasscode: 204417\nOne tap mobile\n+13015550143,,89470215563#,,,,*204417# US\n",
    service="zoom",
    sip="89470215563.204417@zoomcrc.com",
)
text(
    "superseded-no",
    f"Denne innkallingen erstatter den forrige ({ZA}).\nBli med: {ZB}\n",
    service="zoom",
    meeting_id="89470215563",
)
text("moved-pl", f"Uwaga: zmiana linku!\nByło: {ZA}\nJest: {ZB}\n", service="zoom", meeting_id="89470215563")
text(
    "struck-html",
    f'<p><s><a href="{ZA}">alt</a></s></p><p>Neu: <a href="{ZB}">Zoom</a></p>',
    service="zoom",
    meeting_id="89470215563",
)
text(
    "new-in-body-old-in-location",
    f"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:2@example.org\nDTSTART:20261202T090000Z\nSUMMARY:Sync\nLOCATION:{ZA}\nDESCRIPTION:The old link ({ZA}) no longer works.\\nNew link: {ZB}\\n\nEND:VEVENT\nEND:VCALENDAR\n",
    service="zoom",
    meeting_id="89470215563",
)
text("cancelled-nb", f"Møtet er avlyst.\n\n{ZA}\n", auto=False, service="zoom", meeting_id="86120934475")
text("cancelled-ja", f"本日の会議は中止になりました。\n{ZA}\n", auto=False, service="zoom", meeting_id="86120934475")
text("cancelled-es", f"Hoy no hay reunión.\nZoom: {ZA}\n", auto=False, service="zoom", meeting_id="86120934475")
text(
    "cancelled-if",
    f"If the meeting is cancelled, we will write to you. Zoom: {ZA}\n",
    service="zoom",
    meeting_id="86120934475",
)
text("cancelled-lunch", f"The lunch has been cancelled. Zoom: {ZA}\n", service="zoom", meeting_id="86120934475")
text(
    "login-ru", "Вход в личный кабинет\nЛогин: 921 4055 0177\nПароль: 552018\n", service=None, joinable=False, sip=None
)
text(
    "kaltura-unknown",
    "Kaltura Live Room\nhttps://live.kaltura.example/room/771\nMeeting ID: 864 2013 5797\nPasscode: 402817\n",
    joinable=False,
    sip=None,
)
text(
    "bridge-fr",
    "Conférence téléphonique\nComposez le +33 1 55 50 01 43\nIdentifiant de réunion : 864 2013 5797\nCode PIN : 402817\n",
    joinable=False,
    sip=None,
)
text(
    "zoom-word-other-meeting",
    "We no longer use Zoom.\n\nAvaya Spaces\nMeeting ID: 864 2013 5797\nPasscode: 402817\n",
    joinable=False,
    sip=None,
)
text(
    "door-nl",
    f"Deelnemen aan Zoom: {ZA}\nWachtwoord: k9Xq\n\nToegangscode voordeur: 2207#\n",
    service="zoom",
    passcode=None,
    sip="86120934475@zoomcrc.com",
)
text(
    "wifi-es",
    f"Zoom: {ZA}\n\nContraseña del wifi: 88112207\n",
    service="zoom",
    passcode=None,
    sip="86120934475@zoomcrc.com",
)
text(
    "described-de",
    f"Zoom: {ZA}\nMeeting-ID: 861 2093 4475\nKenncode: 6-stellig, kommt per SMS\n",
    service="zoom",
    passcode=None,
    sip="86120934475@zoomcrc.com",
)
text(
    "described-zh",
    f"Zoom：{ZA}\n会议号：861 2093 4475\n密码：6位数字，另行通知\n",
    service="zoom",
    passcode=None,
    sip="86120934475@zoomcrc.com",
)
text(
    "token-printed",
    "Zoom Meeting ID: 861 2093 4475 Passcode: 7712 pwd=QmFzZTY0VG9rZW4x.1\n",
    service="zoom",
    sip="86120934475.7712@zoomcrc.com",
)
text("person-de", "Fragen bitte an sip:max.muster@firma.example oder per Mail.\n", joinable=False, sip=None)
text("person-jabber-fr", "Contact Jabber : sip:anne.exemple@societe.example\n", joinable=False, sip=None)
text(
    "person-labelled-room",
    "Join from a room system: sip:anne.exemple@vc.societe.example\n",
    service="direct",
    sip="anne.exemple@vc.societe.example",
)
text("lookalike-bridge", "sip:86120934475@zoomcrc-com.evil.example\n", joinable=False, sip=None)
text("lookalike-link", "Join: https://zoom.us.evil.example/j/86120934475\n", joinable=False, sip=None)
text(
    "unknown-redirector",
    "Join: https://click.evil.example/?url=https%3A%2F%2Fzoom.us%2Fj%2F86120934475\n",
    joinable=False,
    sip=None,
)
text(
    "placeholder",
    "Join Zoom Meeting\nhttps://zoom.us/j/1234567890\nMeeting ID: 123 456 7890\nPasscode: 123456\n",
    joinable=False,
    sip=None,
)
text(
    "backup-phone-bridge",
    f"Zoom: {ZA}\nBackup audio: +1 605 555 0143, access code 771204#\n",
    service="zoom",
    passcode=None,
    sip="86120934475@zoomcrc.com",
)
text(
    "example-in-help",
    "To find your id, look at the link, e.g. https://zoom.us/j/86120934475.\n",
    joinable=False,
    sip=None,
)
