"""The HTML mail in a real browser: nothing sticks out on a phone, nothing of a post runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.digest.compose import compose
from monitor.digest.markup import render_html
from monitor.locale.language import load_language
from monitor.store.store import Store
from tests.digest_community import DAY, NOW, fill, post
from tests.test_digest_renderings import digest_of

BROWSER = next((p for n in ("chromium", "google-chrome") if (p := shutil.which(n))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

FRAME = """<body><iframe id="mail" src="mail.html" style="width:{width}px;height:900px"></iframe>
<script>onload = () => {{
  const page = document.getElementById("mail").contentDocument.documentElement;
  document.body.dataset.told = page.scrollWidth + " " + page.ownerDocument.title;
}}</script></body>"""


@pytest.mark.parametrize("width", [360, 390, 1000])
def test_the_mail_fits_the_screen_and_runs_nothing(
    store: Store, tmp_path: Path, width: int
) -> None:
    fill(store, storm=True)
    hostile = "<script>document.title = 'taken'</script><img src=x onerror=document.title='taken'>"
    store.ingest.save_posts([post(70, hostile + "W" * 400 + "?", DAY, "x", likes=500)], NOW)
    html = render_html(compose(digest_of(store), load_language("de")))
    (tmp_path / "mail.html").write_text(html, encoding="utf-8")
    (tmp_path / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    assert BROWSER is not None
    dumped = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         "--window-size=1200,1000", "--dump-dom", (tmp_path / "frame.html").as_uri()],
        check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    told = re.search(r'data-told="(\d+) ([^"]*)"', dumped)
    assert told is not None
    assert int(told[1]) <= width
    assert told[2] == "Acme · Mo., 2. März 2026"
