"""Words beside an address or a number that say a room dials it. All for text in lower case."""

from __future__ import annotations

import re

# The word in the languages of invitations.
VIDEO = r"vid[eé][oó]|видео|відео|wideo|βίντεο|ビデオ|视频|視頻|視訊|影片|화상|비디오|וידאו|וידיאו|فيديو|वीडियो|วิดีโอ"
DIAL_WORD = re.compile(  # right before an address
    r"(?<!\w)(?:dial|call|wählen(?: sie)?|composez|appelez|marque|marcar|disque|comporre|chiamare|bel|ring)"
    r"[ \t]{0,3}:?[ \t*]{0,4}$"
)
ROOM_SYSTEM = re.compile(r"video[ -]?(?:conferenc|system|device|endpoint)|room system|third-party|\bsip\b")
# Whom one calls there is a person: who invites, whom one asks. en de fr es it pt nl sv da no fi pl cs hu ro ..
PERSON = (
    r"(?<!\w)(?:hosts?\b|hosted by|organi[sz]er|organi[sz]ed by|contact|reach (?:me|us|him|her|out)|jabber|\bim\b"
    r"|chat\b"
    r"|questions?\b|call me|ring me|ping me|ask\b|e-?mail|mail\b|speaker|presenter|moderator|assistant|secretary"
    r"|support"
    r"|help ?desk|extension|ext\.|desk phone|from:|invited by|chair|created by|author|attendees?|participants?:|cc:"
    r"|to:"
    r"|veranstalter|gastgeber|kontakt|ansprechpartner|(?:rück)?fragen|erreichbar|erreichen sie|durchwahl|referent"
    r"|leitung"
    r"|einladender|organisateur|hôte|contacte[rz]|me joindre|animateur|anfitri[óo]n|organizador|contacto|preguntas"
    r"|dudas"
    r"|ponente|organizzatore|contatt|domande|relatore|contato|dúvidas|perguntas|gastheer|organisator|contactpersoon"
    r"|vragen"
    r"|spreker|värd|arrangör|frågor|vært|arrangør|spørgsmål|vert\b|spørsmål|isäntä|järjestäjä|yhteys|kysymykset"
    r"|gospodarz"
    r"|organizator|pytania|prowadzący|hostitel|organizátor|dotazy|házigazda|szervező|kapcsolat|kérdés|gazda|gazdă"
    r"|întrebări"
    r"|domaćin|pitanja|организатор|контакт|вопрос|ведущ|связь|свяжит|організатор|питання|зв['’]яз|düzenleyen"
    r"|ev sahibi"
    r"|iletişim|sorular|διοργανωτ|επικοινων|ερωτ|οικοδεσπότ|liên hệ|câu hỏi|người tổ chức|hubungi|penyelenggara"
    r"|pertanyaan)"
    r"|מארגן|מארח|ליצירת קשר|צרו קשר|שאלות|منظم|المضيف|للتواصل|تواصل|أسئلة|للاستفسار"
    r"|主持人|主催|联系|聯絡|聯繫|联络|問い合わせ|連絡|質問|咨询|문의|연락|주최|질문|진행자"
)
# One joins there.
TO_JOIN = (
    r"(?<!\w)(?:join|dial(?!ing)|connect|to call in|call in|meeting address|conference address|meeting room|bridge"
    r"|einw[aä]hl|wählen|beitret|beizutreten|teilnehm|teilzunehmen|verbinden|rejoin|particip|composez|appelez"
    r"|connecte"
    r"|unirse|únete|conect|marque|marcar|entrar|ingres|collegar|componi|comporre|entra|deelnem|verbind|inbel|anslut"
    r"|ring "
    r"|deltag|delta|koble|liity|soita|osallist|dołącz|połącz|wybierz|připoj|vytočte|csatlakoz|hívja|tárcsáz|alătur"
    r"|apela"
    r"|pridruž|nazov|подключ|присоедин|набер|звон|приєдн|katıl|bağlan|arayın|συμμετ|συνδεθ|καλέστε|tham gia|gọi"
    r"|gabung)"
    r"|הצטרפ|להתחבר|חייג|انضم|للانضمام|اتصل على|加入|拨|撥|入会|参加|參加|ダイヤル|接続|참가|접속|참여"
)
# It is a room system that dials.
ROOM = (
    r"(?<!\w)(?:video[ -]?(?:conferenc\w*|systems?|devices?|endpoints?|address|room|gateway|unit|call)"
    r"|room[ -]?(?:system|device)s?"
    r"|cisco|poly(?:com)?\b|lifesize|tandberg|huawei|yealink|telepresence|codec|endpoint|h\.?323|sip\b|vtc\b"
    r"|vc[ -]system"
    r"|standards-based|third-party|conference systems?|raumsystem|konferenzsystem|konferenzraum|video(?:konferenz"
    r"|system|raum)\w*"
    r"|visioconf\w*|visio\b|syst[èe]me (?:vid[ée]o|de salle)|salle|sistema (?:de )?(?:v[ií]deo|sala)|(?:equipo"
    r"|terminal) de v[ií]deo"
    r"|video ?conferenc\w*|videoconferência|videoconferenza|sala\b|videovergader\w*|vergaderruimte|videosysteem"
    r"|videokonferen\w*|videomöte|videomøde|videomøte|mødelokale|møterom|mötesrum|videoneuvottelu\w*|neuvotteluhuone"
    r"|wideokonferenc\w*|system\w* wideo|sal\w* konferenc\w*|zasedací|tárgyaló|videoconferin\w*|видео\w*|відео\w*"
    r"|переговорн\w*|video konferans|toplantı odası|βιντεο\w*|hội nghị truyền hình|phòng họp|konferensi video"
    r"|ruang rapat)"
    r"|会议室|會議室|终端|視訊|视频|視頻|ビデオ|会議室|テレビ会議|화상|회의실|וידאו|חדר ישיבות|فيديو|قاعة"
)
