"""What goes out is what was drawn: nothing else that a file carried along goes with it."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from loadtests.fuzz.outcome import PICTURE, Outcome
from tests.hostile.polyglots import FOREIGN, POLYGLOTS
from tests.hostile.siege import Attack, Siege, besieged
from tests.pictures import opened
from transforms.codecs import CODECS

# Re-encoded, in its own format or another, the same again because that is no larger, as it is
# but for private things, and with all the metadata that may be kept.
AS_IT_IS = "skp:jpg:png:gif:webp:tiff:bmp:avif"
ASKED = ("w:8@jpg", "", "@png", "w:12@gif", "kcr:1@webp", AS_IT_IS)
TYPES = {codec.media_type for codec in CODECS.values() if not codec.vector}
# Its pixels are text, and who asks for them as they are gets them.
TEXT_IN_PIXELS = ("html in a png's pixels", AS_IT_IS)


@pytest.fixture(scope="module")
def siege() -> Siege:
    attacks = {
        f"{name} {asked}": Attack(partial(lambda data: data, write()), asked)
        for name, write in POLYGLOTS.items()
        for asked in ASKED
    }
    return asyncio.run(besieged(attacks))


def outcomes(name: str, siege: Siege) -> dict[str, Outcome]:
    return {asked: siege.outcomes[f"{name} {asked}"] for asked in ASKED}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_a_polyglot_is_answered_in_words_or_with_a_picture(name: str, siege: Siege) -> None:
    assert [str(one) for one in outcomes(name, siege).values() if not one.right] == []


@pytest.mark.parametrize("name", POLYGLOTS)
def test_a_result_is_a_picture_of_a_type_of_ours_and_nothing_else(name: str, siege: Siege) -> None:
    for asked, outcome in outcomes(name, siege).items():
        if outcome.made is None or (name, asked) == TEXT_IN_PIXELS:
            continue
        made = outcome.made
        assert made.media_type in TYPES
        assert opened(made).size == (made.width, made.height)
        carried = [text for text in FOREIGN if text in made.data]
        assert carried == [], (asked, made.chosen)


def test_most_of_them_are_pictures(siege: Siege) -> None:
    kinds = [outcome.kind for outcome in siege.outcomes.values()]

    assert kinds.count(PICTURE) > len(kinds) / 2
