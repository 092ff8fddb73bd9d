"""A real server process, a real S3 endpoint, a real photograph, over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.origin.live import CHROME, kind_of, size_of
from tests.s3 import S3Server
from tests.system.photographs import CORPUS, difference, drawn
from tests.system.server import Server, get, refused, running

KEYS: dict[str, Any] = {"KEYS": "aa" * 32, "SALTS": "bb" * 32}
PHONE = CORPUS / "photos" / "12mp-phone-orient6-4032x3024-srgb.jpg"


@dataclass(frozen=True)
class Site:
    """A server, the bucket that it reads, and the photographs in there."""

    server: Server
    bucket: str
    photographs: dict[str, bytes]
    folder: Path

    def signed(self, path: str) -> str:
        """The URL, as the command line makes it."""
        made = refused(self.folder, "sign", path, "--url", self.server.url, **KEYS)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()


@pytest.fixture(scope="module")
def site(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    bucket, folder = s3_server.new_bucket(), tmp_path_factory.mktemp("site")
    photographs = {"drawn": drawn()}
    if PHONE.exists():
        photographs["phone"] = PHONE.read_bytes()
    for name, data in photographs.items():
        s3_server.put(bucket, f"holiday/{name} 1.jpg", data)
    s3_server.put(bucket, "notes.jpg", b"no picture at all" * 10)
    settings = {**KEYS, "S3_BUCKETS": bucket, "S3_ENDPOINT": s3_server.url, "WORKERS": 2}
    with running(folder, more=s3_server.environment, **settings, TIMEOUT=60) as server:
        yield Site(server, bucket, photographs, folder)


@pytest.mark.parametrize("photograph", ["drawn", "phone"])
@pytest.mark.parametrize(
    ("accept", "kind"),
    [(CHROME, "avif"), ("image/webp,*/*;q=0.8", "webp"), ("*/*", "jpeg")],
)
def test_a_photograph_comes_back_in_the_best_format_upright_and_in_its_colours(
    site: Site, photograph: str, accept: str, kind: str
) -> None:
    if photograph not in site.photographs:
        pytest.skip(f"{PHONE} is not there")
    url = site.signed(f"/rs:fit:600:600/plain/s3://{site.bucket}/holiday/{photograph}%201.jpg")

    answer = get(url, accept=accept)

    disposition = answer.headers["content-disposition"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"image/{kind}")
    assert (kind_of(answer.content), size_of(answer.content)) == (kind, (450, 600))
    assert difference(site.photographs[photograph], answer.content) < 6
    assert f'"{photograph} 1.{"jpg" if kind == "jpeg" else kind}"' in disposition


def test_a_second_look_costs_no_bytes(site: Site) -> None:
    url = site.signed(f"/rs:fit:600:600/plain/s3://{site.bucket}/holiday/drawn%201.jpg")
    first = get(url)

    again = get(url, if_none_match=first.headers["etag"])

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_tampered_url_is_refused(site: Site) -> None:
    url = site.signed(f"/rs:fit:600:600/plain/s3://{site.bucket}/holiday/drawn%201.jpg")

    answer = get(url.replace("600:600", "601:601"))

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (403, "signature_mismatch")


@pytest.mark.parametrize(
    ("source", "status", "code", "kept"),
    [
        ("s3://{bucket}/holiday/none.jpg", 404, "source_not_found", "public, max-age=10"),
        ("s3://other-bucket/a.jpg", 404, "source_not_allowed", "no-store"),
        ("local:///etc/passwd", 404, "source_not_allowed", "no-store"),
        ("s3://{bucket}/notes.jpg", 415, "source_unsupported", "public, max-age=10"),
    ],
)
def test_a_source_that_cannot_be_shown_is_told_apart(
    site: Site, source: str, status: int, code: str, kept: str
) -> None:
    answer = get(site.signed(f"/w:20/plain/{source.format(bucket=site.bucket)}"))

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (status, code)
    assert answer.headers["cache-control"] == kept


def test_the_admin_port_says_that_the_server_lives_and_is_ready(site: Site) -> None:
    live, ready = (get(f"{site.server.admin_url}/{name}") for name in ("livez", "readyz"))

    assert (live.status_code, ready.status_code) == (200, 200)
    assert live.headers["connection"] == ready.headers["connection"] == "close"


def test_the_image_port_knows_nothing_of_the_admin_ones(site: Site) -> None:
    assert get(f"{site.server.url}/readyz").status_code == 403


def test_what_is_logged_is_one_json_line_per_request_without_signatures(site: Site) -> None:
    url = site.signed(f"/rs:fit:60:60/plain/s3://{site.bucket}/holiday/drawn%201.jpg")
    signature = url.removeprefix(site.server.url).split("/")[1]

    get(url, x_request_id="find-me")
    get(url.replace("60:60", "61:61"), x_request_id="find-me-too")

    good, bad = (site.server.event_of(name) for name in ("find-me", "find-me-too"))
    assert (good["status"], good["level"]) == (200, "info")
    assert (bad["status"], bad["level"]) == (403, "info")
    assert signature not in site.server.logged
    assert "Traceback" not in site.server.logged
