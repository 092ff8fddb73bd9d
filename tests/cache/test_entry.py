"""A frame gives back what was put, and whatever else it holds is a CorruptEntry."""

from __future__ import annotations

import hashlib
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.entry import Entry, pack, unpack
from cache.errors import CorruptEntry
from tests.cache.stores import entry, key

_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
_NUMBER = st.integers(0, 2**63)
ENTRIES = st.builds(
    Entry,
    body=st.binary(max_size=500),
    media_type=_TEXT,
    extension=_TEXT,
    width=_NUMBER,
    height=_NUMBER,
    frames=_NUMBER,
    source_width=_NUMBER,
    source_height=_NUMBER,
    chosen=_TEXT,
    created=st.floats(allow_nan=False, allow_infinity=False),
)


@given(ENTRIES, _TEXT)
def test_an_entry_comes_back_from_its_frame(one: Entry, name: str) -> None:
    assert unpack(name, pack(name, one)) == one


@given(ENTRIES)
def test_the_picture_comes_first_so_that_viewers_open_the_frame(one: Entry) -> None:
    assert pack(key(1), one).startswith(one.body)


def test_every_cut_of_a_frame_is_noticed() -> None:
    frame = pack(key(1), entry(b"a picture of some bytes"))

    for length in range(len(frame)):
        with pytest.raises(CorruptEntry):
            unpack(key(1), frame[:length])
        with pytest.raises(CorruptEntry):
            unpack(key(1), frame[length + 1 :])


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_of_a_frame_is_noticed(bit: int) -> None:
    frame = pack(key(1), entry())

    for place in range(len(frame)):
        changed = bytearray(frame)
        changed[place] ^= 1 << bit
        with pytest.raises(CorruptEntry):
            unpack(key(1), bytes(changed))


@given(ENTRIES, st.binary(min_size=1, max_size=60))
def test_what_is_appended_or_put_before_is_noticed(one: Entry, junk: bytes) -> None:
    frame = pack(key(1), one)

    for changed in (frame + junk, junk + frame):
        with pytest.raises(CorruptEntry):
            unpack(key(1), changed)


@given(st.binary(max_size=200))
def test_junk_is_no_frame(junk: bytes) -> None:
    with pytest.raises(CorruptEntry):
        unpack(key(1), junk)


def test_a_frame_of_another_key_is_not_taken_for_ours() -> None:
    with pytest.raises(CorruptEntry, match="of another key"):
        unpack(key(2), pack(key(1), entry()))


def _forged(facts: bytes, body: bytes = b"picture") -> bytes:
    digest = hashlib.blake2b(body + facts, digest_size=16).digest()
    return body + facts + digest + struct.pack(">QI4s", len(body), len(facts), b"SL1\n")


_GOOD = json.loads(pack(key(1), entry(b""))[: -16 - 16])


def _with(**changes: object) -> bytes:
    return json.dumps({**_GOOD, **changes}).encode()


def test_the_forger_of_these_tests_makes_frames_that_are_read() -> None:
    assert unpack(key(1), _forged(_with())) == entry()


@pytest.mark.parametrize(
    "facts",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"null",
        b'"key"',
        b"[" * 100_000,
        b'{"key":' + b"9" * 5000 + b"}",
        b"{}",
        _with(width="300"),
        _with(width=300.0),
        _with(width=True),
        _with(created=1),
        _with(media_type=None),
        _with(body="picture"),
        _with(extra=1),
        _with(key=["a"]),
    ],
    ids=lambda facts: repr(facts[:20]),
)
def test_facts_that_we_never_write_are_corrupt_even_below_a_right_digest(facts: bytes) -> None:
    with pytest.raises(CorruptEntry):
        unpack(key(1), _forged(facts))


@given(st.recursive(st.none() | st.booleans() | st.text() | st.floats(), st.lists))
def test_any_other_json_is_corrupt_too(value: object) -> None:
    with pytest.raises(CorruptEntry):
        unpack(key(1), _forged(json.dumps(value).encode()))
