"""compose.yaml without an engine: its grammar, and what its services are started with."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from origin.settings import PREFIX, read_settings
from tests.edge.edges import CONFIG, KEYS, program
from tests.edge.nginx import MODULE
from tests.edge.tools import document, run, tool

FOLDER = CONFIG / "compose"
ORIGINS = ("origin-1", "origin-2")
_PATIENCE = 60.0


def services() -> Any:
    return document(FOLDER / "compose.yaml")["services"]


def test_compose_takes_it() -> None:
    validator = tool("check-jsonschema", "make setup-dev")

    schema = ("--builtin-schema", "vendor.compose-spec")
    done = run(validator, *schema, "--", str(FOLDER / "compose.yaml"))

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ORIGINS)
def test_the_server_takes_every_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = services()[name]["environment"]
    for variable, value in environment.items():
        given = re.fullmatch(rf"\$\{{{PREFIX}(\w+):\?[^}}]*\}}", value)
        monkeypatch.setenv(variable, KEYS[given[1]] if given else value)

    settings = read_settings()

    assert settings.node == name
    assert settings.keys
    assert settings.salts
    asked = {_named(settings.s3_endpoint), _named(settings.cache_redis_url)}
    assert asked == {"objects", "redis"} < set(services())


def test_what_an_origin_keeps_is_on_a_volume_and_nothing_else_is_written() -> None:
    for name in ORIGINS:
        origin = services()[name]
        (volume,) = origin["volumes"]
        assert volume == f"{name}:{origin['environment']['SAFELIGHT_CACHE_DISK_DIR']}"
        assert origin["read_only"] is True
        assert origin["cap_drop"] == ["ALL"]


def test_nginx_takes_the_origins_of_this_folder(tmp_path: Path) -> None:
    nginx = program("nginx", "apt-get install nginx-light")
    if not MODULE.exists():
        pytest.skip(f"expected {MODULE}: apt-get install libnginx-mod-http-js")
    copy = tmp_path / "nginx"
    shutil.copytree(CONFIG / "nginx", copy)
    # Names of services are known among them alone.
    origins = re.sub(r"origin-(\d):8080", r"127.0.0.\1:8080", (FOLDER / "origins.conf").read_text())
    (copy / "origins.conf").write_text(origins)
    config = copy / "nginx.conf"
    text = config.read_text().replace("/var/log/nginx/", f"{tmp_path}/")
    text = text.replace("/var/cache/nginx/safelight", f"{tmp_path}/cache")
    config.write_text(text.replace("/run/nginx.pid", f"{tmp_path}/pid"))

    done = run(nginx, "-t", "-c", str(config))

    assert done.returncode == 0, done.stderr
    named = re.findall(r"server ([\w-]+):8080", (FOLDER / "origins.conf").read_text())
    assert set(named) == set(ORIGINS) <= set(services())


def test_rclone_serves_buckets_with_what_it_is_started_with(tmp_path: Path) -> None:
    rclone = tool("rclone", "make setup-dev")
    objects = services()["objects"]
    (tmp_path / "pictures").mkdir()
    places = {"/buckets": str(tmp_path), ":9000": "127.0.0.1:0"}
    log = tmp_path / "log"

    with log.open("wb") as output:
        command = [rclone, *(places.get(each, each) for each in objects["command"])]
        process = subprocess.Popen([*command, "--config", ""], stdout=output, stderr=output)
        try:
            end = time.monotonic() + _PATIENCE
            while process.poll() is None and time.monotonic() < end:
                if "http://127.0.0.1:" in log.read_text():
                    break
                time.sleep(0.02)
            assert "http://127.0.0.1:" in log.read_text(), log.read_text()
        finally:
            process.kill()
            process.wait()

    origin = services()["origin-1"]["environment"]
    pair = f"{origin['AWS_ACCESS_KEY_ID']},{origin['AWS_SECRET_ACCESS_KEY']}"
    assert pair in objects["command"]
    buckets = [volume.split(":")[1] for volume in objects["volumes"]]
    results = origin["SAFELIGHT_CACHE_RESULTS"].split("/")[2]
    assert buckets == [f"/buckets/{origin['SAFELIGHT_S3_BUCKETS']}", f"/buckets/{results}"]


def _named(url: str | None) -> str:
    """The service in a URL."""
    found = re.match(r"\w+://([\w-]+):\d+", url or "")
    assert found is not None
    return found[1]
