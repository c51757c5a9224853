"""The public page in a real browser, and what it says in both languages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.publishing import publish
from tests.campaign_cases import NOW, campaign, crowd, numbered
from tests.test_campaigns_account import ring

BROWSER = next((p for n in ("chromium", "google-chrome") if (p := shutil.which(n))), None)
FRAME = """<body><iframe id="page" src="index.html" style="width:{width}px;height:900px"></iframe>
<script>onload = () => {{
  const page = document.getElementById("page").contentDocument;
  const lines = cell => {{
    const range = page.createRange();
    range.selectNodeContents(cell);
    return range.getClientRects().length;
  }};
  const cells = [...page.querySelectorAll("td:nth-child(n+3)")];
  const broken = cells.filter(cell => lines(cell) > 1).length;
  document.body.dataset.told = page.documentElement.scrollWidth + " " + broken;
}}</script></body>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account whose titles are long and hostile."""
    story, _ = campaign(numbered(crowd(1, 150) + ring()), number_of_ideas=12)
    title = "<script>document.title = 'taken'</script>" + "Donaudampfschiff" * 9
    story.db.connection.execute("UPDATE campaign_ideas SET title = ? WHERE idea = 'i3'", (title,))
    finding = story.audit("spring", NOW).findings[0].finding
    story.step("spring", "propose", finding, by="kim", reason="a ring", now=NOW)
    story.step("spring", "confirm", finding, by="lou", reason="checked", now=NOW)
    made = tmp_path_factory.mktemp("page")
    publish(story, "spring", made, NOW)
    return made


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [360, 390, 1000])
def test_the_page_fits_the_screen_and_breaks_no_number(folder: Path, width: int) -> None:
    frame = folder / f"frame{width}.html"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    assert BROWSER is not None
    dumped = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         "--window-size=1200,1000", "--dump-dom", frame.as_uri()],
        check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    told = re.search(r'data-told="(\d+) (\d+)"', dumped)
    assert told is not None
    assert int(told[1]) <= width
    assert int(told[2]) == 0


@pytest.mark.parametrize(
    "words",
    [
        "vorgeschlagen von Person",
        "bestätigt von Person",
        "Abstimmung vom 01.03.2026, 00:00",
        "proposed by person",
        "confirmed by person",
        "reason: a ring",
    ],
)
def test_each_step_is_told_in_the_language_of_the_page(folder: Path, words: str) -> None:
    assert words in (folder / "index.html").read_text()
