"""Turns of phrase that speak for a label, German and English, as the codebook lists them.

They are hints to the models (facts beside the words), never verdicts: `please add` in praise of
a waiter is no idea. Written from the codebook's examples, not from any test set.
"""

from __future__ import annotations

import re

_PATTERNS: dict[str, str] = {
    # idea: what should be made, changed, added, removed, offered
    "idea-add": r"(?:please|pls|plz|bitte)\b.{0,40}\b(?:add|allow|make|let|give|bring|fix|include|"
    r"support|enable|provide|consider|change|remove|improve|implement|einbauen|einf[uü]hren|"
    r"hinzuf[uü]gen|erg[aä]nzen|anbieten|[aä]ndern|wieder|abschaffen|erm[oö]glichen|nachr[uü]sten)",
    "idea-would": r"(?:would|'d|wd) (?:be|love|like|prefer|really|appreciate).{0,30}"
    r"(?:if|to (?:see|have)|nice|great|cool|good|helpful|useful|awesome|better|able)",
    "idea-should": r"\b(?:should|shouldn'?t|ought to|needs? to|must|has to|have to)\b"
    r".{0,20}\b(?:be|have|add|allow|make|let|offer|support|provide|include|get|bring|give|show)\b",
    "idea-wish": r"\b(?:i wish|wish (?:you|there|they|it)|suggest(?:ion|ed)?|feature request|"
    r"propos(?:e|al)|how about|what about|why (?:not|can'?t|don'?t|isn'?t|is there no)|"
    r"instead of|it'?d be|would it be possible|any chance (?:of|you|to))\b",
    "idea-ability": r"\b(?:ability to|option (?:to|for)|add (?:a|an|the|support|more)|"
    r"allow (?:us|users?|me|to|the|for)|let us|give us|(?:we|i) (?:need|want) (?:a|an|the|to|more)|"
    r"bring back|make it (?:possible|easier)|there should|support for|enable)\b",
    "idea-de-waere": r"\b(?:w[aä]re?(?:n)?|f[aä]nde)\b.{0,40}\b(?:sch[oö]n|toll|super|gut|klasse|"
    r"cool|nett|hilfreich|praktisch|sinnvoll|besser|w[uü]nschenswert|hammer|ideal|m[oö]glich)",
    "idea-de-soll": r"\b(?:sollte[nt]?|m[uü]sste[nt]?|k[oö]nnte[nt]?|k[oö]nnt|d[uü]rfte[nt]?)\b",
    "idea-de-wunsch": r"\b(?:w[uü]nsch(?:e|en|enswert)|vorschlag|vorschl[aä]ge|idee|anregung|"
    r"verbesserungs|warum (?:gibt|macht|kann|geht|nicht)|wieso (?:gibt|nicht|kann)|"
    r"wie w[aä]r(?:e|s)|lieber (?:mal|eine?n?)|statt(?:dessen)?|gerne? (?:auch|mal|eine?n?|mehr)|"
    r"fehlt|br[aä]uchte[n]?|h[aä]tte[n]? (?:ich )?gern|macht doch|baut|bringt)\b",
    # demand: the wish to buy, passed on or refused
    "buy-ask": r"(?:how much|what'?s the price|price\?|in stock|out of stock|sold out|available|"
    r"where (?:can|do|could) (?:i|we|you) (?:get|buy|find|order)|when (?:will|is|are|does)|"
    r"pre-?order|release date|worth (?:it|buying)|should i (?:buy|get)|"
    r"was kostet|wie teuer|preis\?|wo (?:gibt|bekomm|krieg|kann)|ab wann|wann (?:gibt|kommt|ist)|"
    r"ausverkauft|lieferbar|vorbestell|verf[uü]gbar|lohnt (?:sich|es))",
    "buy-say": r"(?:i'?ll (?:buy|get|order|take)|(?:just|finally) (?:bought|ordered|got|booked)|"
    r"need (?:this|these|one|it)|want (?:this|these|one|it)|gonna (?:get|buy|cop)|"
    r"cancel(?:l?ed|l?ing)? (?:my|our)|switch(?:ed|ing) to|hab(?:e)? (?:mir )?.{0,30}"
    r"(?:gekauft|bestellt|gebucht)|kauf(?:e|en) (?:ich|wir)|bestell(?:e|en)|gek[uü]ndigt|"
    r"k[uü]ndige|gewechselt|wechsle|hole? (?:ich )?mir|"
    r"will (?:ich )?(?:auch )?haben|brauche? ich)",
    "buy-offer": r"(?:\d ?% ?(?:off|rabatt|g[uü]nstiger)|discount|coupon|promo|voucher|gutschein|"
    r"rabatt|code\b|deal\b|angebot|schn[aä]ppchen|sale\b|free shipping|versandkostenfrei|"
    r"[€$£] ?\d|\d ?(?:€|euro|eur|usd|dollars?)\b|giveaway|check out|use my)",
    # activity: beyond the offer
    "act-call": r"(?:boycott|boykott|petition|demo(?:nstration|nstrieren)?\b|protest|"
    r"#?delete\w+|unterschreib|streik|strike)",
    "act-help": r"(?:^|\W)(?:try|versuch(?:'?s)?|probier|you (?:can|could|need to|have to)|"
    r"du (?:kannst|musst)|einfach (?:mal )?(?:auf|in|den|die|das)|go to (?:settings|the)|"
    r"geh (?:mal )?(?:auf|in)|settings|einstellungen|hilft|that (?:works|helps)|worked for me)",
    "act-chat": r"(?:thank(?:s| you)|danke|happy (?:birthday|new|holidays)|merry|alles gute|"
    r"gl[uü]ckwunsch|congrat|good (?:morning|night|luck)|guten (?:morgen|abend|tag)|"
    r"sch[oö]nen? (?:tag|abend|wochenende)|job|karriere|career|hiring|stellen)",
    # initiator without a thread
    "third-retweet": r"^(?:rt|via)\b|\brt @user",
    "third-reply": r"^(?:re: |@user (?!.*@user$)|\+ )",
    "third-headline": r"(?::|\.\.\.|…|-) ?<url>$",
    "third-told": r"(?:my (?:sister|brother|mom|mum|dad|friend|wife|husband|boss|neighbo\w+|"
    r"daughter|son|colleague)|meine? (?:schwester|bruder|mutter|vater|freund(?:in)?|frau|mann|"
    r"chef(?:in)?|nachbar(?:in)?|tochter|sohn|kolleg(?:e|in))|empfehlung|according to|laut\b|"
    r"gelesen|lese (?:gerade|im|in)|article|artikel|saw (?:on|in|at|this)|gesehen (?:bei|auf))",
    "firm-voice": r"(?:we'?re sorry|we apologi[sz]e|(?:please|kindly) (?:dm|send|contact|email|"
    r"share|provide|reach)|happy to (?:help|assist)|thanks for (?:reaching|letting|your|the)|"
    r"let us know|we'?ll (?:look|check|let|be)|tut uns leid|wir (?:bedauern|entschuldigen|"
    r"k[uü]mmern|pr[uü]fen|melden)|schick(?:en sie|t?) uns|"
    r"vielen dank f[uü]r (?:deine|ihre|eure|die)|[/^*]\w{2}$|-[a-z]+$)",
    "own-sample": r"(?:gifted|free sample|kostenlos.{0,30}test|testerin|produkttest|"
    r"zur verf[uü]gung gestellt|#ad\b|#werbung|#anzeige|sponsored|"
    r"gewinnspiel|giveaway|newsletter|umfrage|survey)",
}

# on lowered text: ignoring case would cost the first-letter shortcut and four times the time
_CUES = {name: re.compile(pattern) for name, pattern in _PATTERNS.items()}
_READ_CHARS = 500


def find_cues(text: str) -> list[str]:
    """Return the turns of phrase found in the opening 500 characters, in a fixed order."""
    opening = text[:_READ_CHARS].lower()
    return [name for name, pattern in _CUES.items() if pattern.search(opening)]
