"""What the public page and the audit say, in German and English."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("de", "en")

FAMILY_NAMES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "lockstep": "Gleichschritt",
        "burst": "Stimmenschub",
        "account_age": "Alter der Konten",
        "network": "gemeinsame Netze",
        "device": "gemeinsame Geräte",
        "referrer": "gemeinsame Herkunft",
        "regularity": "mechanischer Takt",
        "one_idea": "Konten für nur eine Idee",
        "recast": "Zurückziehen und erneutes Abstimmen",
    },
    "en": {
        "lockstep": "lockstep",
        "burst": "burst of votes",
        "account_age": "age of accounts",
        "network": "shared networks",
        "device": "shared devices",
        "referrer": "shared origin",
        "regularity": "mechanical rhythm",
        "one_idea": "accounts for one idea only",
        "recast": "withdrawing and voting again",
    },
}

FIELD_NAMES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "campaign": "Aktion",
        "ideas": "Ideen",
        "votes": "Stimmen",
        "unchanged": "schon bekannt",
        "rejected": "abgelehnt",
        "rejects_file": "abgelehnte Zeilen in",
        "entry": "Eintrag",
        "type": "Art",
        "at": "Zeit",
        "finding": "Befund",
        "role": "Rolle",
        "person": "Person",
        "reason": "Grund",
        "families": "Indizien",
        "appeal_until": "Einspruch bis",
        "idea": "Idee",
        "title": "Titel",
        "status": "Stand",
        "joined_into": "zusammengelegt mit",
        "rank": "Platz",
        "folder": "Ordner",
        "entries": "Einträge",
        "root": "Fingerabdruck",
        "file": "Datei",
        "statements": "Begründungen",
        "by_status": "nach Stand",
        "answered": "beantwortet",
        "answered_share": "Anteil",
        "days_to_answer": "Tage bis zur Antwort",
        "overdue": "überfällig",
        "overdue_after_days": "überfällig nach Tagen",
        "votes_cast": "abgegeben",
        "votes_counted": "gezählt",
        "voters": "Personen",
        "cases": "auffällige Stimmen",
    },
    "en": {
        "unchanged": "known already",
        "rejects_file": "rejected rows in",
        "overdue_after_days": "overdue after days",
        "cases": "doubtful votes",
        "root": "fingerprint",
        "days_to_answer": "days until an answer",
    },
}
"""What fields of a result are called where people read them; others by their own name."""

VALUE_NAMES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "True": "ja",
        "False": "nein",
        "submitted": "eingereicht",
        "in_review": "in Prüfung",
        "answered": "beantwortet",
        "planned": "geplant",
        "in_progress": "in Arbeit",
        "launched": "umgesetzt",
        "declined": "abgelehnt",
        "joined": "zusammengelegt",
        "flagged": "auffällig",
        "proposed": "Annullierung vorgeschlagen",
        "annulled": "annulliert",
        "notified": "benachrichtigt",
        "appealed": "Einspruch läuft",
        "upheld": "Einspruch abgelehnt",
        "reinstated": "wieder eingesetzt",
        "cleared": "entlastet",
        "jury": "Jury",
        "text": "gleicher Text",
        "words": "gleiche Wörter",
        "meaning": "gleicher Sinn",
    },
    "en": {
        "True": "yes",
        "False": "no",
        "in_review": "in review",
        "in_progress": "in progress",
        "text": "the same text",
        "words": "the same words",
        "meaning": "the same meaning",
    },
}

ROLE_NAMES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "proposer": "vorgeschlagen von",
        "confirmer": "bestätigt von",
        "campaign office": "Büro der Aktion",
        "appellant": "Einspruch von",
        "appeals officer": "entschieden von",
    },
    "en": {
        "proposer": "proposed by",
        "confirmer": "confirmed by",
        "campaign office": "campaign office",
        "appellant": "appeal by",
        "appeals officer": "decided by",
    },
}
"""How the page says in which role a person did a step; the ledger holds the keys."""

PAGE: Mapping[str, Mapping[str, str]] = {
    "de": {
        "language": "Deutsch",
        "headline": "So wurde gezählt",
        "as_of": "Stand",
        "period": "Abstimmung vom {opens} bis zum {closes} (UTC)",
        "sum_cast": "abgegeben",
        "sum_counted": "gezählt",
        "sum_undisputed": "unbestritten",
        "sum_suspicious": "verdächtig, aber gezählt",
        "sum_annulled": "annulliert",
        "voters": "Personen",
        "statement": "Warum zählen nicht alle Stimmen?",
        "none_annulled": "Keine Stimme wurde annulliert: Alle {cast} abgegebenen Stimmen zählen.",
        "annulled": (
            "Von {cast} abgegebenen Stimmen zählen {counted}. {annulled} Stimmen wurden nach den "
            "vorab festgelegten Regeln annulliert: jeweils mit mindestens {need} unabhängigen "
            "Indizien, vorgeschlagen von einer Person und bestätigt von einer zweiten. Jede dieser "
            "Entscheidungen steht unten, mit Grund, Frist und Ausgang eines Einspruchs."
        ),
        "suspicious": (
            "{suspicious} Stimmen sind auffällig. Sie zählen mit, denn ein Verdacht allein nimmt "
            "niemandem die Stimme."
        ),
        "suspicious_too": (
            "{suspicious} weitere Stimmen sind auffällig. Sie zählen mit, denn ein Verdacht allein "
            "nimmt niemandem die Stimme."
        ),
        "winner_same": "Mit und ohne annullierte Stimmen liegt dieselbe Idee vorn: {winner}.",
        "winner_differs": (
            "Mit den annullierten Stimmen läge „{cast}“ vorn, ohne sie liegt „{counted}“ vorn. Das "
            "Ergebnis hängt also an diesen Annullierungen; deshalb legen wir jede einzeln offen."
        ),
        "margin": "Abstand zwischen Platz 1 und 2: {margin} Stimmen.",
        "too_close": (
            "Zu knapp, um einen Sieger auszurufen: Die noch strittigen Stimmen könnten den ersten "
            "Platz drehen."
        ),
        "quorum_missed": "Das Quorum von {quorum} Stimmen ist nicht erreicht.",
        "result": "Ergebnis",
        "more_ideas": "Alle {ideas} Ideen stehen in tally.json und tally.csv.",
        "idea": "Idee",
        "rank": "Platz",
        "rank_before": "Platz mit allen Stimmen",
        "jury": "Jury",
        "jury_title": "Entscheidungen der Jury",
        "jury_line": "Platz {rank} für „{idea}“ (nach Stimmen Platz {vote_rank}). Grund: {reason}",
        "jury_none": "Die Jury hat keine Entscheidung eingetragen.",
        "exclusions": "Annullierte und auffällige Stimmen",
        "no_cases": "Die Prüfung hat keine auffälligen Stimmen gefunden.",
        "case_line": "{votes} Stimmen für „{idea}“, Indizien: {families}.",
        "audit_said": "Die Prüfung sagte:",
        "reason": "Grund: {reason}",
        "state_flagged": "auffällig, zählt",
        "state_proposed": "Annullierung vorgeschlagen, zählt noch",
        "state_annulled": "annulliert",
        "state_appealed": "annulliert, Einspruch läuft",
        "state_upheld": "annulliert, Einspruch abgelehnt",
        "state_reinstated": "wieder eingesetzt, zählt",
        "state_cleared": "entlastet, zählt",
        "event_flagged": "von der Prüfung gemeldet",
        "event_proposed": "Annullierung vorgeschlagen",
        "event_annulled": "von einer zweiten Person bestätigt",
        "event_notified": "Betroffene benachrichtigt",
        "event_appealed": "Einspruch eingelegt",
        "event_upheld": "Einspruch von einer dritten Person abgelehnt",
        "event_reinstated": "wieder eingesetzt",
        "event_cleared": "entlastet",
        "appeal_until": "Einspruch bis {until}",
        "not_notified": "Die Betroffenen sind noch nicht benachrichtigt.",
        "by": "{role} Person {person}",
        "votes_over_time": "Stimmen je Tag",
        "days": "{first} bis {last}, höchstens {most} Stimmen an einem Tag",
        "chart_sums": "Stimmen der ersten Ideen: unbestritten, verdächtig, annulliert",
        "rules": "Die Regeln",
        "rules_fixed": "Fest seit dem {at}; ihr Fingerabdruck ist Eintrag 0 des Protokolls:",
        "rules_changed": "Achtung: Die Regeln wurden am {at} während der Aktion geändert.",
        "key_changed": "Achtung: Seit dem {at} unterschreibt ein anderer Schlüssel.",
        "refused": (
            "{over_cap} Stimmen gingen über die erlaubte Zahl je Person hinaus und wurden nicht "
            "angenommen."
        ),
        "withdrawn": "{withdrawn} Stimmen wurden von ihren Absendern zurückgezogen.",
        "check": "Selbst nachprüfen",
        "check_text": (
            "Laden Sie diesen Ordner und starten Sie: python3 verify.py. Das Programm ist kurz, "
            "kommt ohne fremde Teile aus und zählt aus dem Protokoll selbst nach. Wer heute die "
            "Datei HEAD aufhebt oder die Zeile hier unten, kann später beweisen, dass nichts "
            "umgeschrieben wurde: python3 verify.py HEAD. Wer abgestimmt hat, kann eine Quittung "
            "verlangen und die eigenen Stimmen suchen: python3 verify.py --receipt QUITTUNG."
        ),
        "anchor": "Zum Abdrucken in Newsletter oder Zeitung",
        "limits": (
            "Was das beweist: dass seit der Unterschrift keine Zeile geändert, gestrichen oder "
            "eingefügt wurde, dass jede Annullierung zwei Indizien und zwei Personen hatte und "
            "dass das Ergebnis aus den Zeilen folgt. Was es nicht beweist: dass hinter jeder "
            "Stimme ein Mensch steht. Namen und Adressen stehen in keiner Datei."
        ),
        "files": "Dateien",
    },
    "en": {
        "language": "English",
        "headline": "How the votes were counted",
        "as_of": "As of",
        "period": "Vote from {opens} to {closes} (UTC)",
        "sum_cast": "cast",
        "sum_counted": "counted",
        "sum_undisputed": "undisputed",
        "sum_suspicious": "suspicious but counted",
        "sum_annulled": "annulled",
        "voters": "people",
        "statement": "Why do not all votes count?",
        "none_annulled": "No vote was annulled: all {cast} votes cast are counted.",
        "annulled": (
            "Of {cast} votes cast, {counted} count. {annulled} votes were annulled under the rules "
            "that were fixed beforehand: each on at least {need} independent kinds of evidence, "
            "proposed by one person and confirmed by a second. Every one of these decisions stands "
            "below, with its reason, the time to appeal and the outcome."
        ),
        "suspicious": (
            "{suspicious} votes look unusual. They are counted, because suspicion alone takes "
            "nobody's vote."
        ),
        "suspicious_too": (
            "Another {suspicious} votes look unusual. They are counted, because suspicion alone "
            "takes nobody's vote."
        ),
        "winner_same": "With and without the annulled votes the same idea leads: {winner}.",
        "winner_differs": (
            "With the annulled votes “{cast}” would lead, without them “{counted}” leads. So the "
            "result hangs on these annulments, which is why we lay open each of them."
        ),
        "margin": "Distance between places 1 and 2: {margin} votes.",
        "too_close": (
            "Too close to call: the votes that are still in dispute could turn the first place."
        ),
        "quorum_missed": "The quorum of {quorum} votes is not met.",
        "result": "Result",
        "more_ideas": "All {ideas} ideas are in tally.json and tally.csv.",
        "idea": "Idea",
        "rank": "Place",
        "rank_before": "Place with all votes",
        "jury": "Jury",
        "jury_title": "Decisions of the jury",
        "jury_line": "Place {rank} for “{idea}” (place {vote_rank} by votes). Reason: {reason}",
        "jury_none": "The jury has recorded no decision.",
        "exclusions": "Annulled and suspicious votes",
        "no_cases": "The audit found no suspicious votes.",
        "case_line": "{votes} votes for “{idea}”, evidence: {families}.",
        "audit_said": "The audit said:",
        "reason": "reason: {reason}",
        "state_flagged": "suspicious, counted",
        "state_proposed": "annulment proposed, still counted",
        "state_annulled": "annulled",
        "state_appealed": "annulled, appeal pending",
        "state_upheld": "annulled, appeal turned down",
        "state_reinstated": "reinstated, counted",
        "state_cleared": "cleared, counted",
        "event_flagged": "reported by the audit",
        "event_proposed": "annulment proposed",
        "event_annulled": "confirmed by a second person",
        "event_notified": "people concerned notified",
        "event_appealed": "appeal filed",
        "event_upheld": "appeal turned down by a third person",
        "event_reinstated": "reinstated",
        "event_cleared": "cleared",
        "appeal_until": "appeal until {until}",
        "not_notified": "The people concerned have not been notified yet.",
        "by": "{role} person {person}",
        "votes_over_time": "Votes per day",
        "days": "{first} to {last}, at most {most} votes a day",
        "chart_sums": "Votes of the leading ideas: undisputed, suspicious, annulled",
        "rules": "The rules",
        "rules_fixed": "Fixed since {at}; their fingerprint is entry 0 of the ledger:",
        "rules_changed": "Note: the rules were changed on {at}, while the campaign was running.",
        "key_changed": "Note: since {at} another key signs.",
        "refused": "{over_cap} votes went beyond what one person may give and were not accepted.",
        "withdrawn": "{withdrawn} votes were taken back by those who had cast them.",
        "check": "Check it yourself",
        "check_text": (
            "Download this folder and run: python3 verify.py. The program is short, needs nothing "
            "else and counts again from the ledger. If you keep the file HEAD today, or the line "
            "below, you can prove later that nothing was rewritten: python3 verify.py HEAD. If you "
            "voted, you can ask for a receipt and look for your own votes: "
            "python3 verify.py --receipt RECEIPT."
        ),
        "anchor": "To be printed in a newsletter or newspaper",
        "limits": (
            "What this proves: that since it was signed no line was changed, dropped or added, "
            "that every annulment had two kinds of evidence and two people, and that the result "
            "follows from the lines. What it does not prove: that there is a person behind each "
            "vote. Names and addresses are in none of the files."
        ),
        "files": "Files",
    },
}


def number(value: int, lang: str) -> str:
    """Write a whole number with thousands separated: 12,345 or 12.345."""
    text = f"{value:,}"
    return text.replace(",", ".") if lang == "de" else text


def percent(share: float, lang: str) -> str:
    """Write a share (0..1) as per cent, without decimals where they would be noise."""
    value = share * 100
    text = f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}"
    return f"{text.replace('.', ',')} %" if lang == "de" else f"{text} %"


def families(names: tuple[str, ...] | list[str], lang: str) -> str:
    """Name evidence families as people call them."""
    return ", ".join(FAMILY_NAMES[lang].get(name, name) for name in names)
