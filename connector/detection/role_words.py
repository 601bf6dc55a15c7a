"""What people write beside a link when several stand in one text: which is new, which replaces which, which was used
before, which is the main one, which is kept in reserve.

Data only, all lower case; patterns, of scripts with blanks where the name does not say otherwise. Order of languages
where it can be kept: en de fr es it pt nl sv da no fi pl cs sk hu ro hr ru uk bg tr el vi id he ar fa. How they are
looked for: ``connector.detection.roles``.
"""

from __future__ import annotations

# Right before a link, or with only words for links in between: it is the one that counts now.
NEW = (
    *("new(?:er|est)?", "updated", "corrected", "changed", "current", "correct", "right", "valid", "latest"),
    *("actual",),
    *("revised", "rescheduled", "working", "fresh", "replacement"),
    *("neue[nrsm]?", "neu", "neuest\\w{0,3}", "aktuelle[nrsm]?", "aktuell", "aktualisierte[nrsm]?"),
    *("geänderte[nrsm]?",),
    *("richtige[nrsm]?", "korrekte[nrsm]?", "gültige[nrsm]?", "korrigierte[nrsm]?", "funktionierende[nrsm]?"),
    *("nouveaux?", "nouvel(?:le)?", "actuel(?:le)?", "bon", "bonne", "valide", "mis à jour", "corrigée?"),
    *("correcte?",),
    *("nuev[oa]s?", "actual", "actualizad[oa]", "correct[oa]", "válid[oa]", "corregid[oa]", "vigente"),
    *("nuov[oaie]", "attuale", "aggiornat[oa]", "corrett[oa]", "giust[oa]", "valid[oa]"),
    *("nov[oa]s?", "atual", "atualizad[oa]", "corret[oa]", "cert[oa]", "corrigid[oa]"),
    *("nieuwe?", "huidige", "juiste", "bijgewerkte", "geldige", "gewijzigde", "actuele"),
    *("ny(?:tt?|a|e)?", "nya", "aktuell?[aet]?", "uppdaterad(?:e)?", "rätt", "korrekta?", "gällande"),
    *("giltiga?",),
    *("opdatere[dt]e?", "oppdatert[e]?", "rigtige?", "riktige?", "gældende", "gjeldende", "gyldige?", "rette"),
    *("uu(?:si|det|den)", "nykyinen", "päivitetty", "oikea", "voimassa oleva", "korjattu"),
    *("now[yaei]", "nowego", "aktualn[yaei]", "zaktualizowan[yae]", "poprawn[yae]", "właściw[yae]"),
    *("nov[ýáéí]", "aktuální", "aktuáln[yae]", "aktualizovan[ýáé]", "správn[ýáéy]", "platn[ýáé]"),
    *("opraven[ýáé]",),
    *("új", "frissített", "aktuális", "helyes", "érvényes", "módosított"),
    *("nou[al]?", "noul", "noua", "actualizat[aă]?", "actual[aă]?", "corect[aă]?", "valabil[aă]?"),
    *("nov[iae]", "ažuriran[iae]?", "ispravn[iae]", "važeć[iae]", "trenutn[iae]", "točn[iae]"),
    *("нов(?:ая|ый|ое|ую|а|ий|е|ата|ият|и|о)", "актуальн\\w{1,3}", "обновл[её]нн\\w{1,3}", "правильн\\w{1,3}"),
    *("верн(?:ая|ый|ое|ую)", "действующ\\w{1,3}", "исправленн\\w{1,3}", "рабоч(?:ая|ий)", "текущ(?:ая|ий|ую)"),
    *("оновлен\\w{1,3}", "чинн(?:е|ий|а)", "поточн(?:е|ий|а)", "актуалн\\w{1,4}"),
    *("yeni", "güncel(?:lenmiş|lenen)?", "doğru", "geçerli", "νέ(?:ος|α|ο)", "ν[έε]ο", "σωστ(?:ός|ή|ό)"),
    *("ενημερωμέν\\w+",),
    *("mới", "hiện tại", "đúng", "baru", "terbaru", "terkini", "yang benar", "diperbarui"),
    *("חדש(?:ה)?", "החדש(?:ה)?", "עדכני(?:ת)?", "העדכני(?:ת)?", "הנכון", "נכון", "מעודכן", "המעודכן"),
    *("الجديدة?", "جديدة?", "المحدّ?ثة?", "الصحيحة?", "الحالية?", "جدید", "नया", "नई", "नए", "সঠিক", "নতুন"),
)
NEW_WITHOUT_BLANKS = (
    *("新的?", "最新的?", "正确的?", "正確的?", "有效的?", "更新后的?", "更新後的?", "更改后的?", "修改后的?"),
    *("现用的?",),
    *("新しい", "新規の?", "変更後の?", "正しい", "最新の", "更新後の?", "現在の", "새로운", "새", "최신"),
    *("변경된", "올바른", "현재"),
    *("ใหม่", "ที่ถูกต้อง", "ล่าสุด", "ปัจจุบัน"),
)
# Anywhere in the words before a link: what comes behind them counts from now on.
NOW = (
    *("now", "from now on", "this week", "this time", "instead", "as of today", "going forward"),
    *("starting today",),
    *("(?:please )?use th(?:is|e following)(?: one| link)?", "we(?: will|['’]ll)? use"),
    *("(?:today|tonight) (?:it|we)",),
    *("(?:has |have |was )?moved (?:over )?to", "(?:has |was )?(?:changed|switched) to"),
    *("(?:please )?only use",),
    *("jetzt", "ab sofort", "ab jetzt", "ab heute", "diese woche", "diesmal", "dieses mal", "stattdessen"),
    *("nunmehr", "nun"),
    *(
        "künftig",
        "ziehen um (?:auf|nach|zu)",
        "wechseln (?:auf|zu)",
        "ab nun",
        "bitte (?:nur )?(?:diesen|folgenden|den folgenden|dieses|den)(?: \\w{1,16})?",
    ),
    *("maintenant", "désormais", "dorénavant", "à partir de maintenant", "cette semaine", "cette fois(?:-ci)?"),
    *("utilise[zr] (?:plutôt|celui-ci|ce lien)", "plutôt", "à présent"),
    *("ahora", "a partir de ahora", "esta semana", "esta vez", "en su lugar", "desde ahora", "usen este"),
    *("use este",),
    *("ora (?:è|su|usiamo|a)", "adesso", "d['’]ora in poi", "questa settimana", "questa volta", "da ora"),
    *("usate questo", "usare questo"),
    *("agora", "a partir de agora", "doravante", "desta vez", "em vez disso", "usem este", "utilize este"),
    *("nu", "vanaf nu", "voortaan", "deze week", "deze keer", "in plaats daarvan", "gebruik deze"),
    *("gebruik nu",),
    *("från och med nu", "den här veckan", "den här gången", "istället", "i stället", "använd den här"),
    *("använd denna",),
    *("fra nu af", "denne uge", "denne gang", "i stedet", "fra nå av", "denne uken", "nå", "brug dette"),
    *("bruk denne",),
    *("nyt", "jatkossa", "tästä lähtien", "tällä viikolla", "tällä kertaa", "sen sijaan", "käytä tätä"),
    *("teraz", "od teraz", "w tym tygodniu", "tym razem", "zamiast tego", "obecnie", "proszę używać"),
    *("prosimy używać",),
    *("nyní", "odteď", "od teď", "tento týden", "tentokrát", "místo toho", "teď", "použijte tento", "odteraz"),
    *("mostantól", "ezen a héten", "ezúttal", "helyette", "acum", "de acum(?: înainte)?", "săptămâna aceasta"),
    *("de data aceasta", "în schimb", "sada", "od sada", "ovaj tjedan", "ovaj put", "umjesto toga"),
    *("теперь", "сейчас", "отныне", "на этой неделе", "в этот раз", "вместо этого", "используйте эту"),
    *("тепер", "зараз"),
    *("відтепер", "цього тижня", "цього разу", "натомість", "сега", "отсега", "този път"),
    *("şimdi", "artık", "bundan (?:sonra|böyle)", "bu hafta", "bu sefer", "bunun yerine", "τώρα", "από τώρα"),
    *("πλέον",),
    *("αυτή την εβδομάδα", "αυτή τη φορά", "bây giờ", "từ nay", "tuần này", "lần này", "thay vào đó"),
    *("sekarang", "mulai sekarang", "minggu ini", "kali ini", "sebagai gantinya", "gunakan (?:tautan )?ini"),
    *("עכשיו", "כעת", "מעתה", "השבוע", "הפעם", "במקום זאת", "الآن", "من الآن", "هذا الأسبوع", "هذه المرة"),
    *("بدلا من ذلك",),
    *("بدلاً من ذلك", "اکنون", "این بار", "अब", "इस बार"),
)
NOW_WITHOUT_BLANKS = (
    *("现在", "現在は", "从现在起", "今后", "本周", "這週", "这周", "这次", "這次", "改为", "改為", "改用"),
    *("请用", "請用", "请使用", "請使用"),
    *("現在", "今後は", "今週", "今回", "代わりに", "こちらを使", "に変更", "이제", "지금", "앞으로"),
    *("이번 주", "이번", "대신"),
    *("ตอนนี้", "สัปดาห์นี้", "ครั้งนี้", "แทน"),
)
# A sentence or a heading right above or before a link: the meeting's place was changed, and here is the new one.
CHANGED = (
    *("has changed", "have changed", "was changed", "changed to", "has moved", "was moved", "moved to"),
    *("updat(?:e|ed)",),
    *("correction", "corrected", "sorry", "apologies", "please note", "new (?:link|details|room|meeting)"),
    *("changed",),
    *(
        "geändert",
        "aktualisier\\w{1,3}",
        "aktualisierung",
        "verlegt",
        "korrektur",
        "korrigiert",
        "ziehen um",
        "wechseln (?:zu|auf)",
        "update",
    ),
    *("umgezogen",),
    *("a changé", "ont changé", "modifiée?s?", "modification", "mise à jour", "mis à jour", "correction"),
    *("rectificatif",),
    *("ha cambiado", "han cambiado", "cambio", "cambió", "actualizad[oa]", "actualización", "corrección"),
    *("modificad[oa]",),
    *("è cambiat[oa]", "cambiat[oa]", "modificat[oa]", "aggiornament[oi]", "aggiornat[oa]", "correzione"),
    *("variazione",),
    *("mudou", "alterad[oa]", "alteração", "atualização", "atualizad[oa]", "correção", "mudança"),
    *("gewijzigd", "veranderd", "wijziging", "aangepast", "correctie", "bijgewerkt", "ändrats?", "ändring"),
    *("uppdatering",),
    *("uppdaterats?", "rättelse", "bytt", "ændret", "ændring", "opdatering", "rettelse", "endret", "endring"),
    *("oppdatering",),
    *("muuttunut", "vaihtunut", "päivitys", "korjaus", "muutos", "zmienił(?:a|o|y)? się", "zmiana"),
    *("aktualizacja",),
    *("zmienion[oay]", "korekta", "změnil(?:a|o)? se", "se změnil[ao]?", "změna", "aktualizace", "oprava"),
    *("zmenil[ao]?",),
    *("zmena", "megváltozott", "változás", "frissítés", "javítás", "módosult", "s-a schimbat", "schimbare"),
    *("actualizare",),
    *("modificat[aă]?", "corectură", "promijenjen[ao]?", "promjena", "ažuriranje", "ispravak"),
    *("promenjen[ao]?",),
    *("измени\\w{1,5}", "изменени[ея]", "обновлени[ея]", "обновил\\w{1,4}", "исправлени[ея]"),
    *("поменял\\w{1,4}", "уточнение"),
    *("зміни\\w{1,5}", "зміна", "оновлен\\w{1,3}", "виправлення", "промен\\w{1,5}", "актуализация"),
    *("değişti", "değiştirildi", "değişiklik", "güncelleme", "güncellendi", "düzeltme", "άλλαξε", "αλλαγή"),
    *("ενημέρωση",),
    *("διόρθωση", "đã (?:được )?thay đổi", "thay đổi", "cập nhật", "đính chính", "berubah", "perubahan"),
    *("diperbarui",),
    *("pembaruan", "koreksi", "ralat", "השתנה", "עודכן", "עדכון", "תיקון", "שינוי", "تغيّ?ر", "تم تغيير"),
    *("تحديث", "تصحيح"),
    *("تعديل", "تغییر", "बदल", "अपडेट"),
)
CHANGED_WITHOUT_BLANKS = (
    *("变更", "變更", "更改", "已改", "更新", "更正", "換了", "换了", "変更", "更新", "訂正", "変わりました"),
    *("변경", "업데이트", "정정"),
    *("바뀌었", "เปลี่ยน", "อัปเดต", "แก้ไข"),
)
# What is changed in such a sentence, where it is not the place of the meeting.
NOT_THE_PLACE = (
    *("time", "date", "agenda", "title", "topic", "speaker", "schedule", "uhrzeit", "zeit", "termin"),
    *("datum", "tagesordnung"),
    *("heure", "horaire", "ordre du jour", "hora", "horario", "fecha", "orario", "ora", "data", "horário"),
    *("tijd", "tid"),
    *("tidspunkt", "aika", "godzina", "termin", "čas", "időpont", "время", "дата", "час", "saat", "tarih"),
    *("时间", "時間", "시간"),
)
# At the beginning of what stands before a link: it is what was used before.
PAST = (
    *("last (?:week|time|month|year|session|meeting)", "yesterday", "previously", "until now", "up to now"),
    *("so far",),
    *("in the past", "we used to", "used to be", "earlier", "formerly", "originally"),
    *("until (?:last )?\\w{3,12}",),
    *("(?:in |auf )?(?:der )?letzte[nrs]? (?:woche|mal|monat|sitzung)", "letztes mal", "bisher", "zuletzt"),
    *("gestern",),
    *("früher", "beim letzten mal", "vorige woche", "bis(?:her| jetzt)", "ursprünglich"),
    *("la semaine (?:dernière|passée)", "la dernière fois", "la fois précédente", "auparavant", "hier"),
    *("jusqu['’]ici",),
    *("jusqu['’]à présent", "précédemment", "la semana pasada", "la última vez", "ayer", "hasta ahora"),
    *("anteriormente", "la vez pasada", "la settimana scorsa"),
    *("(?:la scorsa|l['’]ultima) (?:volta|settimana)", "ieri"),
    *("finora", "in precedenza", "na semana passada", "semana passada", "(?:d?a )?última vez", "ontem"),
    *("até agora",),
    *("vorige week", "(?:de )?vorige keer", "de laatste keer", "gisteren", "tot nu toe", "voorheen", "eerder"),
    *("förra (?:veckan|gången|mötet)", "senast", "igår", "hittills", "tidigare", "sidste (?:uge|gang)"),
    *("sist", "i går"),
    *("hidtil", "tidligere", "forrige (?:uke|gang)", "hittil", "viime (?:viikolla|kerralla)", "viimeksi"),
    *("eilen", "aiemmin"),
    *("tähän asti", "w (?:zeszłym|ubiegłym|poprzednim) tygodniu", "ostatni(?:o|m razem)", "poprzednio"),
    *("wcześniej", "wczoraj"),
    *("dotychczas", "minul[ýé] týden", "minule", "naposledy", "dříve", "včera", "dosud", "minulý týždeň"),
    *("predtým",),
    *("múlt héten", "(?:a )?múlt(?:kor| alkalommal)", "legutóbb", "korábban", "tegnap", "eddig"),
    *("săptămâna trecută", "data trecută", "ultima dată", "anterior", "ieri", "până acum"),
    *("prošl(?:i tjedan|e nedelje|i put)", "ranije", "jučer", "do sada", "prethodno"),
    *("на прошлой неделе", "в прошлый раз", "прошлый раз", "раньше", "ранее", "вчера", "до сих пор", "прежде"),
    *("минулого (?:тижня|разу)", "раніше", "вчора", "досі", "миналата седмица", "миналия път", "досега"),
    *("geçen (?:hafta|sefer|defa|kez)", "önceden", "daha önce", "dün", "şimdiye kadar"),
    *("την (?:περασμένη|προηγούμενη) (?:εβδομάδα|φορά)", "(?:την )?τελευταία φορά", "παλιά", "χθες"),
    *("μέχρι τώρα",),
    *("tuần trước", "lần trước", "trước đây", "hôm qua", "minggu lalu", "(?:yang )?terakhir kali"),
    *("sebelumnya", "kemarin"),
    *("בשבוע שעבר", "בפעם (?:הקודמת|שעברה)", "אתמול", "עד עכשיו", "לפני כן", "الأسبوع الماضي"),
    *("في المرة (?:السابقة|الماضية)",),
    *("المرة السابقة", "أمس", "سابقا", "سابقًا", "حتى الآن", "هفته گذشته", "पिछले हफ्ते", "पिछली बार"),
)
PAST_WITHOUT_BLANKS = (
    *("上周", "上週", "上次", "之前", "以前", "昨天", "原来", "原來", "原先", "此前", "先週", "前回", "昨日"),
    *("これまで", "従来"),
    *("지난주", "지난번", "지난 주", "지난 번", "어제", "예전에", "이전에는", "สัปดาห์ที่แล้ว", "ครั้งที่แล้ว"),
    *("เมื่อวาน",),
)
# Right before a link: it was this one.
WAS = (
    *("was", "were", "used to be", "had been", "has been", "war", "waren", "lautete", "était", "étaient"),
    *("fue", "eran?"),
    *("foi", "stava", "fu", "was", "waren", "var", "oli", "był[aoy]?", "byl[aoy]?", "bol[aoi]?", "volt"),
    *("bi[ol]a?",),
    *("был[аои]?", "бул[аои]?", "був", "беше", "idi", "ήταν", "היה", "הייתה", "كان", "كانت"),
)
# Between a link that counts and one that is over, or before the one that is over: "B replaces A".
REPLACES = (
    *("replaces", "replacing", "supersedes", "superseding", "overrides", "in place of", "takes the place of"),
    *("obsoletes",),
    *("ersetzt(?! durch| von| worden)", "löst", "anstelle", "remplace", "annule et remplace", "à la place de"),
    *("reemplaza", "sustituye", "sostituisce", "rimpiazza", "annulla e sostituisce", "substitui", "vervangt"),
    *("ersätter", "erstatter", "korvaa", "zastępuje", "nahrazuje", "nahrádza", "helyettesíti", "felváltja"),
    *("înlocuiește",),
    *("inlocuieste", "zamjenjuje", "zamenjuje", "заменяет", "замінює", "заменя", "yerine geçer"),
    *("yerini al\\w{2,4}",),
    *("αντικαθιστά", "thay thế", "menggantikan", "מחליף", "מחליפה", "يحل محل", "تحل محل", "جایگزین"),
)
REPLACES_WITHOUT_BLANKS = (*("取代", "代替", "替换", "替換", "に代わる", "を置き換え", "를 대체", "을 대체", "แทนที่"),)
# Behind a link that is over, and before the one that counts.
REPLACED_BY = (
    *("(?:replaced|superseded|succeeded) (?:by|with)", "(?:moved|changed|switched|migrated) (?:over )?to"),
    *("becomes",),
    *("ersetzt durch", "abgelöst (?:durch|von)", "geändert (?:in|zu|auf)", "remplacée? par"),
    *("changée? (?:en|pour)",),
    *("(?:reemplazad|sustituid)[oa] por", "cambiad[oa] (?:a|por)", "sostituit[oa] (?:da|con)"),
    *("substituíd[oa] por",),
    *("alterad[oa] para", "vervangen door", "gewijzigd naar", "ersatts? (?:av|med)", "erstattet (?:af|av|med)"),
    *("korvattu", "zastąpion[yae] przez", "zmienion[yae] na", "nahrazen[ao]? (?:za)?"),
    *("înlocuit[aă]? (?:cu|de)",),
    *("zamijenjen[ao]? (?:s|sa)", "замен[её]н[ао]? на", "замінено на", "изменена на", "(?:ile )?değiştirildi"),
    *("diganti (?:dengan|menjadi)", "được thay (?:thế )?bằng", "הוחלף ב", "تم استبداله ب"),
)
# It is kept in reserve.
BACKUP = (
    *("back-?up", "back up", "fall-?back", "secondary", "emergency", "reserve", "spare", "plan b"),
    *("second(?:ary)? choice", "overflow", "stand-?by", "contingency", "ersatz(?:link|raum|weise)?"),
    *("ausweich\\w{0,12}", "notfall\\w{0,12}", "reserve\\w{0,8}", "rückfall\\w{0,8}", "(?:de )?secours"),
    *("de repli", "de réserve", "de remplacement", "solution de repli", "(?:de )?respaldo", "de reserva"),
    *("de emergencia", "suplente", "di riserva", "di emergenza", "di backup", "reserva", "de emergência"),
    *("suplementar", "uitwijk\\w{0,8}", "nood\\w{0,8}", "reserv\\w{0,8}", "nöd\\w{0,8}", "nød\\w{0,8}"),
    *("vara\\w{1,10}", "zapasow[yae]", "awaryjn[yae]", "rezerwow[yae]", "záložní", "náhradní", "záložn[ýáé]"),
    *("náhradn[ýáé]", "tartalék", "vész\\w{0,8}", "(?:de )?rezerv[aă]", "rezervn[iae]", "pričuvn[iae]"),
    *("резервн\\w{1,4}", "запасн\\w{1,4}", "запасний", "yedek", "εφεδρικ\\w{1,3}", "dự phòng", "cadangan"),
    *("גיבוי", "הגיבוי", "احتياطية?", "الاحتياطية?", "پشتیبان", "बैकअप"),
)
BACKUP_WITHOUT_BLANKS = (
    *("备用", "備用", "后备", "後備", "备份", "備份", "備案", "予備", "バックアップ", "緊急用", "예비", "백업"),
    *("비상", "สำรอง"),
)
# It is another way in.
ALTERNATIVE = (
    *("alternat(?:e|ive|ively)", "alternativ\\w{0,8}", "alternatif", "alternative", "alternativ[oa]"),
    *("alternativ[oaei]", "alternatief", "alternatieve", "alternativ[at]?", "vaihtoehtoinen"),
    *("alternatywn[yae]", "alternativní", "alternatív", "alternativ[aă]?", "альтернативн\\w{1,4}"),
    *("εναλλακτικ\\w{1,3}", "thay thế", "חלופי(?:ת)?", "חלופה", "بديلة?", "البديلة?", "वैकल्पिक"),
)
ALTERNATIVE_WITHOUT_BLANKS = (*("代替", "备选", "대체"),)
# It is the one to be tried first.
MAIN = (
    *("main", "primary", "principal", "preferred", "official", "default", "first choice"),
    *("haupt\\w{0,14}", "primäre[nrsm]?", "bevorzugte[nrsm]?", "offizielle[nrsm]?", "principale?"),
    *("officiel(?:le)?",),
    *("préférée?", "principal(?:es)?", "oficial", "preferid[oa]", "preferente", "ufficiale", "primari[oa]"),
    *("preferencial",),
    *("hoofd\\w{0,10}", "primaire", "officiële", "huvud\\w{0,10}", "primära?", "hoved\\w{0,10}", "primære?"),
    *("ensisijainen", "pää\\w{2,10}", "virallinen", "główn[yae]", "podstawow[yae]", "hlavní", "hlavn[ýáé]"),
    *("primární",),
    *("fő(?:\\w{0,8})?", "elsődleges", "hivatalos", "principal[aă]?", "glavn[iae]", "primarn[iae]"),
    *("основн\\w{1,4}",),
    *("главн\\w{1,4}", "головн\\w{1,4}", "ana", "asıl", "birincil", "κύρι(?:ος|α|ο)", "βασικ(?:ός|ή|ό)"),
    *("chính", "utama"),
    *("ראשי(?:ת)?", "הראשי(?:ת)?", "עיקרי", "الرئيسية?", "الأساسية?", "اصلی", "मुख्य"),
)
MAIN_WITHOUT_BLANKS = (
    *("主要", "主会场", "主會場", "主链接", "主鏈接", "首选", "首選"),
    *("正式", "メイン", "主な", "正式な", "기본", "메인", "주 ", "หลัก"),
)
# Where the main one fails. The first words open a condition, the others name the failure.
IF = (
    *("if", "in case", "should", "when", "falls", "wenn", "sollte", "bei", "si", "au cas où", "en cas"),
    *("s['’]il",),
    *("en caso", "por si", "cuando", "se", "nel caso", "in caso", "qualora", "caso", "als", "mocht"),
    *("indien", "om", "ifall"),
    *("hvis", "dersom", "jos", "mikäli", "jeśli", "jeżeli", "w razie", "gdyby", "pokud", "kdyby"),
    *("v případě", "ak"),
    *("ha", "amennyiben", "dacă", "în caz", "ako", "u slučaju", "если", "в случае", "на случай", "якщо"),
    *("у разі",),
    *("eğer", "αν", "εάν", "σε περίπτωση", "nếu", "jika", "kalau", "bila", "אם", "במקרה", "إذا", "في حال"),
    *("لو", "اگر", "यदि", "अगर"),
)
FAILS = (
    *("fail\\w{0,3}", "does ?n[o'’]?t", "do ?n[o'’]?t", "problem\\w{0,2}", "trouble", "issues?", "down"),
    *("unavailable", "drops?"),
    *("can(?:not|['’]t)", "unable", "breaks?", "full", "crash\\w{0,3}", "nicht", "probleme?n?"),
    *("ausf[aä]ll\\w{0,3}", "scheitert"),
    *("ne (?:marche|fonctionne|va) pas", "échoue", "problèmes?", "panne", "indisponible", "falla", "fallara"),
    *("no (?:funciona|puede|va)",),
    *("problemas?", "non (?:funziona|va)", "problemi", "falhar", "não funcion\\w{1,3}", "niet", "problemen"),
    *("storing", "inte"),
    *("fungerar inte", "ikke", "ongelm\\w{1,5}", "ei toimi", "nie działa", "problem\\w{1,3}", "awarii"),
    *("nefunguje", "selže"),
    *("nem működik", "gond", "hiba", "nu (?:merge|funcționează)", "probleme", "ne radi", "не работает"),
    *("не откр\\w+",),
    *("сбо\\w{1,3}", "проблем\\w{0,3}", "не прац\\w+", "не раб\\w+", "çalışmaz\\w{0,3}", "sorun\\w{0,4}"),
    *("açılmaz\\w{0,3}",),
    *("δεν λειτουργ\\w+", "πρόβλημα", "không", "sự cố", "gagal", "bermasalah", "tidak bisa", "לא עובד"),
    *("תקלה", "בעיה"),
    *("لا يعمل", "مشكلة", "تعذر", "काम न"),
)
FAILING_WITHOUT_BLANKS = (
    *("无法", "無法", "故障", "打不开", "打不開", "不能用", "不可用", "出问题", "出問題", "有问题"),
    *("つながらない", "使えない", "不具合"),
    *("入れない", "場合のみ", "안 되", "안되", "문제가", "오류", "ใช้ไม่ได้"),
)
# "use this": behind a link, or behind a mark.
USE_THIS = (
    *("use this(?: one| link)?(?: instead)?", "this one"),
    *("this is the (?:new|right|correct|current)(?: one| link)?", "the right one"),
    *("(?:please )?(?:join|use) (?:here|this)", "correct", "valid", "instead"),
    *("bitte (?:diesen|dieses|diese)(?: \\w{2,12}){0,2}",),
    *("diesen (?:verwenden|nutzen|benutzen)", "(?:utiliser|utilisez|prendre) celui-ci"),
    *("usa(?:r|d|te|re|)? (?:este|questo|esse)",),
    *("usar (?:este|esta|esse)", "usare questo", "gebruik (?:deze|die)", "använd (?:den här|denna|den)"),
    *("brug (?:denne|dette)",),
    *("bruk (?:denne|dette)", "käytä tätä", "użyj tego", "proszę użyć tego", "použijte tento"),
    *("použít tento", "ezt használd"),
    *("ezt használja", "folosiți acesta", "koristite ovaj", "использ\\w{1,6} (?:эту|это|этот|её)"),
    *("використовуйте (?:це|цю|цей)",),
    *("bunu kullanın", "χρησιμοποιήστε αυτό", "dùng (?:cái|link) này", "gunakan (?:yang )?ini", "להשתמש בזה"),
    *("استخدم هذا",),
)
USE_THIS_WITHOUT_BLANKS = (
    *("用这个", "用這個", "请用", "請用", "使用这个", "こちらを使", "こちらをご利用", "これを使", "이걸 사용"),
    *("이것을 사용", "이 링크 사용"),
)
