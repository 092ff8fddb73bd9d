"""S3 on its bad days: a fault becomes an error of ours, in time, and harms nothing after it."""

from __future__ import annotations

import asyncio

import pytest

from origin.sources.errors import (
    SourceTimeout,
    SourceTooLarge,
    SourceTruncated,
    SourceUnavailable,
)
from origin.sources.router import Sources
from tests.origin.sources.impostor import (
    CUT,
    SILENCE,
    Answer,
    Impostor,
    chunked,
    found,
    refused,
)

MB = 1 << 20
REFERENCE = "s3://photos/a.jpg"


async def test_a_transfer_that_breaks_off_is_truncated(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(found(b"x" * 600, length=1000, then="close"))

    with pytest.raises(SourceTruncated, match=r"expected 1000 bytes.*after \d+ bytes") as raised:
        await sources.fetch(REFERENCE, max_bytes=MB)

    assert raised.value.expected == 1000
    assert raised.value.got <= 600


async def test_a_chunked_transfer_that_breaks_off_is_truncated(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(chunked(b"x" * 600, ends=False))

    with pytest.raises(SourceTruncated, match="expected the end of the body"):
        await sources.fetch(REFERENCE, max_bytes=MB)


async def test_a_chunked_transfer_that_ends_is_whole(impostor: Impostor, sources: Sources) -> None:
    impostor.will(chunked(b"one", b"two", ends=True))

    blob = await sources.fetch(REFERENCE, max_bytes=6)

    assert blob.data == b"onetwo"


async def test_bytes_beyond_the_announced_length_spoil_no_picture(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(found(b"x" * 600, length=500), found(b"fresh"))

    blob = await sources.fetch(REFERENCE, max_bytes=MB)
    following = await sources.fetch(REFERENCE, max_bytes=MB)

    # The client may notice the surplus and ask again.
    assert blob.data in (b"x" * 500, b"fresh")
    assert following.data == b"fresh"


async def test_an_announced_giant_is_refused_without_reading_it(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(found(b"x" * 5000, length=1 << 40, then="hang"))

    with pytest.raises(SourceTooLarge, match=f"got {1 << 40}"):
        await sources.fetch(REFERENCE, max_bytes=MB)

    await asyncio.wait_for(impostor.left.wait(), 5)


async def test_a_giant_that_announces_nothing_is_refused_while_it_is_read(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(chunked(*[b"x" * 1000] * 50, ends=False))

    with pytest.raises(SourceTooLarge, match="SAFELIGHT_MAX_SRC_MB"):
        await sources.fetch(REFERENCE, max_bytes=10_000)


@pytest.mark.parametrize("bad_moment", [refused(503, "SlowDown"), refused(500), CUT])
async def test_one_bad_moment_is_overcome(
    impostor: Impostor, sources: Sources, bad_moment: Answer
) -> None:
    impostor.will(bad_moment, found(b"fine"))

    blob = await sources.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == b"fine"


async def test_a_failing_store_is_asked_twice_and_no_more(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(refused(503, "SlowDown"))

    with pytest.raises(SourceUnavailable):
        await sources.stat(REFERENCE)

    assert impostor.methods == ["HEAD", "HEAD"]


async def test_silence_ends_at_the_deadline(impostor: Impostor, hurried: Sources) -> None:
    impostor.will(SILENCE)

    async with asyncio.timeout(5):
        with pytest.raises(SourceTimeout, match="SAFELIGHT_TIMEOUT"):
            await hurried.stat(REFERENCE)


async def test_silence_in_mid_body_ends_at_the_deadline_and_frees_the_connection(
    impostor: Impostor, hurried: Sources
) -> None:
    impostor.will(found(b"x" * 10, length=1000, then="hang"), found(b"fine"))

    async with asyncio.timeout(5):
        with pytest.raises(SourceTimeout):
            await hurried.fetch(REFERENCE, max_bytes=MB)
    blob = await hurried.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == b"fine"


async def test_waiting_for_a_connection_ends_at_the_deadline_too(
    impostor: Impostor, hurried: Sources
) -> None:
    impostor.will(SILENCE)

    async with asyncio.timeout(5):
        results = await asyncio.gather(
            *(hurried.stat(REFERENCE) for _ in range(20)), return_exceptions=True
        )

    assert [type(result) for result in results] == [SourceTimeout] * 20


async def test_a_caller_who_leaves_in_mid_body_frees_the_connection(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(found(b"x" * 10, length=1000, then="hang"), found(b"fine"))
    leaving = asyncio.create_task(sources.fetch(REFERENCE, max_bytes=MB))
    await impostor.asked.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving

    blob = await sources.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == b"fine"
