"""What every source promises, over every source there is."""

from __future__ import annotations

import asyncio
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from origin.sources.errors import (
    SourceChanged,
    SourceError,
    SourceNotAllowed,
    SourceNotFound,
    SourceReferenceError,
    SourceTooLarge,
)
from tests.origin.sources.conftest import Shelf

MB = 1 << 20
PICTURE = bytes(range(256)) * 5000


async def test_fetch_gives_the_exact_bytes_and_the_version_that_stat_gave(shelf: Shelf) -> None:
    shelf.put("cats/a.jpg", PICTURE)

    version = await shelf.sources.stat(shelf.reference("cats/a.jpg"))
    blob = await shelf.sources.fetch(
        shelf.reference("cats/a.jpg"), max_bytes=10 * MB, version=version
    )

    assert blob.data == PICTURE
    assert blob.version == version
    assert version.size == len(PICTURE)
    assert version.modified is not None


async def test_a_version_stays_while_the_bytes_stay(shelf: Shelf) -> None:
    shelf.put("a.jpg", PICTURE)

    first = await shelf.sources.stat(shelf.reference("a.jpg"))
    second = await shelf.sources.stat(shelf.reference("a.jpg"))

    assert first == second


async def test_an_overwritten_source_has_another_version(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"one")
    old = await shelf.sources.stat(shelf.reference("a.jpg"))
    shelf.put("a.jpg", b"another")

    new = await shelf.sources.stat(shelf.reference("a.jpg"))

    assert new.validator != old.validator


async def test_bytes_of_another_version_than_the_wanted_are_never_given(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"one")
    old = await shelf.sources.stat(shelf.reference("a.jpg"))
    shelf.put("a.jpg", b"another")

    with pytest.raises(SourceChanged, match="expected version"):
        await shelf.sources.fetch(shelf.reference("a.jpg"), max_bytes=MB, version=old)


@pytest.mark.parametrize("key", ["none.jpg", "none/none.jpg", "a.jpg/below.jpg", "n" * 256])
async def test_what_is_not_there_is_not_found(shelf: Shelf, key: str) -> None:
    shelf.put("a.jpg", PICTURE)

    with pytest.raises(SourceNotFound):
        await shelf.sources.stat(shelf.reference(key))
    with pytest.raises(SourceNotFound):
        await shelf.sources.fetch(shelf.reference(key), max_bytes=MB)


async def test_a_folder_is_not_a_source(shelf: Shelf) -> None:
    shelf.put("cats/a.jpg", PICTURE)

    with pytest.raises(SourceNotFound):
        await shelf.sources.stat(shelf.reference("cats"))


@pytest.mark.parametrize(
    "key",
    [
        "a b.jpg",
        "a+b.jpg",
        "100%.jpg",
        "%20.jpg",
        "%2e%2e%2fa.jpg",
        "#1.jpg",
        "a&b;c=d,e@f.jpg",
        "(it's)!*$~.jpg",
        '[a]{b}|^`"<>.jpg',
        "back\\slash:colon.jpg",
        ".hidden",
        "..a/...",
        "日本/猫 🐈.jpg",
        "n" * 255,
        "deep/" * 200 + "a.jpg",
    ],
)
async def test_an_odd_key_is_a_key_like_any_other(shelf: Shelf, key: str) -> None:
    shelf.put(key, key.encode())

    version = await shelf.sources.stat(shelf.reference(key))
    blob = await shelf.sources.fetch(shelf.reference(key), max_bytes=MB, version=version)

    assert blob.data == key.encode()


async def test_composed_and_decomposed_letters_are_two_keys(shelf: Shelf) -> None:
    keys = {form: unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD")}
    for form, key in keys.items():
        shelf.put(key, form.encode())

    blobs = {
        form: await shelf.sources.fetch(shelf.reference(key), max_bytes=MB)
        for form, key in keys.items()
    }

    assert {form: blob.data for form, blob in blobs.items()} == {"NFC": b"NFC", "NFD": b"NFD"}


@pytest.mark.parametrize("data", [b"", b"x"])
async def test_tiny_sources_are_sources(shelf: Shelf, data: bytes) -> None:
    shelf.put("tiny", data)

    version = await shelf.sources.stat(shelf.reference("tiny"))
    blob = await shelf.sources.fetch(shelf.reference("tiny"), max_bytes=MB, version=version)

    assert (blob.data, version.size) == (data, len(data))


async def test_the_size_limit_is_the_last_size_that_is_let_in(shelf: Shelf) -> None:
    shelf.put("a.jpg", bytes(1000))

    blob = await shelf.sources.fetch(shelf.reference("a.jpg"), max_bytes=1000)
    with pytest.raises(SourceTooLarge, match=r"at most 999 bytes .*MAX_SRC_MB.*got 1000"):
        await shelf.sources.fetch(shelf.reference("a.jpg"), max_bytes=999)

    assert len(blob.data) == 1000


@pytest.mark.parametrize("key", ["../a.jpg", "b/../a.jpg", "./a.jpg", "b//a.jpg", "a\0.jpg", ""])
async def test_a_malformed_key_is_refused_by_reference(shelf: Shelf, key: str) -> None:
    if key == "b//a.jpg" and shelf.prefix.startswith("http:"):
        pytest.skip("a URL may have empty segments")
    shelf.put("a.jpg", PICTURE)

    with pytest.raises(SourceReferenceError, match="expected"):
        await shelf.sources.fetch(shelf.reference(key), max_bytes=10 * MB)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("s3://someone-elses/a.jpg", "SAFELIGHT_S3_BUCKETS"),
        ("https://example.com/a.jpg", "SAFELIGHT_HTTP_ALLOW"),
        ("gs://bucket/a.jpg", "gs sources are not supported by this version"),
    ],
)
async def test_what_was_not_opened_cannot_be_reached(
    shelf: Shelf, reference: str, reason: str
) -> None:
    with pytest.raises(SourceNotAllowed, match=reason):
        await shelf.sources.stat(reference)


async def test_many_sources_are_fetched_at_once(shelf: Shelf) -> None:
    keys = [f"{number}.jpg" for number in range(150)]
    for key in keys:
        shelf.put(key, key.encode())

    blobs = await asyncio.gather(
        *(shelf.sources.fetch(shelf.reference(key), max_bytes=MB) for key in keys)
    )

    assert [blob.data.decode() for blob in blobs] == keys


async def test_a_caller_who_leaves_does_no_harm_to_the_next(shelf: Shelf) -> None:
    shelf.put("a.jpg", PICTURE)
    for patience in (0, 0.001, 0.003):
        leaving = asyncio.create_task(
            shelf.sources.fetch(shelf.reference("a.jpg"), max_bytes=10 * MB)
        )
        await asyncio.sleep(patience)
        leaving.cancel()
        await asyncio.wait([leaving])

    blob = await shelf.sources.fetch(shelf.reference("a.jpg"), max_bytes=10 * MB)

    assert blob.data == PICTURE


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(key=st.text(max_size=80) | st.text(alphabet="./%?\\\0a", max_size=12))
async def test_no_key_raises_anything_but_a_source_error(shelf: Shelf, key: str) -> None:
    with pytest.raises(SourceError):
        await shelf.sources.fetch(shelf.reference(f"{key}/nothing-is-here"), max_bytes=MB)
