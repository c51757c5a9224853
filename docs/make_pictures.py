"""Draws the pictures of the README and of docs/ from the sample community, and nothing by hand.

    python docs/make_pictures.py [--lang en]

Writes `digest.svg` (the demo's digest as a terminal shows it) and, where Chromium is installed,
`mail-<width>-<scheme>.png`: the same digest as HTML mail at phone and desktop width, light and
dark. Without Chromium it says that it left those out.
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from monitor.demo.tour import Tour
from monitor.digest.compose import compose
from monitor.digest.markup import render_html
from monitor.digest.pictures import draw_pictures
from monitor.digest.terminal import render_terminal
from monitor.locale.language import load_language
from monitor.types.digest import Digest

HERE = Path(__file__).parent
COLUMNS = 100
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SCREENS = {"phone": (390, 2600), "desktop": (1000, 2000)}
"""CSS pixels of width and height."""


def main() -> None:
    """Run the demo once and draw what it tells."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lang", choices=["de", "en"], default="en")
    lang = parser.parse_args().lang
    with tempfile.TemporaryDirectory() as folder:
        tour = Tour(Path(folder), lang)
        for step in tour.steps():
            print(f"{step.step}: {step.took_s:.1f} s")
        digest = tour.digest()
    draw_terminal(digest, lang)
    draw_mail(digest, lang)


def draw_terminal(digest: Digest, lang: str) -> None:
    """Write the digest as a terminal shows it, as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(render_terminal(compose(digest, load_language(lang)), COLUMNS))
    svg = console.export_svg(title="sturmglas digest", unique_id="digest")
    # The picture shall not ask a font server who reads it; any monospaced font will do.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (HERE / "digest.svg").write_text(svg, encoding="utf-8")
    print("digest.svg")


def draw_mail(digest: Digest, lang: str) -> None:
    """Write the HTML mail as a browser shows it, or say that there is none to show it."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print("left out: mail-*.png (no Chromium found)", file=sys.stderr)
        return
    language = load_language(lang)
    pictures = draw_pictures(digest, language)
    html = render_html(compose(digest, language), frozenset(pictures))
    for name, picture in pictures.items():
        data = base64.b64encode(picture).decode()
        html = html.replace(f"cid:{name}@sturmglas", f"data:image/png;base64,{data}")
    for screen, (width, height) in SCREENS.items():
        for scheme in ("light", "dark"):
            name = f"mail-{screen}-{scheme}.png"
            shoot(browser, html, HERE / name, width=width, height=height, scheme=scheme)
            print(name)


def shoot(browser: str, html: str, target: Path, *, width: int, height: int, scheme: str) -> None:
    """Take one picture. The page stands in a frame: windows narrower than 500 are not allowed."""
    with tempfile.TemporaryDirectory() as folder:
        page, frame = Path(folder) / "mail.html", Path(folder) / "frame.html"
        page.write_text(html, encoding="utf-8")
        frame.write_text(
            f'<body style="margin:0"><iframe src="mail.html" style="border:0;width:{width}px;'
            f'height:{height}px"></iframe></body>',
            encoding="utf-8",
        )
        dark = ["--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *dark,
             f"--window-size={max(width, 500)},{height}", f"--screenshot={target}",
             frame.as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


if __name__ == "__main__":
    main()
