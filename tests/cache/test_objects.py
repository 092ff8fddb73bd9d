"""The tier in an object store: what it promises, over a real S3 endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cache.entry import Entry, pack
from cache.errors import TierFailed
from cache.object_location import parse_location
from cache.objects import ObjectCache
from origin.sources.s3_client import open_client
from tests.s3 import S3Server
from tests.s3 import s3 as s3
from tests.s3 import s3_server as s3_server

MB = 1 << 20
SOURCE, OTHER = "5a" * 16, "5b" * 16
KEY = f"{SOURCE}/{'c0' * 32}"
ENTRY = Entry(bytes(range(256)) * 2000, "image/png", "png", 1, 1, 1, 1, 1, "png", 1.0)
FRAME = pack(KEY, ENTRY)


@pytest.fixture
def bucket(s3: S3Server) -> str:
    return s3.new_bucket()


@pytest.fixture
async def objects(s3: S3Server, bucket: str) -> AsyncIterator[ObjectCache]:
    async with open_client(endpoint=s3.url, region=None, timeout=20.0, connections=4) as client:
        yield ObjectCache(client, bucket, "results", timeout=20.0, max_entry_bytes=MB, page=2)


async def test_a_frame_comes_back_as_it_was_put(
    s3: S3Server, bucket: str, objects: ObjectCache
) -> None:
    before = (await objects.exists(KEY), await objects.get(KEY))

    kept = await objects.set(KEY, FRAME)

    assert before == (False, None)
    assert kept is True
    assert await objects.exists(KEY)
    assert await objects.get(KEY) == FRAME
    assert (s3.root / bucket / "results" / KEY).read_bytes() == FRAME


async def test_a_bucket_needs_no_prefix(s3: S3Server, bucket: str) -> None:
    async with open_client(endpoint=s3.url, region=None, timeout=20.0, connections=4) as client:
        objects = ObjectCache(client, bucket, "", timeout=20.0, max_entry_bytes=MB)
        await objects.set(KEY, FRAME)

        assert await objects.get(KEY) == FRAME

    assert (s3.root / bucket / KEY).is_file()


async def test_putting_twice_does_no_harm(objects: ObjectCache) -> None:
    kept = [await objects.set(KEY, FRAME), await objects.set(KEY, FRAME)]

    assert kept == [True, True]
    assert await objects.get(KEY) == FRAME


async def test_deleting_takes_the_one_key_and_may_be_repeated(objects: ObjectCache) -> None:
    neighbour = f"{SOURCE}/{'c1' * 32}"
    for key in (KEY, neighbour):
        await objects.set(key, FRAME)

    for _ in range(2):
        await objects.delete(KEY)

    assert await objects.get(KEY) is None
    assert await objects.get(neighbour) == FRAME


async def test_clearing_takes_all_of_one_source_page_by_page(
    s3: S3Server, bucket: str, objects: ObjectCache
) -> None:
    mine = [f"{SOURCE}/{number:064x}" for number in range(5)]
    others = [f"{OTHER}/{0:064x}", f"{SOURCE}5a/{0:064x}"]
    for key in (*mine, *others):
        s3.put(bucket, f"results/{key}", b"frame")
    s3.put(bucket, KEY, b"without the prefix")

    await objects.clear(namespace=SOURCE)

    assert [await objects.exists(key) for key in mine] == [False] * 5
    assert [await objects.exists(key) for key in others] == [True] * 2
    assert (s3.root / bucket / KEY).exists()


@pytest.mark.parametrize("namespace", [None, ""])
async def test_the_whole_tier_is_never_cleared(objects: ObjectCache, namespace: str | None) -> None:
    await objects.set(KEY, FRAME)

    with pytest.raises(ValueError, match="expected a source"):
        await objects.clear(namespace=namespace)

    assert await objects.exists(KEY)


async def test_clearing_a_source_that_has_nothing_is_no_error(objects: ObjectCache) -> None:
    assert await objects.clear(namespace=SOURCE) is True


async def test_an_object_expires_and_makes_way_for_the_next(s3: S3Server, bucket: str) -> None:
    now = 1000.0
    async with open_client(endpoint=s3.url, region=None, timeout=20.0, connections=4) as client:
        objects = ObjectCache(
            client, bucket, "results", timeout=20.0, max_entry_bytes=MB, clock=lambda: now
        )
        await objects.set(KEY, FRAME, ttl=60.0)
        now = 1059.0
        fresh = (await objects.exists(KEY), await objects.get(KEY))
        now = 1061.0
        stale = (await objects.exists(KEY), await objects.get(KEY))

    assert fresh == (True, FRAME)
    assert stale == (False, None)
    assert not (s3.root / bucket / "results" / KEY).exists()


async def test_what_is_larger_than_allowed_is_neither_written_nor_read(
    s3: S3Server, bucket: str, objects: ObjectCache
) -> None:
    kept = await objects.set(KEY, bytes(MB + 1))
    exists = (s3.root / bucket / "results" / KEY).exists()
    s3.put(bucket, f"results/{KEY}", bytes(MB + 1))

    read = await objects.get(KEY)

    assert (kept, exists, read) == (False, False, None)


async def test_a_bucket_that_is_not_there_fails_and_names_the_setting(s3: S3Server) -> None:
    async with open_client(endpoint=s3.url, region=None, timeout=20.0, connections=4) as client:
        objects = ObjectCache(client, "no-such-bucket", "a", timeout=20.0, max_entry_bytes=MB)
        for call in (objects.get(KEY), objects.set(KEY, FRAME), objects.exists(KEY)):
            with pytest.raises(TierFailed, match=r"SAFELIGHT_CACHE_RESULTS.*NoSuchBucket"):
                await call


@pytest.mark.parametrize(
    ("location", "parsed"),
    [
        ("s3://photos/results", ("photos", "results")),
        ("s3://photos/cache/of.results/", ("photos", "cache/of.results")),
        ("s3://photos", ("photos", "")),
        ("s3://photos/", ("photos", "")),
    ],
)
def test_a_location_is_a_bucket_and_a_prefix(location: str, parsed: tuple[str, str]) -> None:
    assert parse_location(location) == parsed


@pytest.mark.parametrize(
    "location",
    [
        *("", "photos", "http://photos/a", "s3://", "s3:///a", "s3://photos/a//b", "s3://a/c"),
        *("s3://photos/../a", "s3://ph otos/a", "s3://photos/a?b", "s3://photos/a\n"),
        "s3://user@photos/a",
    ],
)
def test_other_locations_are_refused(location: str) -> None:
    with pytest.raises(ValueError, match="SAFELIGHT_CACHE_RESULTS: expected s3://bucket/prefix"):
        parse_location(location)
