"""What caches in front of us are told: lifetimes, ages, tags, parts, and nothing about failures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.origin.live import noise, photo
from tests.origin.sources.impostor import Answer
from tests.origin.sources.web_server import WebServer
from tests.system.nodes import web_thread
from tests.system.server import Server, get, running, wait
from tests.system.tiers import counts, facts

UNSAFE: dict[str, Any] = {"UNSAFE": 1, "WORKERS": 1}
CONFIG = """
[presets]
thumb = "w:10"
[[policies]]
preset = "thumb"
ttl = 50
tags = ["thumbs"]
[[policies]]
prefix = "local:///brief/"
ttl = 500
tags = ["brief", "all"]
[[policies]]
prefix = "local:///nowhere/"
results = []
[[policies]]
prefix = "local:///near/"
results = ["memory"]
[[policies]]
prefix = "http://"
source_cache_control = true
min_ttl = 60
max_ttl = 3600
"""
FOLDERS = ("brief", "nowhere", "near", "plain")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name in FOLDERS:
        (folder / name).mkdir()
        (folder / name / "photo.jpg").write_bytes(photo(200, 100))
    (folder / "noise.png").write_bytes(noise(1200))
    return folder


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_thread() as server:
        yield server


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path, web: WebServer
) -> Iterator[Server]:
    """With policies, a disk, and web sources that it waits a second for."""
    folder = tmp_path_factory.mktemp("server")
    config = folder / "safelight.toml"
    config.write_text(CONFIG)
    settings: dict[str, Any] = {
        **UNSAFE,
        "LOCAL_ROOT": pictures,
        "CONFIG": config,
        "CACHE_DISK_DIR": folder / "results",
        "HTTP_ALLOW": f"127.0.0.1:{web.port}",
        "HTTP_ALLOW_PRIVATE": 1,
        "TAG_HEADERS": "xkey,cache-tag",
        "NEGATIVE_TTL": 2,
        "TIMEOUT": 2,
    }
    with running(folder, **settings) as server:
        yield server
        assert "Traceback" not in server.logged


def max_age(answer: httpx.Response) -> int:
    first, age, *_ = answer.headers["cache-control"].split(", ")
    assert (first, answer.headers["cdn-cache-control"]) == (
        "public",
        answer.headers["cache-control"],
    )
    return int(age.removeprefix("max-age="))


def begun(server: Server) -> int:
    number: int = facts(server)["workers"]["begun"]
    return number


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/w:20/plain/local:///plain/photo.jpg", 31_536_000),
        ("/w:20/plain/local:///brief/photo.jpg", 500),
        ("/pr:thumb/plain/local:///plain/photo.jpg", 50),
        ("/pr:thumb/plain/local:///brief/photo.jpg", 50),
    ],
)
def test_a_lifetime_is_that_of_the_preset_or_the_prefix(
    server: Server, path: str, expected: int
) -> None:
    answers = [get(f"{server.url}/x{path}") for _ in range(3)]

    assert [max_age(answer) for answer in answers] == [expected] * 3


def test_no_lifetime_goes_beyond_the_expiry_of_the_url(server: Server) -> None:
    expires = int(time.time()) + 200

    answers = [
        get(f"{server.url}/x/exp:{expires}{option}/plain/local:///brief/photo.jpg")
        for option in ("/w:20", "/w:20", "/pr:thumb")
    ]

    assert all(100 < max_age(answer) <= 200 for answer in answers[:2])
    assert max_age(answers[2]) == 50


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("max-age=300", 300),
        ("max-age=5", 60),
        ("no-store", 60),
        ("max-age=99999, public", 3600),
        (None, 3600),
    ],
)
def test_a_source_may_say_how_long_within_floor_and_ceiling(
    server: Server, web: WebServer, said: str | None, expected: int
) -> None:
    name, data = f"/{expected}-{said is None}-{len(said or '')}.jpg", photo()
    fields = ['ETag: "1"', f"Content-Length: {len(data)}"]
    web.will(name, Answer(200, (*fields, *([f"Cache-Control: {said}"] if said else [])), data))

    answers = [get(f"{server.url}/x/w:20/plain/http://127.0.0.1:{web.port}{name}") for _ in "12"]

    assert [max_age(answer) for answer in answers] == [expected] * 2


def test_tags_come_in_the_fields_of_the_setting(server: Server) -> None:
    plain = get(f"{server.url}/x/w:20/plain/local:///plain/photo.jpg")
    tagged = get(f"{server.url}/x/pr:thumb/plain/local:///brief/photo.jpg")
    again = get(f"{server.url}/x/pr:thumb/plain/local:///brief/photo.jpg")

    own, *others = tagged.headers["xkey"].split(" ")
    assert (others, own[:2]) == (["thumbs", "brief", "all"], "s-")
    assert tagged.headers["cache-tag"].split(",") == [own, *others]
    assert again.headers["cache-tag"] == tagged.headers["cache-tag"]
    assert plain.headers["xkey"] == plain.headers["cache-tag"] != own
    assert "surrogate-key" not in tagged.headers


@pytest.mark.parametrize("folder", ["plain", "near"])
def test_parts_are_the_same_of_cold_warm_and_hot_results(server: Server, folder: str) -> None:
    """Kept on disk as well, or in memory alone."""
    url = f"{server.url}/x/w:77/plain/local:///{folder}/photo.jpg@png"

    cold = get(url, range="bytes=10-19")
    whole = get(url)
    parts = [get(url, range="bytes=10-19") for _ in range(2)]
    current = get(url, range="bytes=-5", if_range=whole.headers["etag"])
    old = get(url, range="bytes=-5", if_range='"old"')
    beyond = get(url, range="bytes=999999-")

    size = len(whole.content)
    for part in (cold, *parts):
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{size}"
        assert part.headers["etag"] == whole.headers["etag"]
    assert (current.status_code, current.content) == (206, whole.content[-5:])
    assert (old.status_code, old.content) == (200, whole.content)
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert beyond.headers["cache-control"] == "no-store"
    assert get(url).content == whole.content


def test_a_missing_source_is_remembered_for_a_moment_and_seen_when_it_appears(
    server: Server, pictures: Path
) -> None:
    url = f"{server.url}/x/w:20/plain/local:///plain/late.jpg"
    absent = [get(url) for _ in range(2)]

    (pictures / "plain" / "late.jpg").write_bytes(photo())
    wait(lambda: get(url).status_code == 200)

    assert [(answer.status_code, max_age(answer)) for answer in absent] == [(404, 2)] * 2


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(500, ("Content-Length: 0",)), 502),
        (Answer(403, ("Content-Length: 0",)), 502),
        (Answer(200, ('ETag: "1"', "Content-Length: 100"), b"half", then="close"), 502),
        (Answer(200, ('ETag: "1"', "Content-Length: 100"), b"half", then="hang"), 504),
    ],
)
def test_what_failed_here_is_kept_by_nobody(
    server: Server, web: WebServer, answer: Answer, status: int
) -> None:
    web.will("/failing.jpg", answer)

    failed = get(f"{server.url}/x/w:{status}/plain/http://127.0.0.1:{web.port}/failing.jpg")

    assert failed.status_code == status
    assert failed.headers["cache-control"] == "no-store"
    assert failed.headers["cdn-cache-control"] == "no-store"


def test_policies_keep_results_out_of_tiers(server: Server) -> None:
    def stored() -> tuple[int, int]:
        return counts(server, "memory")["stored"], counts(server, "disk")["stored"]

    def ask(folder: str) -> list[str]:
        url = f"{server.url}/x/w:33/plain/local:///{folder}/photo.jpg@png"
        return [get(url).headers["cache-status"] for _ in range(2)]

    memory, disk = stored()
    rendered = begun(server)

    assert ask("nowhere") == ["safelight; fwd=uri-miss"] * 2
    assert (begun(server), stored()) == (rendered + 2, (memory, disk))
    assert ask("near") == ["safelight-memory; fwd=uri-miss; stored", "safelight-memory; hit"]
    assert ask("plain")[1] == "safelight-memory; hit"
    wait(lambda: stored()[1] > disk)
    assert (begun(server), stored()) == (rendered + 4, (memory + 2, disk + 1))


def test_an_answer_grows_old_until_its_source_is_looked_at_again(
    tmp_path: Path, pictures: Path
) -> None:
    settings: dict[str, Any] = {"LOCAL_ROOT": pictures, "POINTER_TTL": 3, "TAG_HEADERS": "none"}
    with running(tmp_path, **UNSAFE, **settings) as server:
        url = f"{server.url}/x/w:20/plain/local:///plain/photo.jpg"
        answers = [get(url)]

        def is_young_again() -> bool:
            answers.append(get(url))
            ages = [int(answer.headers["age"]) for answer in answers]
            return 1 in ages and ages[-1] == 0

        wait(is_young_again)

    assert int(answers[0].headers["age"]) == 0
    assert max(int(answer.headers["age"]) for answer in answers) <= 3
    assert not answers[0].headers.keys() & {"cache-tag", "surrogate-key", "xkey"}


def test_who_waits_for_another_is_told_so(server: Server) -> None:
    url = f"{server.url}/x/w:900/plain/local:///noise.png@avif"

    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(get, [url] * 6))

    missed = [answer for answer in answers if "fwd=uri-miss" in answer.headers["cache-status"]]
    alone = [answer for answer in missed if "collapsed" not in answer.headers["cache-status"]]
    assert {answer.status_code for answer in answers} == {200}
    assert (len(alone), len(missed) > 1) == (1, True)
    assert missed[-1].headers["cache-status"].count("; fwd=uri-miss; stored") == 2
