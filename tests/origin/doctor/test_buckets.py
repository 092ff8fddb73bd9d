"""What is said of buckets: of a real store, by a store in trouble, and of none."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import pytest

from origin.doctor.bucket_probe import skew_finding
from origin.doctor.buckets import check_results, check_source_buckets
from origin.doctor.finding import Finding, Level
from origin.settings import Settings, read_settings
from tests.origin.sources.impostor import Answer, Impostor, impersonate, refused
from tests.s3 import S3Server, isolate_aws
from tests.system.server import free_port

pytestmark = pytest.mark.usefixtures("environment")
NOW = 1_700_000_000.0


@pytest.fixture
async def impostor(s3: S3Server) -> AsyncIterator[Impostor]:
    """With credentials in the environment."""
    async with impersonate() as impostor:
        yield impostor


def settings(endpoint: str, bucket: str, **more: Any) -> Settings:
    return read_settings(unsafe=True, s3_endpoint=endpoint, s3_buckets=bucket, **more)


async def examined(endpoint: str, bucket: str) -> Finding:
    """The one thing there is to say."""
    (finding,) = await check_source_buckets(settings(endpoint, bucket))
    return finding


async def test_a_bucket_that_can_be_listed_and_read_is_fine(s3: S3Server) -> None:
    empty, full = s3.new_bucket(), s3.new_bucket()
    s3.put(full, "a/cat.jpg", b"cat")

    findings = await check_source_buckets(settings(s3.url, f"{empty},{full}"))

    assert [finding.level for finding in findings] == [Level.OK, Level.OK]
    assert f"s3://{empty}: {s3.url}, path style, " in findings[0].found


async def test_a_bucket_that_is_not_there_is_told(s3: S3Server) -> None:
    finding = await examined(s3.url, "nobodys-bucket")

    assert finding.level is Level.FAIL
    assert "NoSuchBucket" in finding.found
    assert "make the bucket" in finding.fix


async def test_wrong_and_missing_credentials_are_told_apart(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = s3.new_bucket()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-" * 5)
    wrong = await examined(s3.url, bucket)
    isolate_aws(monkeypatch, {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"})
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    none = await examined(s3.url, bucket)

    assert (wrong.level, none.level) == (Level.FAIL, Level.FAIL)
    assert "SignatureDoesNotMatch" in wrong.found
    assert "AWS_SECRET_ACCESS_KEY" in wrong.fix
    assert "expected credentials" in none.found
    assert "wrong-" not in str(wrong)


@pytest.mark.parametrize("mistake", ["path", "scheme"])
async def test_the_endpoint_that_would_work_is_found(s3: S3Server, mistake: str) -> None:
    bucket = s3.new_bucket()
    wrong = f"{s3.url}/{bucket}" if mistake == "path" else s3.url.replace("http:", "https:")

    finding = await examined(wrong, bucket)

    assert finding.level is Level.FAIL
    assert f"SAFELIGHT_S3_ENDPOINT={s3.url}" in finding.fix


async def test_a_store_that_wants_the_bucket_in_its_host_name_is_found_out(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = socket.getaddrinfo

    def here(host: str, *rest: Any, **named: Any) -> Any:
        return looked_up("127.0.0.1" if host == "photos.localhost" else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    impostor.will(
        refused(400, "SecondLevelDomainForbidden"),
        Answer(200, ("Content-Length: 19",), b"<ListBucketResult/>"),
    )
    endpoint = impostor.url.replace("127.0.0.1", "localhost")

    finding = await examined(endpoint, "photos")

    assert finding.level is Level.FAIL
    assert "SecondLevelDomainForbidden" in finding.found
    assert "photos.localhost" in finding.fix
    assert impostor.requests[-1].headers["host"].startswith("photos.localhost:")


@pytest.mark.parametrize(
    ("answer", "level", "words", "fix"),
    [
        (refused(403, "AccessDenied"), Level.WARN, "may not be listed", "s3:ListBucket"),
        (refused(400, "ExpiredToken"), Level.FAIL, "ExpiredToken", "fresh credentials"),
        (
            Answer(
                301,
                ("x-amz-bucket-region: eu-west-1", "Content-Length: 52"),
                b"<Error><Code>PermanentRedirect</Code></Error>       ",
            ),
            Level.FAIL,
            "PermanentRedirect",
            "SAFELIGHT_S3_REGION=eu-west-1",
        ),
    ],
)
async def test_a_refusal_is_told_with_what_to_do(
    impostor: Impostor, answer: Answer, level: Level, words: str, fix: str
) -> None:
    impostor.will(answer)

    finding = await examined(impostor.url, "photos")

    assert finding.level is level
    assert words in finding.found
    assert fix in finding.fix


async def test_a_listed_object_that_may_not_be_read_is_told(impostor: Impostor) -> None:
    listed = b"<ListBucketResult><Contents><Key>a.jpg</Key></Contents></ListBucketResult>"
    headers = (f"Content-Length: {len(listed)}", "Content-Type: application/xml")
    impostor.will(Answer(200, headers, listed), refused(403))

    finding = await examined(impostor.url, "photos")

    assert finding.level is Level.FAIL
    assert "lists 'a.jpg', but reading it: 403" in finding.found
    assert finding.fix == "grant s3:GetObject on all objects"


async def test_a_store_with_another_clock_is_told(impostor: Impostor) -> None:
    date = formatdate(time.time() + 3600, usegmt=True)
    impostor.will(Answer(200, (f"Date: {date}", "Content-Length: 19"), b"<ListBucketResult/>"))

    bucket, clock = await check_source_buckets(settings(impostor.url, "photos"))

    assert bucket.level is Level.OK
    assert (clock.level, clock.check) == (Level.FAIL, "clock")
    assert "behind the store" in clock.found


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, None), (-299, None), (400, Level.WARN), (-1000, Level.FAIL)]
)
def test_clocks_may_differ_a_little(seconds: float, level: Level | None) -> None:
    finding = skew_finding(formatdate(NOW, usegmt=True), now=NOW + seconds)

    assert (finding.level if finding else None) is level


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_date_says_nothing_of_clocks(date: str | None) -> None:
    assert skew_finding(date, now=NOW) is None


async def test_a_store_that_nobody_serves_is_told_in_time(s3: S3Server) -> None:
    began = time.monotonic()

    finding = await examined(f"http://127.0.0.1:{free_port()}", "photos")

    assert finding.level is Level.FAIL
    assert "SAFELIGHT_S3_ENDPOINT" in finding.fix
    assert time.monotonic() - began < 30


async def test_the_bucket_of_results_is_written_read_and_left_as_it_was(s3: S3Server) -> None:
    bucket = s3.new_bucket()
    given = read_settings(unsafe=True, s3_endpoint=s3.url, cache_results=f"s3://{bucket}/results")

    listed, written = await check_results(given)

    assert (listed.level, written.level) == (Level.OK, Level.OK)
    assert "written, read and deleted" in written.found
    assert not [path for path in (s3.root / bucket).rglob("*") if path.is_file()]


async def test_results_that_may_not_be_written_are_told(impostor: Impostor) -> None:
    impostor.will(
        Answer(200, ("Content-Length: 19",), b"<ListBucketResult/>"), refused(403, "AccessDenied")
    )
    given = read_settings(
        unsafe=True, s3_endpoint=impostor.url, cache_results="s3://photos/results"
    )

    _, written = await check_results(given)

    assert written.level is Level.FAIL
    assert "s3:PutObject does not work" in written.found
