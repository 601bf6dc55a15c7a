"""A text that says that its meeting does not take place: the button stays, and no room joins by itself.

"This meeting has been cancelled.", "Heute kein Zoom." Only sentences that say it of the meeting: "if the meeting is
cancelled", a cancelled lunch, last week's cancelled meeting and a policy of cancellation say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import re2

from connector.detection.parsed_text import LINK, ParsedText

SENTENCE = "the text says that the meeting does not take place: no room joins by itself"
_LONGEST = 160  # characters of a sentence that says it
_MOST = 60  # hits of the words that are looked at
_BEGINNING = 10_000  # characters of a text: who calls a meeting off says so at once

_MEETING = (
    r"meeting|call\b|session|event|webinar|zoom|teams|webex|conference|appointment|stand-?up|sync\b|weekly|training"
    r"|class\b"
    r"|lecture|besprechung|termin|sitzung|treffen|konferenz|veranstaltung|vorlesung|seminar|jour fixe|r[ée]union"
    r"|séance|rendez-vous"
    r"|cours|visio|webinaire|reuni[óo]n|sesi[óo]n|cita|clase|evento|videollamada|riunione|incontro|lezione"
    r"|appuntamento|reunião"
    r"|sessão|aula|encontro|vergadering|overleg|afspraak|bijeenkomst|möte|sammanträde|møde|møte|kokous|palaveri"
    r"|tapaaminen"
    r"|spotkani|zebrani|zajęcia|schůzk|porad|setkání|schôdz|stretnuti|értekezlet|megbeszélés|találkozó|întâlnir"
    r"|ședinț|sastan"
    r"|встреч|совещани|собрани|заняти|вебинар|созвон|зустріч|нарад|занятт|срещ|събрани|toplantı|görüşme|ders\b"
    r"|συνάντηση"
    r"|σύσκεψη|cuộc họp|buổi họp|rapat|pertemuan|פגיש|ישיב|זום|اجتماع|اللقاء|لقاء|جلسه|बैठक|মিটিং|มีตติ้ง|การประชุม"
    r"|ประชุม"
    r"|会议|會議|例会|例會|会談|会合|ミーティング|打ち合わせ|打合せ|定例|회의|미팅|모임"
)
_OFF = (
    r"cancel+ed\b|called off|postponed|won['’]t (?:take place|happen)|(?:will|does|is) not (?:take place"
    r"|taking place|happen(?:ing)?|be held)"
    r"|abgesagt|f[äa]llt (?:heute |leider |morgen |diese woche )?aus\b|entf[äa]llt|findet (?:heute "
    r"|leider )?nicht statt|ausgefallen"
    r"|verschoben|annulée?s?\b|reportée?s?\b|n['’]aura pas lieu|n['’]a pas lieu|supprimée?\b|cancelad[oa]s?\b"
    r"|suspendid[oa]\b"
    r"|anulad[oa]\b|aplazad[oa]\b|pospuest[oa]\b|no (?:se celebrará|tendrá lugar|habrá)|annullat[oa]\b"
    r"|rinviat[oa]\b|sospes[oa]\b"
    r"|non (?:si terrà|si tiene|avrà luogo|ci sarà)|adiad[oa]\b|suspens[oa]\b|não (?:vai haver|haverá|acontecerá"
    r"|se realizará)"
    r"|geannuleerd|afgelast|gaat (?:vandaag |helaas )?niet door|vervalt|uitgesteld|inställ[td]|ställs in"
    r"|blir inte av|framflytta[td]"
    r"|aflyst|avlyst|udsat|utsatt|utgår|peru(?:ttu|taan|ntunut)|ei pidetä|siirretty|odwołan[eya]|anulowan[eya]"
    r"|nie odbędzie się"
    r"|przełożon[eya]|zrušen[aoy]?\b|se (?:ne)?ruší|odpadá|nekoná se|zrušen[éáý]|elmarad|lemondva|törölve|elhalasztva"
    r"|anulat[ăa]?\b|nu (?:va avea|are) loc|amânat[ăa]?\b|otkazan[oa]?\b|ne održava se|odgođen"
    r"|отмен[её]н[ао]?\b|отменяется|не состоится|не будет\b|перенес[её]н[ао]?\b|скасован[оаи]?\b|скасовується"
    r"|не відбудеться"
    r"|отменен[ао]?\b|iptal (?:edildi|edilmiştir|oldu)|ertelendi|yapılmayacak|ακυρώ(?:θηκε|νεται)|αναβάλλεται|ματαιώ"
    r"|đã (?:bị )?h[uủ][ỷỉy]?|bị hủy|bị hoãn|dibatalkan|ditunda|batal\b|בוטל|מבוטל|נדח|לא (?:תתקיים|יתקיים)"
    r"|[أا]ُ?لغي|ملغ[ىي]|"
    r"تم إلغاء|تأجل|لن يعقد|لغو شد|रद्द|বাতিল|ยกเลิก|เลื่อน|取消|中止|延期|不开了|不開了|作废|休会|キャンセル|취소"
    r"|연기|없습니다"
)
_NO_MEETING = (
    r"(?<!\w)(?:there (?:is|will be) )?no (?:zoom|meeting|call|session|class|webex|teams(?: call"
    r"| meeting)?)(?: call| meeting)? (?:today|tonight|this week|tomorrow)"
    r"|(?:heute|morgen|diese woche)[^.\n]{0,20} kein(?:e|en)? (?:zoom|besprechung|sitzung|termin|treffen|meeting"
    r"|call)"
    r"|kein(?:e|en)? (?:zoom|besprechung|sitzung|termin|treffen|meeting)(?:-\w+)? (?:heute|morgen|diese woche)"
    r"|pas de (?:zoom|réunion|visio|séance|cours)[^.\n]{0,20}(?:aujourd['’]hui|ce soir|demain|cette semaine)"
    r"|(?:aujourd['’]hui|cette semaine),? pas de (?:zoom|réunion|visio|séance|cours)"
    r"|(?:hoy|esta semana) no (?:hay|habrá|tenemos) (?:zoom|reunión|clase|sesión)|no (?:hay|habrá) (?:zoom|reunión"
    r"|clase|sesión)[^.\n]{0,12} (?:hoy|esta semana)"
    r"|(?:oggi|questa settimana) (?:niente|non c['’]è|nessun[a]?) (?:la |lo )?(?:zoom|riunione|lezione)|(?:niente"
    r"|nessuna) (?:zoom|riunione|lezione) (?:oggi|questa settimana)"
    r"|(?:hoje|esta semana) não (?:há|haverá|tem|teremos) (?:zoom|reunião|aula)|(?:não há|não haverá|sem) (?:zoom"
    r"|reunião|aula) (?:hoje|esta semana)"
    r"|(?:vandaag|deze week) geen (?:zoom|vergadering|overleg|meeting)|geen (?:zoom|vergadering|overleg"
    r"|meeting) (?:vandaag|deze week)"
    r"|(?:inget|ingen) (?:zoom|möte)\w* (?:idag|i dag|denna vecka)|(?:idag|i dag) (?:inget|ingen) (?:zoom|möte)"
    r"|(?:ingen|intet|ikke noget|ikke noe) (?:zoom|møde|møte)\w* (?:i dag|denne uge|denne uken)|i dag (?:ingen"
    r"|intet|ikke noget) (?:zoom|møde|møte)"
    r"|(?:tänään|tällä viikolla) ei (?:ole )?(?:zoom|kokou|palaveri)|ei (?:zoom|kokou|palaveri)\w* (?:tänään"
    r"|tällä viikolla)"
    r"|(?:dziś|dzisiaj|w tym tygodniu) (?:nie ma|nie będzie|bez) (?:zoom|spotkani)|(?:nie ma|nie będzie"
    r"|brak) (?:zoom\w*|spotkani\w*) (?:dziś|dzisiaj|w tym tygodniu)"
    r"|(?:dnes|tento týden) (?:není|nebude|žádn\w{1,3}|bez) (?:zoom|schůz|porad|stretnut)|(?:ma"
    r"|ezen a héten) (?:nincs|nem lesz) (?:zoom|megbeszél|értekez)"
    r"|(?:astăzi|azi) nu (?:avem|este|e|va fi) (?:zoom|ședință|întâlnire)|danas (?:nema|neće biti) (?:zoom|sastan)"
    r"|(?:сегодня|на этой неделе) (?:нет|не будет|без) (?:zoom|зум|встреч|совещан|собран|занят)|(?:zoom"
    r"|зум)\w* (?:сегодня )?не будет"
    r"|(?:сьогодні|цього тижня) (?:немає|не буде|без) (?:zoom|зум|зустріч|нарад|занят)|(?:bugün|bu hafta) (?:zoom"
    r"|toplantı|ders)\w* (?:yok|olmayacak)"
    r"|(?:σήμερα) (?:δεν (?:έχει|έχουμε|υπάρχει)|όχι) (?:zoom|συνάντηση)|hôm nay không (?:có )?(?:họp|zoom)"
    r"|hari ini tidak ada (?:zoom|rapat)|tidak ada (?:zoom|rapat) hari ini"
    r"|אין (?:היום )?(?:זום|zoom|פגישה|ישיבה)(?: היום)?|לא (?:נפגשים|נפגש) היום|لا (?:يوجد )?(?:اجتماع|زوم"
    r"|zoom) اليوم|اليوم لا (?:يوجد )?(?:اجتماع|زوم|zoom)"
)
_NO_MEETING_WITHOUT_BLANKS = (
    r"(?:今天|本周|这周|今日|本週)(?:不|没有|没|沒有|無|无)(?:开|開)?(?:zoom|会|會|会议|會議|例会)|(?:今日|本日"
    r"|今週)(?:の|は)?(?:zoom|会議|ミーティング|打ち合わせ|定例)?(?:は|の)?(?:ありません|なし|お休み|休み)"
    r"|오늘(?:은)? (?:zoom|줌|회의|미팅)(?:은|는|이|가)? ?(?:없|안)"
)
# What makes of such a sentence something else: a condition, a question, another time, another thing, an instruction.
_NOT_SAID = re.compile(
    r"(?<!\w)(?:if|unless|in case|whether|when(?:ever)?|should|may|might|could|can|please|to be"
    r"|not (?:been )?cancel\w*|never|last|previous|yesterday"
    r"|policy|fee|refund|until|must|falls|wenn|sofern|ob|kann|könnte|sollte|letzte\w?|gestern|nicht abgesagt"
    r"|s['’]il|si\b|au cas|peut|dernière?|hier"
    r"|en caso|cuando|puede|pasad[oa]|ayer|se\b|qualora|può|scors[oa]|ieri|caso|quando|pode|passad[oa]|ontem|als\b"
    r"|indien|kan|vorige|gisteren|om\b"
    r"|ifall|kan|förra|igår|hvis|dersom|sidste|forrige|jos|viime|eilen|jeśli|jeżeli|może|zeszł\w+|wczoraj|pokud"
    r"|kdyby|minul\w+|včera|ha (?:a|az|nem|mégis)|múlt|tegnap"
    r"|dacă|trecut\w?|ako|prošl\w+|если|может|прошл\w+|вчера|якщо|може|минул\w+|вчора|eğer|geçen|dün|αν\b|εάν|nếu"
    r"|tuần trước|jika|kalau|minggu lalu)(?!\w)"
    r"|אם |שעבר|إذا|لو |الماضي|如果|若|假如|上周|上次|昨天|場合|もし|先週|前回|昨日|만약|경우|지난|어제|\?|？"
    r"|edilirse|olursa|되면|면 "
)
_OTHER_THING = re.compile(
    r"(?<!\w)(?:lunch|dinner|trip|flight|hotel|order|subscription|catering|coffee|party|tour|train|mittagessen|flug"
    r"|reise|déjeuner|vol\b|almuerzo|vuelo"
    r"|pranzo|volo|almoço|voo|room booking|parking|noise|echo|obiad|ужин|обед|рейс)(?!\w)"
)
_OFF_WITHOUT_BLANKS = "取消|中止|延期|休会|不开了|不開了|作废|취소|연기|キャンセル|ยกเลิก|เลื่อน"
# A word boundary first, which most places fail at once. Chinese, Japanese and Korean have none.
_HIT = re.compile(rf"(?<![^\W_])(?:{_NO_MEETING}|(?P<off>{_OFF}))")
_HIT_WITHOUT_BLANKS = re.compile(rf"(?P<off>{_OFF_WITHOUT_BLANKS})|{_NO_MEETING_WITHOUT_BLANKS}")
_EAST_ASIAN = "\u0e00"


def _mostly_never() -> Any:
    """All of the words in one automaton, which most texts do not pass. What does is looked at with the others."""
    words = "|".join((_NO_MEETING, _OFF, _OFF_WITHOUT_BLANKS, _NO_MEETING_WITHOUT_BLANKS))
    options = re2.Options()
    options.max_mem = 32 << 20
    return re2.compile(re.sub(r"\(\?<?[!=]\\w\)|\\b", "", words), options)


_MAYBE = _mostly_never()
_MEETING_WORD = re.compile(_MEETING)
_ENDS = re.compile(r"[.!;\n" + LINK + r"]|[。！]")


def says_called_off(parsed: ParsedText) -> bool:
    """A sentence of the new text, quoted mail left out, says that the meeting does not take place."""
    hits = islice(_hits(parsed.low[:_BEGINNING]), _MOST)
    return any(not parsed.quoted(match.start()) and _is_said(parsed, match) for match in hits)


def _hits(low: str) -> Iterator[re.Match[str]]:
    if _MAYBE.search(low.encode("utf-8", "replace").decode("utf-8")) is None:
        return
    yield from _HIT.finditer(low)
    if not low.isascii() and max(low) >= _EAST_ASIAN:
        yield from _HIT_WITHOUT_BLANKS.finditer(low)


def _is_said(parsed: ParsedText, match: re.Match[str]) -> bool:
    low = parsed.low
    ends = list(_ENDS.finditer(low, max(0, match.start() - _LONGEST), match.start()))
    start = ends[-1].end() if ends else max(0, match.start() - _LONGEST)
    end = _ENDS.search(low, match.end(), match.end() + _LONGEST)
    sentence = low[start : end.end() if end else match.end() + _LONGEST]
    if _NOT_SAID.search(sentence) or _OTHER_THING.search(sentence) or len(sentence) > _LONGEST:
        return False
    return match["off"] is None or _MEETING_WORD.search(sentence) is not None or _is_headline(sentence)


def _is_headline(sentence: str) -> bool:
    """ "CANCELLED", "*** Abgesagt! ***": the word alone on its line."""
    return len(sentence.split()) <= 2 and sentence.strip(" *_-=#!.\n\t") != ""
