"""`safelight serve --demo` in an empty folder: every link shows what its label says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.origin.live import kind_of, size_of
from tests.system.server import Server, get, refused, running, wait

# Label, what it shows, and how large, for a client that accepts anything.
SHOWN = {
    "12 megapixels": ("jpeg", (4032, 3024)),
    "fitted into 800 x 600": ("jpeg", (800, 600)),
    "filled to 400 x 400": ("jpeg", (400, 400)),
    "filled to 600 x 200": ("jpeg", (600, 200)),
    "the same for a screen of double density": ("jpeg", (1200, 400)),
    "as AVIF": ("avif", (800, 600)),
    "as WebP": ("webp", (800, 600)),
    "a phone's picture": ("jpeg", (500, 375)),
    "transparency on a background": ("jpeg", (380, 380)),
    "a watermark": ("jpeg", (900, 675)),
    "an animation": ("webp", (160, 160)),
    "a drawing": ("png", (500, 500)),
    "two pipelines": ("webp", (340, 265)),
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started once in an empty folder, where it draws its pictures; it runs here a second time."""
    folder = tmp_path_factory.mktemp("demo")
    with running(folder, "--demo") as first:
        wait(lambda: "Make your own" in first.printed)
        before = [path for _, path in links(first)]
    with running(folder, "--demo") as server:
        wait(lambda: "Make your own" in server.printed)
        assert [path for _, path in links(server)] == before
        yield server


def links(server: Server) -> list[tuple[str, str]]:
    """Labels, and the signed paths below them."""
    return re.findall(r"^  (\S.*)\n    http://[\d.:]+(/\S+)$", server.printed, re.MULTILINE)


def test_every_link_but_the_last_shows_what_its_label_says(demo: Server) -> None:
    answers = {label: get(demo.url + path, accept="*/*") for label, path in links(demo)}

    *pictures, error = answers.values()
    assert len(pictures) >= 12
    assert {answer.status_code for answer in pictures} == {200}
    assert error.status_code == 400
    for start, expected in SHOWN.items():
        (content,) = [one.content for label, one in answers.items() if label.startswith(start)]
        assert (start, kind_of(content), size_of(content)) == (start, *expected)


def test_the_command_that_it_names_signs_with_its_keys(demo: Server) -> None:
    command = re.search(r"safelight sign (\S+)", demo.printed)
    assert command

    made = refused(demo.folder, "sign", command[1], "--url", demo.url)

    assert get(made.stdout.strip()).status_code == 200


def test_its_keys_are_kept_to_itself(demo: Server) -> None:
    kept = demo.folder / ".safelight" / "keys.env"

    key = kept.read_text().splitlines()[0].partition("=")[2]

    assert kept.stat().st_mode & 0o777 == 0o600
    assert len(key) == 64
    assert key not in demo.printed + demo.logged
