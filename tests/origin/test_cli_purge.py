from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from cache.purges import Scope
from origin.admin import make_admin
from origin.purge_report import PurgeReport
from origin.sources.errors import SourceReferenceError
from tests.origin.admin_server import Purges, Safelight, serving
from tests.system.server import free_port

SOURCE = "local:///a.jpg"


@pytest.fixture
def purges(environment: pytest.MonkeyPatch) -> Iterator[Purges]:
    """What the server purges whose admin port the environment names."""
    purges = Purges({"memory": "dropped", "redis": "hidden"})
    with serving(make_admin(lambda: True, purge=purges.purge)) as served:
        environment.setenv("SAFELIGHT_ADMIN_PORT", served.url.rpartition(":")[2])
        yield purges


def test_a_purge_tells_who_heard_of_it_and_what_to_purge_at_the_cdn(
    safelight: Safelight, purges: Purges
) -> None:
    purged = safelight("purge", SOURCE)

    assert purges.asked == [("source", SOURCE)]
    assert (purged.code, purged.err) == (0, "")
    assert purged.out.splitlines() == [
        "Purged local:///a.jpg, with all that was made of it",
        "  tier memory: done",
        "  tier redis: done; nothing asks for what is left there",
        "  nodes reached: web-1, web-2",
        "  Now purge at the CDN, by tag: s-0123456789abcdef shop",
    ]


def test_several_are_purged_one_after_the_other(safelight: Safelight, purges: Purges) -> None:
    purged = safelight("purge", "s3://a/1", "s3://a/2", "--prefix", "s3://b/", "--tag", "shop")

    assert purges.asked == [
        ("source", "s3://a/1"),
        ("source", "s3://a/2"),
        ("prefix", "s3://b/"),
        ("tag", "shop"),
    ]
    assert purged.code == 0
    assert "Purged every source that begins with s3://b/\n" in purged.out
    assert "at the CDN, by URL: no tag stands for this" in purged.out
    assert "Purged everything with the tag shop\n" in purged.out


def test_a_node_that_was_not_reached_is_named_with_the_time_until_it_knows(
    safelight: Safelight, purges: Purges
) -> None:
    purges.missing = ("web-3",)

    purged = safelight("purge", SOURCE, "--tag", "shop")

    assert purged.code == 1
    assert len(purges.asked) == 2
    assert "  nodes NOT reached: web-3\n" in purged.out
    assert "every node has it within 60 s, by " in purged.out
    assert "SAFELIGHT_POINTER_TTL" in purged.out


@pytest.mark.parametrize(("state", "told"), [("unreachable", "NOT reached"), ("failed", "FAILED")])
def test_a_tier_that_failed_is_named(
    safelight: Safelight, purges: Purges, state: str, told: str
) -> None:
    purges.tiers["redis"] = state

    purged = safelight("purge", SOURCE)

    assert purged.code == 1
    assert f"  tier redis: {told}" in purged.out
    assert "run this command again" in purged.out


def test_reports_for_scripts_are_lines_of_json(safelight: Safelight, purges: Purges) -> None:
    purges.missing = ("web-3",)

    purged = safelight("purge", SOURCE, "--tag", "shop", "--json")

    assert purged.code == 1
    reports = [json.loads(line) for line in purged.out.splitlines()]
    assert [(report["scope"], report["missing"]) for report in reports] == [
        ("source", ["web-3"]),
        ("tag", ["web-3"]),
    ]


def test_what_the_server_refuses_is_told_and_the_others_are_purged(
    safelight: Safelight, environment: pytest.MonkeyPatch
) -> None:
    purges = Purges()

    async def purge(scope: Scope, name: str) -> PurgeReport:
        if name == "cat.jpg":
            raise SourceReferenceError("expected scheme://…, got cat.jpg")
        return await purges.purge(scope, name)

    with serving(make_admin(lambda: True, purge=purge)) as served:
        purged = safelight("purge", "cat.jpg", SOURCE, "--admin", served.url)

    assert purged.code == 2
    assert purged.err == "cat.jpg: The server refused it: expected scheme://…, got cat.jpg\n"
    assert purges.asked == [("source", SOURCE)]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "expected a SOURCE, a --prefix or a --tag, got none"),
        (("--prefix", ""), "prefix: expected a name, got an empty one"),
        ((SOURCE, "--admin", "localhost:8081"), "expected a URL like http://127.0.0.1:8081"),
        ((SOURCE, "--admin", "http://"), "expected a URL like http://127.0.0.1:8081"),
        ((SOURCE, "--admin", "http://[::1"), "expected a URL like http://127.0.0.1:8081"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_purged(
    safelight: Safelight, purges: Purges, arguments: tuple[str, ...], complaint: str
) -> None:
    refused = safelight("purge", *arguments)

    assert (refused.code, refused.out) == (2, "")
    assert complaint in refused.err
    assert not purges.asked


@pytest.mark.parametrize(
    ("port", "complaint"),
    [
        ("0", "SAFELIGHT_ADMIN_PORT=0 switches the admin port off"),
        ("no", "SAFELIGHT_ADMIN_PORT: expected a port in 1..65535, got 'no'"),
        ("65536", "SAFELIGHT_ADMIN_PORT: expected a port in 1..65535, got '65536'"),
    ],
)
def test_a_setting_that_names_no_port_is_wrong_usage(
    safelight: Safelight, environment: pytest.MonkeyPatch, port: str, complaint: str
) -> None:
    environment.setenv("SAFELIGHT_ADMIN_PORT", port)

    refused = safelight("purge", SOURCE)

    assert refused.code == 2
    assert complaint in refused.err


def test_where_nothing_listens_the_url_the_setting_and_the_next_step_are_named(
    safelight: Safelight,
) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    refused = safelight("purge", SOURCE, "--admin", url)

    assert (refused.code, refused.out) == (1, "")
    assert all(
        word in refused.err for word in (url, "SAFELIGHT_ADMIN_PORT", "safelight serve", "--admin")
    )


def test_a_port_that_is_another_is_told_from_the_admin_port(safelight: Safelight) -> None:
    with serving(Starlette()) as served:
        refused = safelight("purge", SOURCE, "--admin", f"{served.url}/")

    assert refused.code == 2
    assert f"{served.url}/purge answered 404" in refused.err
    assert "SAFELIGHT_ADMIN_PORT" in refused.err


def test_a_server_in_trouble_is_no_traceback(safelight: Safelight) -> None:
    async def purge(_scope: Scope, _name: str) -> PurgeReport:
        raise RuntimeError("unforeseen")

    with serving(make_admin(lambda: True, purge=purge)) as served:
        refused = safelight("purge", SOURCE, "--admin", served.url)

    assert refused.code == 1
    assert "/purge answered 500" in refused.err
    assert "the server's log has more" in refused.err
