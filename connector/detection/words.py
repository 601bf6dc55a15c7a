"""The words that invitations use, in each language: for a passcode, for a meeting's number, and what is neither.

Data only, all lower case: the words the services themselves use (with the older wording) and what people write by
hand. Which language: see the comment of each line. How they are searched for: ``connector.detection.labels``.
"""

from __future__ import annotations

# Words for "passcode". All lower case. Which language: see the comment of each line.
PASSCODE_LABELS = (
    *("passcode", "pass code", "password", "secret code", "meeting pw", "passwd"),  # en
    *("kenncode", "kennwort", "passwort"),  # de
    *("code secret", "mot de passe", "code d'accès", "code d’accès", "code d'acces"),  # fr
    *("código de acceso", "codigo de acceso", "contraseña", "clave de acceso"),  # es
    *("codice d'accesso", "codice d’accesso", "codice di accesso", "codice accesso"),  # it
    *("senha de acesso", "senha", "código de acesso", "palavra-passe", "codigo de acesso"),  # pt
    *("パスコード", "パスワード", "暗証番号"),  # ja
    *("암호", "비밀번호", "패스코드"),  # ko
    *("密码", "口令", "密碼", "通行碼", "通关码"),  # zh
    *("код доступа", "пароль", "код доступу", "код за достъп", "парола"),  # ru, uk, bg
    *("kod dostępu", "hasło"),  # pl
    *("parolası", "parola", "şifresi", "şifre", "geçiş kodu"),  # tr, ro
    *("mật mã", "mật khẩu"),  # vi
    *("kode sandi", "kode akses", "kata sandi"),  # id
    *("קוד גישה", "קוד הגישה", "סיסמה", "סיסמא"),  # he
    *("wachtwoord", "toegangscode"),  # nl
    *("lösenord", "lösenkod", "adgangskode", "passord", "tilgangskode", "salasana", "tunnuskoodi"),  # sv, da, no, fi
    *("رمز المرور", "كلمة المرور", "كلمة السر", "رمز الدخول"),  # ar
    *("heslo", "přístupový kód", "prístupový kód", "jelszó", "κωδικός πρόσβασης", "κωδικός", "รหัสผ่าน"),  # cs .. th
    *(
        "cod de acces",
        "parolă",
        "codi d'accés",
        "codi d’accés",
        "contrasenya",
        "pristupni kod",
        "lozinka",
    ),  # ro, ca, hr
    *("pääsukood", "parool", "slaptažodis", "prieigos kodas", "ieejas kods", "parole"),  # et, lt, lv
    *("koda za dostop", "geslo", "kod laluan", "kata laluan", "секретный код", "секретний код"),  # sl, ms, ru, uk
    *("åtkomstkod", "kodeord", "pääsykoodi", "hozzáférési kód", "лозинка", "приступни код"),  # sv, da, fi, hu, sr
    *(
        "zugangscode",
        "contrasena",
        "tunnusluku",
        "šifra",
        "шифра",
        "sifresi",
        "sifre",
    ),  # de, es, fi, hr, sr, tr by hand
    *(
        "비번",
        "접속 코드",
        "접속코드",
        "참가 코드",
        "입장 코드",
        "الرمز السري",
        "الرقم السري",
        "קוד סודי",
    ),  # ko, ar, he
    *("پسورد", "পাসওয়ার্ড", "পাসকোড", "haslo", "codul de acces", "cod acces", "mã truy cập"),  # fa, bn, pl, ro, vi
    *("piekļuves kods", "salasõna", "รหัสเข้าประชุม", "รหัสการเข้าถึง", "קוד כניסה", "رمز الوصول", "گذرواژه"),  # lv .. fa
    *("رمز عبور", "गुप्त कोड", "पासकोड", "पासवर्ड", "código secreto", "wachtwoordcode", "wachtcode"),  # fa, hi, es, nl
)
# Short ones that only count as a word of their own.
VAGUE = frozenset(  # words for other numbers too: short values only
    [
        *("pin", "pin code", "code", "kod", "kode", "koodi", "kód", "cod", "código", "codigo", "codice"),
        *("код", "קוד", "コード", "코드", "kennung"),
    ]
)
PASSCODE_WORDS = ("pw", "pwd", "pass", "clave", "code d'accès", "mdp", "sandi", "パス", *sorted(VAGUE))

# Labels that mean the meeting's own id. Strong enough to name a meeting where no link does.
MEETING_ID_LABELS = (
    *("meeting id", "meeting-id", "meetingid", "webinar id", "webinar-id", "zoom id", "zoom-id", "id zoom"),
    *("id of the meeting", "id for the meeting", "id des meetings", "meeting number", "zoom number", "id meeting"),
    *("besprechungs-id", "sitzungs-id", "mtg id", "meeting #", "zoom #"),
    *("meeting no.", "meeting no:", "meeting-nr", "meetingnummer", "meeting-nummer", "vergadernummer", "mötesnummer"),
    *("número de reunión", "numero de reunion", "número de la reunión", "número da reunião", "numero da reuniao"),
    *("numéro de réunion", "numéro de la réunion", "numero riunione", "numero della riunione", "toplantı no"),
    *(
        "toplantı numarası",
        "номер встречи",
        "номер собрания",
        "номер зустрічі",
        "회의번호",
        "ミーティング番号",
        "会議番号",
    ),
    *("zoom会议", "zoom 会议", "zoom會議", "zoom 會議", "会议编号", "會議編號", "nr spotkania", "broj sastanka"),
    *("id de réunion", "id de la réunion", "id réunion", "identifiant de réunion", "identifiant de la réunion"),
    *("id du webinaire", "id de webinaire", "id de seminario web", "id del seminario web"),
    *("id de reunión", "id de la reunión", "id reunión", "id de reunion", "id reunion", "id de la reunion"),
    *("id riunione", "id della riunione", "id webinar", "id da reunião", "id da reuniao", "id de reunião"),
    *("id reunião", "id do webinar", "ミーティングid", "ミーティング id", "会議id", "会議 id", "ウェビナーid"),
    *("ウェビナー id", "회의 id", "회의id", "회의 아이디", "웨비나 id", "会议号", "会议 id", "会议id", "會議號"),
    *("會議 id", "會議id", "网络研讨会 id", "网络研讨会id", "網路研討會 id"),
    *("идентификатор конференции", "идентификатор встречи", "идентификатор собрания", "идентификатор вебинара"),
    *("ідентифікатор конференції", "ідентифікатор зустрічі", "ідентифікатор вебінару", "id конференции"),
    *("id конференції", "id встречи", "identyfikator spotkania", "id spotkania", "identyfikator webinaru"),
    *("toplantı kimliği", "toplanti kimligi", "toplantı id", "web semineri kimliği", "webinar kimliği"),
    *("id cuộc họp", "id hội thảo", "id rapat", "id webinar", "מזהה פגישה", "מזהה הפגישה", "מזהה ישיבה"),
    *("vergadering-id", "vergadering id", "vergaderings-id", "id van vergadering", "mötes-id", "mötes id", "møde-id"),
    *("møte-id", "kokouksen tunnus", "kokoustunnus", "معرف الاجتماع", "معرّف الاجتماع", "id schůzky", "id spotkání"),
    *("értekezletazonosító", "αναγνωριστικό σύσκεψης", "id întâlnire", "id ședință", "id mesyuarat"),
    *("értekezlet-azonosító", "értekezlet azonosítója", "id schôdze", "id stretnutia", "id sastanka", "id srečanja"),
    *("id de la reunió", "koosoleku id", "susitikimo id", "sapulces id", "id pertemuan", "vergader-id"),
    *("รหัสการประชุม", "id การประชุม", "شناسه جلسه", "मीटिंग आईडी", "идентификатор на срещата", "ид на събранието"),
    *("n° de réunion", "mã cuộc họp", "회의 번호", "номер конференции", "id на срещата", "ид састанка"),
    *("kokouksen id", "megbeszélés azonosítója", "megbeszélés-azonosító", "møde id", "møte id"),
    *("會議號碼", "會議識別碼", "ідентифікатор наради", "모임 id", "id de ședință", "mödets id"),
)

# Labels of numbers that no service's room address is made of: telephone bridges, and Teams' own.
OTHER_ID_LABELS = (
    *("conference id", "conference number", "bridge number", "konferenz-id", "telefonkonferenz", "id de conférence"),
    *("id de conferencia", "id conferenza", "participant code", "teilnehmercode", "attendee id"),
    *("腾讯会议", "騰訊會議", "tencent meeting", "voov meeting id", "飞书会议", "钉钉会议"),
)

# What stands where a passcode is expected, and is none.
NOT_A_CODE = frozenset(
    [
        *("none", "no", "not", "n/a", "na", "nil", "null", "none.", "required", "optional", "tbd", "tba"),
        *("keine", "kein", "keines", "aucun", "aucune", "ninguno", "ninguna", "nessuno", "nessuna", "无", "無"),
        *("-", "--", "---", "----", "xxx", "xxxx", "xxxxxx"),
        *("via", "see", "siehe", "same", "above", "below", "protected", "will", "and", "or", "for", "to", "the", "is"),
    ]
)
# Words before "code" or "pin" that leave it a meeting's.
MEETING_WORDS = frozenset(
    [
        *("meeting", "zoom", "webex", "access", "security", "numeric"),
        *("phone", "dial", "join", "the", "and", "with", "use", "enter", "your", "our", "using", "or", "video"),
    ]
)

# Words right before a link that call it an old one, and words that forbid it. Patterns; of scripts with blanks.
OUTDATED = (
    *("old", "older", "previous", "former", "formerly", "prior", "wrong", "incorrect", "outdated", "obsolete"),  # en
    *("expired", "invalid", "retired", "cancell?ed", "superseded", "replaces", "ersetzt", "remplace", "reemplaza"),
    *("alt", "alte[rsn]?", "bisherige[rsn]?", "frühere[rsn]?", "ehemals", "falsche[rsn]?", "ungültige?[rsn]?"),  # de
    *("veraltet", "abgelaufen", "abgesagt"),
    *("ancienn?e?s?", "précédente?", "périmée?", "expirée?", "obsolète", "annulée?", "mauvais"),  # fr
    *("anterior", "antigu[oa]", "viej[oa]", "caducad[oa]", "cancelad[oa]", "equivocado", "obsoleto"),  # es
    *("vecchi[oa]", "precedente", "scadut[oa]", "annullat[oa]", "antig[oa]", "expirado", "errado"),  # it, pt
    *("oude", "vorige", "verlopen", "verouderde?", "gamla", "gamm?el", "gammal", "gammelt", "gamle"),  # nl .. no
    *("tidigare", "tidligere", "forrige", "förra", "vanha", "edellinen", "vanhentunut"),  # sv .. fi
    *(
        "star[yaeá]",
        "starý",
        "poprzedni[ae]?",
        "nieaktualn[yae]",
        "předchozí",
        "predchádzajúci",
        "neplatný",
    ),  # pl .. sk
    *(
        "régi",
        "korábbi",
        "lejárt",
        "vechiul",
        "vechi",
        "anteriorul",
        "stari",
        "stara",
        "prethodni",
        "staro",
    ),  # hu .. hr
    *("стар(?:ая|ый|ое|а|ий|е)", "предыдущ(?:ая|ий|ее)", "прежн(?:яя|ий)", "попередн(?:є|я|ій)"),  # ru, uk
    *("недействительн(?:а|ая|ый)", "неактуальн(?:ая|ый|о)", "недійсне", "предишен", "стария"),  # ru, uk, bg
    *("eski", "önceki", "geçersiz", "παλι[άό]ς?", "προηγούμεν(?:ος|ο|η)", "cũ", "lama", "sebelumnya"),  # tr .. id
    *("ישן", "הישן", "קודם", "הקודם", "القديم", "السابق", "قدیمی", "قبلی", "पुराना", "पुरानी"),  # he, ar, fa, hi
)
NOT_TO_USE = (
    *("do not use", "don['’]?t use", "no longer(?: valid| used?| works?| active)?", "not valid", "not working"),
    *("does ?n[o'’]t work(?: any ?more)?", "stop using", "ignore", "n['’]est plus valable", "n['’]est plus valide"),
    *("nicht (?:mehr )?(?:verwenden|nutzen|benutzen|gültig|aktuell)", "nicht mehr", "ne (?:plus|pas) utiliser"),
    *("no (?:usar|utilizar|use)", "ya no(?: es válido| funciona| sirve)?", "non (?:usare|utilizzare)(?: più)?"),
    *("non più valido", "não (?:usar|utilizar|use)", "niet (?:meer )?gebruiken", "niet meer geldig", "använd inte"),
    *("brug ikke", "ikke bruk", "älä käytä", "nie używa[ćj]", "nie korzystać z", "nepoužívejte", "nepoužívat"),
    *(r"ne használ\w{0,4}", "nu folosi[țt]i", r"не использ\w{0,8}", "не використовуйте", "kullanmayın"),
    *(r"μην χρησιμοποι\w{0,6}", "אין להשתמש", "לא להשתמש", "לא בתוקף", "לא פעיל", "لا تستخدم"),
)
# Between what counts and what does not: what comes first may stand before them.
INSTEAD_OF = (
    *("not", "instead of", "rather than", "statt", "anstatt", "anstelle", "au lieu de", "en lugar de", "invece di"),
    *("em vez de", "in plaats van", "i stället för", "i stedet for", "вместо", "замість", "yerine", "بدلا من"),
)
# The same, of scripts without blanks between the words, and words that a link is called by.
OUTDATED_WITHOUT_BLANKS = (
    *(
        "旧",
        "舊",
        "原来的",
        "之前的",
        "以前的",
        "作废",
        "作廢",
        "已失效",
        "失效",
        "勿用",
        "不要使用",
        "请勿使用",
        "請勿使用",
    ),
    *(
        "以前の",
        "古い",
        "前回の",
        "無効な?",
        "使わない",
        "使用しない",
        "이전",
        "기존",
        "예전",
        "사용하지 마세요",
        "เก่า",
        "เดิม",
    ),
)
LINK_WORDS = (
    *("links?", "url", "zoom", "meetings?", "teams", "webex", "room", "invite", "invitation", "invites?", "one", "id"),
    *("number", "address", "details", "info", "call", "was", "is", "in", "my", "our", "the", "this", "that", "last"),
    *("e-?mail", "mail", "message", "sent", "yesterday", "please", "anymore", "any more", "einladung"),
    *("raum", "nummer"),
    *("lien", "réunion", "enlace", "reunión", "liga", "collegamento", "riunione", "ligação", "reunião"),
    *("länk", "lenke"),
    *("linkki", "spotkani[ae]", "odkaz", "hivatkozás", "poveznica", "ссылка", "ссылку", "посилання", "връзка", "линк"),
    *("bağlantı(?:sı)?", "bağlantıyı", "σύνδεσμος", "liên kết", "tautan", "קישור", "הקישור", "رابط", "الرابط", "लिंक"),
    *("und", "et", "y", "e", "de", "der", "die", "das", "des", "dem", "den", "du", "del", "diesen", "ce", "este"),
    *("esta", "questo", "deze", "эту", "это"),
)

# Words beside a link that call people into a meeting: of Latin letters at the beginning of a word, others anywhere.
JOIN_WORDS = (
    *("join", "inviting", "invites", "invited", "instead", "we use", "will use", "attend"),  # en
    *("zoom link", "zoom meeting", "zoom-meeting", "réunion zoom", "reunión zoom", "reunião zoom"),
    *("riunione zoom", "zoom среща"),
    *("meeting link", "link to the meeting", "meeting takes place", "use this link"),
    *("beitreten", "beizutreten", "teilnehmen", "einwählen", "stattdessen", "findet statt"),  # de
    *(
        "participer",
        "rejoindre",
        "unirse",
        "unirte",
        "únete",
        "ingresar",
        "entrar",
        "ingressar",
        "participar",
    ),  # fr .. pt
    *(
        "partecipa",
        "unisciti",
        "entra nella",
        "deelnemen",
        "neem deel",
        "anslut",
        "gå med",
        "delta i",
        "deltag",
    ),  # it .. da
    *("bli med", "liity", "osallistu", "dołącz", "připoj", "pripoj", "csatlakoz", "katıl", "tham gia"),  # no .. vi
    *("vào cuộc họp", "gabung", "bijwonen", "sumali", "bergabung", "sertai", "alăturați", "intrați", "uneix", "uniu"),
    *("pridruž", "liitu", "prisijung", "pievieno"),
    *("συμμετοχ", "подключ", "присоедин", "войти", "приєдна", "підключ", "присъедин", "придруж"),  # el, ru, uk, bg, sr
    *(
        "参加",
        "參加",
        "加入",
        "入会",
        "참가",
        "참여",
        "הצטרפ",
        "להצטרף",
        "انضم",
        "الانضمام",
        "پیوستن",
        "เข้าร่วม",
        "शामिल",
    ),
)
# Between two links: the people have a choice.
OR_WORDS = ("or", "oder", "ou", "of", "o", "eller", "tai", "lub", "nebo", "vagy", "veya", "или", "або", "または", "或")
# Beside a link: it is the writer's own room, whoever joins.
OWN_WORDS = (
    *("my", "me", "pmi", "personal", "mein", "meine", "meinem", "meinen", "persönlich", "persönlicher", "mon"),
    *("ma", "mi"),
    *("mia", "mio", "meu", "minha", "mijn", "persoonlijke", "моя", "мой", "личная", "личный", "个人", "個人", "개인"),
)
# Formulas that close a mail; below them stands who wrote it.
CLOSINGS = (
    *("best", "best regards", "kind regards", "warm regards", "regards", "many thanks", "thanks", "thank you"),  # en
    *("thanks and regards", "cheers", "sincerely", "yours sincerely", "yours", "all the best", "best wishes"),
    *("with best regards", "with kind regards", "br", "kr", "rgds", "brgds", "thx"),
    *("mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichem gruß", "freundliche grüße", "mfg"),  # de
    *("viele grüße", "beste grüße", "liebe grüße", "herzliche grüße", "viele grüsse", "schöne grüße", "lg", "vg"),
    *("cordialement", "bien cordialement", "bien à vous", "salutations", "merci", "amicalement", "cdlt"),  # fr
    *("saludos", "un saludo", "saludos cordiales", "atentamente", "gracias", "un cordial saludo"),  # es
    *("cordiali saluti", "distinti saluti", "saluti", "grazie", "un saluto"),  # it
    *("atenciosamente", "obrigado", "obrigada", "cumprimentos", "melhores cumprimentos", "abraços"),  # pt
    *("met vriendelijke groet", "met vriendelijke groeten", "groeten", "groetjes", "mvg", "vriendelijke groet"),  # nl
    *("med vänlig hälsning", "med vänliga hälsningar", "vänliga hälsningar", "hälsningar", "mvh"),  # sv
    *("med venlig hilsen", "venlig hilsen", "hilsen", "vennlig hilsen", "med vennlig hilsen"),  # da, no
    *("ystävällisin terveisin", "terveisin", "pozdrawiam", "z poważaniem", "s pozdravem", "s pozdravom"),  # fi .. sk
    *("üdvözlettel", "saygılarımla", "iyi çalışmalar", "cu stimă", "lep pozdrav", "trân trọng", "salam"),  # hu .. id
    *("с уважением", "з повагою", "поздрави", "с поважение", "με εκτίμηση", "בברכה", "مع التحية", "تحياتي"),
    *("よろしくお願いします", "よろしくお願いいたします", "以上", "감사합니다", "谢谢", "謝謝", "此致", "祝好"),
)
# Right before a link: it is an example, as help pages have it. Patterns.
EXAMPLES = (
    *("for example", "for instance", r"e\. ?g\.", "such as"),
    *("zum beispiel", r"z\. ?b\.", "par exemple", r"p\. ?ex\.", "por ejemplo", r"p\. ?ej\.", "por exemplo"),
    *("ad esempio", "per esempio", "bijvoorbeeld", r"bijv\.", "till exempel", r"t\. ?ex\."),
    *("for eksempel", r"f\. ?eks\."),
    *("esimerkiksi", "na przykład", r"np\.", "například", r"např\.", "például", "de exemplu", "например", "наприклад"),
    *("örneğin", "misalnya", "ví dụ", "למשל", "على سبيل المثال", "مثلا"),
)
EXAMPLES_WITHOUT_BLANKS = ("例如", "比如", "例えば", "たとえば", "예를 들어", "예를 들면")
