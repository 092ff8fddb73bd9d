"""`safelight warm` on a real server: the first visitor finds everything and waits for nothing."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.origin.live import CHROME, kind_of, photo, signed
from tests.s3 import S3Server
from tests.system.nodes import Fleet, Node, is_hit, until
from tests.system.server import SAFELIGHT, environment

ACCEPTS = (CHROME, "image/webp,*/*;q=0.8", "*/*")
PRESETS = """
[presets]
thumb = "rs:fill:20:20"
big = "rs:fit:40:40"
"""


@pytest.fixture
def fleet(tmp_path: Path, s3_server: S3Server) -> Fleet:
    fleet = Fleet(tmp_path, s3_server)
    fleet.config.write_text(PRESETS)
    return fleet


@contextmanager
def cold_node(fleet: Fleet, **settings: object) -> Iterator[Node]:
    """With tiers of its own machine alone."""
    with fleet.node("a", CACHE_RESULTS="", TIMEOUT=60, **settings) as node:
        yield node


def listed(fleet: Fleet, paths: list[str]) -> str:
    """A file of signed URLs, as a site map has them."""
    place = fleet.folder / "list.txt"
    place.write_text("".join(f"https://cdn.example{signed(path)}\n" for path in paths))
    return str(place)


@contextmanager
def warming(node: Node, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command while it runs; it is over when the block is left."""
    with subprocess.Popen(
        [str(SAFELIGHT), "warm", *arguments, "--admin", node.server.admin_url],
        env=environment({}),
        cwd=node.server.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def seconds_of(node: Node, path: str) -> float:
    """That a visitor waits for a picture that nobody has asked for yet."""
    began = time.monotonic()
    answer = node.get(path)
    assert answer.status_code == 200
    assert not is_hit(answer)
    return time.monotonic() - began


def test_all_urls_of_a_list_are_hits_for_every_browser_on_its_first_visit(fleet: Fleet) -> None:
    (fleet.pictures / "photo.jpg").write_bytes(photo(300, 200))
    paths = [f"/w:{width}/plain/local:///photo.jpg" for width in (100, 150, 200)]
    paths.append("/w:40/plain/local:///photo.jpg@png")
    urls = listed(fleet, paths)
    with cold_node(fleet) as node:
        first = node.command("warm", urls)
        rendered = node.facts()["workers"]["begun"]

        assert (first.returncode, first.stderr) == (0, "")
        assert "4 paths in " in first.stdout
        assert "10 made, 0 hits, 0 failed" in first.stdout
        answers = [node.get(path, accept) for path in paths for accept in ACCEPTS]
        assert all(is_hit(answer) for answer in answers)
        kinds = [kind_of(answer.content) for answer in answers]
        assert kinds == ["avif", "webp", "jpeg"] * 3 + ["png"] * 3
        assert node.facts()["workers"]["begun"] == rendered == 10

        again = node.command("warm", urls)
        anew = node.command("warm", urls, "--restart")

        assert (again.returncode, anew.returncode) == (0, 0)
        assert "Nothing to do: 4 of 4 paths are warm" in again.stdout
        assert "0 made, 10 hits, 0 failed" in anew.stdout
        assert node.facts()["workers"]["begun"] == rendered


def test_sources_are_hits_under_every_preset_for_every_browser(fleet: Fleet) -> None:
    sources = [fleet.put("one.png"), fleet.put("zwei drei.png")]
    place = fleet.folder / "sources.txt"
    place.write_text("\n".join(sources))
    with cold_node(fleet) as node:
        warmed = node.command(
            "warm", "--sources", str(place), "--preset", "thumb", "--preset", "big"
        )
        rendered = node.facts()["workers"]["begun"]

        assert (warmed.returncode, warmed.stderr) == (0, "")
        assert "12 made, 0 hits, 0 failed" in warmed.stdout
        for source in sources:
            for options in ("preset:thumb", "pr:big", "rs:fill:20:20"):
                path = f"/{options}/plain/{source.replace(' ', '%20')}"
                assert all(is_hit(node.get(path, accept)) for accept in ACCEPTS)
        assert node.facts()["workers"]["begun"] == rendered == 12


def test_an_interrupted_run_is_resumed_where_it_stopped(fleet: Fleet) -> None:
    (fleet.pictures / "photo.jpg").write_bytes(photo(1500, 1000))
    paths = [f"/w:{width}/plain/local:///photo.jpg@webp" for width in range(600, 680)]
    urls = listed(fleet, paths)
    journal = Path(f"{urls}.warmed")
    with cold_node(fleet) as node:
        with warming(node, urls, "--batch", "10") as process:
            until(lambda: journal.exists() and len(journal.read_text().splitlines()) > 12)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)

        done = len(journal.read_text().splitlines()) - 1
        assert process.returncode == 130
        assert f"Interrupted after {done} of 80 paths" in said
        assert 0 < done < 80

        resumed = node.command("warm", urls)

        assert resumed.returncode == 0
        assert f"Going on: {done} of 80 paths are warm" in resumed.stdout
        assert f"{80 - done} paths in " in resumed.stdout
        assert all(is_hit(node.get(path)) for path in paths)
        # What was in the making when it was interrupted may have been made twice.
        assert 80 <= node.facts()["workers"]["begun"] <= 80 + 3


def test_visitors_overtake_the_warming_of_200_results(fleet: Fleet) -> None:
    (fleet.pictures / "large.jpg").write_bytes(photo(1500, 1000))
    (fleet.pictures / "small.jpg").write_bytes(photo(300, 200))
    urls = listed(fleet, [f"/w:{width}/plain/local:///large.jpg@webp" for width in range(600, 800)])
    with cold_node(fleet, WORKERS=2) as node:
        idle = [seconds_of(node, f"/w:{w}/plain/local:///small.jpg@png") for w in range(1, 21)]
        with warming(node, urls) as process:
            until(lambda: node.facts()["workers"]["busy"] == 2)
            began = time.monotonic()
            busy: list[float] = []
            # A visitor ten times in a second, until it is over.
            while process.poll() is None:
                busy.append(seconds_of(node, f"/w:{21 + len(busy)}/plain/local:///small.jpg@png"))
                time.sleep(0.1)
            whole = time.monotonic() - began
            said, _ = process.communicate(timeout=30)

        assert process.returncode == 0
        assert "200 made, 0 hits, 0 failed" in said
        assert len(busy) > 10
        # One picture that is being made is waited for, and none of those that wait themselves.
        assert sorted(busy)[len(busy) // 2] < sorted(idle)[len(idle) // 2] + whole / 20
        assert max(busy) < whole / 4 + 0.5
        assert node.facts()["workers"]["begun"] == 200 + len(idle) + len(busy)
