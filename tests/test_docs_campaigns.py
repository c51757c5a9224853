"""Each command in docs/campaigns.md is run on the sample campaign, in the order of the page."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from monitor.campaigns.rules import parse_rules
from monitor.demo import campaign
from tests.test_docs_commands import ROOT, run

PAGE = (ROOT / "docs" / "campaigns.md").read_text(encoding="utf-8")
NOW = "2026-04-03T10:00:00Z"


def test_every_command_of_the_page_works_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(campaign.RULES, encoding="utf-8")
    for name, lines in (("ideas", campaign.ideas()), ("votes", campaign.votes())):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if line]
    assert len(commands) > 20
    finding = ""
    for command in commands:
        arguments = shlex.split(command.replace("FINDING", finding))[1:]
        done = run([*arguments, "--now", NOW], tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if arguments[:2] == ["campaign", "audit"]:
            finding = re.findall(r"^(f[0-9a-f]{10})\b", done.stdout, flags=re.MULTILINE)[0]
    told = json.loads((tmp_path / "public" / "exclusions.json").read_text())["cases"]
    assert [(case["finding"], case["state"]) for case in told] == [(finding, "upheld")]
    stranger = [sys.executable, "-I", "public/verify.py", "--receipt", "receipt.jsonl"]
    done = subprocess.run(
        [*stranger, "newsletter-may.txt"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert json.loads(done.stdout)["ok"]


def test_the_rules_on_the_page_are_valid() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert tomllib.loads(text)["exclusion"]["need"] == 2
    assert parse_rules(text).jury_role == "jury of three engineers"
