"""Words from which the made-up ideas are put together."""

# fmt: off
WHAT = (
    "Pfandflaschen", "Nachfüllstation", "Leihfahrräder", "Sitzbänke", "Duftprobe", "Glasbehälter",
    "Wochenkarte", "Fahrplan", "Kaffeebecher", "Reparaturtag", "Blumenwiese", "Kinderecke",
    "Rezeptheft", "Ladesäule", "Trinkbrunnen", "Lieferfenster", "Abholbox", "Sammelkarte",
    "Ersatzteile", "Leseecke", "Kräuterbeet", "Probierpackung", "Vorlesetag", "Bonuspunkte",
    "Etikett", "Lastenrad", "Tauschregal", "Werkstatt", "Newsletter", "Sortenwahl",
    "Familienkarte", "Nachtbus", "Barrierefreiheit", "Handlauf", "Vorratsdose", "Gutschein",
    "Schulbesuch", "Öffnungszeiten", "Terrasse",
)
WHERE = (
    "im Markt", "am Bahnhof", "in der Filiale", "auf dem Land", "in der App", "an der Kasse",
    "im Werk", "in Kleinstädten", "am Stadtrand", "im Netz", "in der Kantine", "am See", "im Hof",
    "in der Schule", "beim Händler", "auf dem Festplatz", "in der Bücherei", "am Empfang",
    "im Park", "unterwegs",
)
WHY = (
    "spart Müll", "spart Zeit", "freut die Kinder", "hilft Älteren", "kostet wenig",
    "fehlt mir seit Jahren", "gibt es anderswo längst", "wäre einmalig", "schont die Umwelt",
    "bringt Leute zusammen", "macht den Einkauf leichter", "passt zu euch", "käme allen zugute",
    "würde ich sofort nutzen", "saves a lot of plastic", "would help my mother", "is long overdue",
    "makes mornings easier",
)
HOW = (
    "mehr davon bitte", "einmal im Monat testen", "klein anfangen", "mit Schildern erklären",
    "zusammen mit Vereinen", "ohne Aufpreis", "auch am Wochenende", "in zwei Größen",
    "zum Mitnehmen", "mit Anmeldung", "ohne Anmeldung", "just try it", "in every town",
    "with a clear sign", "nach dem Vorbild der Nachbarn", "mit Punkten belohnen",
)
