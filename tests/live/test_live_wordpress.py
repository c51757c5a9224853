"""WordPress with MariaDB, served by PHP itself: what was written is what is read."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from live.conftest import free_port, running

from connectors.base import Refreshes
from connectors.registry import connector
from connectors.traffic import Traffic
from connectors.types import Page, Post, Source

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]
CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_HOME', '{url}'); define('WP_SITEURL', '{url}');
define('WP_ENVIRONMENT_TYPE', 'local'); define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {{ define('ABSPATH', __DIR__ . '/'); }}
require_once ABSPATH . 'wp-settings.php';
"""


class Site:
    """A WordPress that obeys PHP."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def php(self, code: str) -> Any:
        """Run code inside of WordPress and return what it echoes, as JSON."""
        start = "$_SERVER['HTTP_HOST'] = '127.0.0.1'; require 'wp-load.php';"
        done = subprocess.run(
            ["php", "-d", "error_reporting=0", "-r", f"{start} echo json_encode({code});"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    def comment(self, article: int, text: str, parent: int = 0, at: str = "") -> str:
        when = f"'comment_date_gmt' => '{at}', 'comment_date' => '{at}'," if at else ""
        made = self.php(
            f"wp_insert_comment(['comment_post_ID' => {article}, 'comment_author' => 'Kim', "
            f"'comment_content' => '{text}', 'comment_parent' => {parent}, {when} "
            "'comment_approved' => 1])"
        )
        return str(made)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    # Not pytest's own folder: every run makes that private again, and MariaDB has its own user.
    with tempfile.TemporaryDirectory(prefix="sturmglas-wordpress-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield from serve(folder)


def serve(folder: Path) -> Iterator[Site]:
    """Install WordPress and its database into a folder, and run both until the tests are done."""
    data, site_folder = folder / "data", folder / "site"
    shutil.copytree(
        "/usr/share/wordpress",
        site_folder,
        symlinks=False,
        ignore=shutil.ignore_patterns("wp-config.php"),
        ignore_dangling_symlinks=True,
    )
    # the path of a socket must be short
    socket = Path(tempfile.gettempdir()) / f"wp-{free_port()}.sock"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    install = ["mariadb-install-db", "--user=mysql", f"--datadir={data}"]
    subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, **quiet)
    database = subprocess.Popen(
        [
            "mariadbd",
            "--user=mysql",
            f"--datadir={data}",
            f"--socket={socket}",
            "--skip-networking",
            f"--pid-file={data}/pid",
        ],
        **quiet,
    )
    try:
        client = ["mariadb", "-uroot", f"--socket={socket}", "-e", "CREATE DATABASE wp"]
        for _ in range(60):
            if subprocess.run(client, check=False, **quiet).returncode == 0:
                break
            time.sleep(0.5)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        (site_folder / "wp-config.php").write_text(CONFIG.format(socket=socket, url=url))
        command = ["php", "-S", f"127.0.0.1:{port}", "-t", str(site_folder)]
        with running(command, f"{url}/readme.html", folder / "log"):
            form = {
                "weblog_title": "Halle",
                "user_name": "admin",
                "admin_password": "x" * 12,
                "admin_password2": "x" * 12,
                "pw_weak": "1",
                "admin_email": "a@b.test",
            }
            answer = httpx.post(f"{url}/wp-admin/install.php?step=2", data=form, timeout=60)
            assert answer.is_success, answer.text[:500]
            yield Site(site_folder, url)
    finally:
        database.terminate()
        database.wait(60)


def source_of(site: Site, **changes: Any) -> Source:
    return Source(
        name="site", platform="wordpress", base_url=site.url, allow_private=True, **changes
    )


def fetch(source: Source, cursor: Any = None) -> list[Page]:
    with closing(Traffic()) as traffic:
        return list(connector("wordpress", traffic).fetch(source, cursor))


def refresh(source: Source, ids: list[str]) -> list[Page]:
    with closing(Traffic()) as traffic:
        built = connector("wordpress", traffic)
        assert isinstance(built, Refreshes)
        return list(built.refresh(source, ids))


def posts(pages: list[Page]) -> dict[str, Post]:
    return {post.native_id: post for page in pages for post in page.posts}


@pytest.mark.parametrize("pretty", [False, True], ids=["plain addresses", "pretty addresses"])
def test_what_was_written_is_what_is_read(site: Site, pretty: bool) -> None:
    structure = "/%postname%/" if pretty else ""
    site.php(f"[update_option('permalink_structure', '{structure}'), flush_rewrite_rules()]")
    article = site.php(
        "wp_insert_post(['post_title' => 'Neues - heute', 'post_content' => 'Es ist \"da\".', "
        "'post_status' => 'publish', 'post_author' => 1])"
    )
    made = site.php(
        f"array_map(function ($n) {{ return wp_insert_comment(['comment_post_ID' => {article}, "
        "'comment_author' => 'Kim', 'comment_content' => \"Kommentar $n: 5 < 6 & 'gut'\", "
        "'comment_approved' => 1, 'comment_date' => gmdate('Y-m-d H:i:s', time() - 9000 + $n), "
        "'comment_date_gmt' => gmdate('Y-m-d H:i:s', time() - 9000 + $n)]); }, range(1, 230))"
    )
    answer = site.comment(article, "Danke", parent=made[0])
    held = site.php(
        f"wp_insert_comment(['comment_post_ID' => {article}, 'comment_content' => 'wartet', "
        "'comment_approved' => 0])"
    )
    source = source_of(site)
    whole = fetch(source)
    found = posts(whole)
    assert {str(n) for n in made} | {answer, f"post:{article}"} <= set(found)
    assert str(held) not in found
    for n, number in enumerate(made, start=1):
        assert found[str(number)].text.startswith(f"Kommentar {n}: 5 < 6 & ")
        assert found[str(number)].parent_id == f"post:{article}"
    assert found[answer].parent_id == str(made[0])
    assert found[f"post:{article}"].title == "Neues – heute"
    for cut, page in enumerate(whole):
        rest = fetch(source, page.cursor)
        assert posts(whole[: cut + 1]).keys() | posts(rest).keys() == set(found), cut

    later = site.comment(article, "noch einer")
    site.php(f"wp_trash_comment({made[1]})")
    site.php(f"wp_update_comment(['comment_ID' => {made[2]}, 'comment_content' => 'anders'])")
    assert later in posts(fetch(source, whole[-1].cursor))
    asked = refresh(source, [str(made[1]), str(made[2]), f"post:{article}"])
    assert posts(asked)[str(made[2])].text == "anders"
    assert [one.uid for page in asked for one in page.deleted] == [f"wordpress:127.0.0.1:{made[1]}"]
    approved = site.php(f"wp_set_comment_status({held}, 'approve')")
    assert approved
    assert str(held) in posts(fetch(source, whole[-1].cursor))
