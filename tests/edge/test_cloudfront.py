"""CloudFront's function under Node and njs, and its template: all that can be said without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signing.imgproxy import ImgproxyScheme
from tests.edge.cloudfront import FUNCTION, PAIRS_VALUE, handled, request
from tests.edge.edges import CONFIG, PAIRS
from tests.edge.tools import documents, run, tool
from tests.edge.vectors import VECTORS
from tests.origin.live import signed

PATH = signed("/w:100/plain/local:///cat.jpg")
MOST_BYTES = 10 * 1024


@pytest.fixture(params=["node", "njs"])
def engine(request: pytest.FixtureRequest) -> str:
    """CloudFront's own is of the second kind, which knows less of the language."""
    packages = {"node": "Node.js 18 or newer", "njs": "apt-get install njs"}
    return tool(request.param, packages[request.param])


def test_good_signatures_are_let_through_under_one_name(engine: str, tmp_path: Path) -> None:
    scheme = ImgproxyScheme(PAIRS)

    made = handled(engine, tmp_path, [request(vector.path) for vector in VECTORS.accepted])

    assert [answer.get("uri") for answer in made] == [
        scheme.sign(vector.rest.encode()).decode() for vector in VECTORS.accepted
    ]


def test_bad_signatures_end_here(engine: str, tmp_path: Path) -> None:
    made = handled(engine, tmp_path, [request(vector.path) for vector in VECTORS.refused])

    assert [
        (answer["statusCode"], answer["headers"]["x-safelight-error"]["value"]) for answer in made
    ] == [(403, vector.refusal) for vector in VECTORS.refused]
    assert {answer["headers"]["cache-control"]["value"] for answer in made} == {"no-store"}


def test_a_signature_that_could_be_guessed_is_none(engine: str, tmp_path: Path) -> None:
    """Fifteen bytes of it, and one."""
    made = handled(engine, tmp_path, [request(PATH[:end] + PATH[44:]) for end in (21, 3)])

    refusals = [answer["headers"]["x-safelight-error"]["value"] for answer in made]
    assert refusals[0] == "signature_length"
    assert refusals[1] in ("signature_length", "signature_malformed")


def test_accept_is_reduced_as_an_origin_reads_it(engine: str, tmp_path: Path) -> None:
    made = handled(engine, tmp_path, [request(PATH, accept) for accept in VECTORS.accept])

    assert [answer["headers"]["accept"]["value"] for answer in made] == list(
        VECTORS.accept.values()
    )


def test_fields_that_come_twice_and_none_at_all_are_read(engine: str, tmp_path: Path) -> None:
    made = handled(engine, tmp_path, [request(PATH), request(PATH, "image/webp", "image/avif")])

    assert [answer["headers"]["accept"]["value"] for answer in made] == [
        "*/*",
        "image/avif,image/webp",
    ]


@pytest.mark.parametrize("ending", ["plain/local:///a.jpg@png", "bG9jYWw6Ly8vYS5qcGc.png"])
def test_a_url_that_names_its_format_is_the_same_for_all(ending: str, tmp_path: Path) -> None:
    path = signed(f"/w:100/{ending}")

    (made,) = handled(_node(), tmp_path, [request(path, "image/avif,image/webp")])

    assert made["headers"]["accept"]["value"] == "*/*"


def test_query_and_cookies_make_no_key(tmp_path: Path) -> None:
    query = {"utm": {"value": "1"}, "width": {"value": "2"}}
    cookies = {"session": {"value": "1"}}

    plain, spammed = handled(
        _node(), tmp_path, [request(PATH), request(PATH, querystring=query, cookies=cookies)]
    )

    assert spammed == plain


@pytest.mark.parametrize("values", [{}, {"pairs": ""}, {"pairs": "616b"}, {"pairs": "ab:xy"}])
def test_without_keys_nothing_is_let_through(values: dict[str, str], tmp_path: Path) -> None:
    (made,) = handled(_node(), tmp_path, [request(PATH)], values)

    assert list(made) == ["thrown"]


def test_function_and_keys_fit_into_what_cloudfront_has_room_for() -> None:
    """10 KB of code, 1 KB for a value: two pairs of the longest keys, or seven of `keygen`'s."""
    assert FUNCTION.stat().st_size <= MOST_BYTES
    assert len(PAIRS_VALUE) <= 1024


def test_the_template_is_what_cloudformation_takes(tmp_path: Path) -> None:
    linter = tool("cfn-lint", "make setup-dev")
    rendered = tmp_path / "cloudfront.yaml"
    rendered.write_text(_rendered())

    done = run(linter, "--regions", "us-east-1", "--", str(rendered))

    assert (done.returncode, done.stdout) == (0, "")


def test_the_template_holds_the_function() -> None:
    assert _resource("Request")["FunctionCode"] == FUNCTION.read_text()


def test_the_key_is_the_path_and_the_format_alone() -> None:
    key = _resource("Key")["CachePolicyConfig"]

    assert key["MinTTL"] == 0  # or `no-store` would not count
    assert key["ParametersInCacheKeyAndForwardedToOrigin"] == {
        "EnableAcceptEncodingGzip": False,
        "EnableAcceptEncodingBrotli": False,
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["Accept"]},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
    }


def test_nothing_else_of_a_request_reaches_an_origin() -> None:
    passed = _resource("Passed")["OriginRequestPolicyConfig"]

    del passed["Name"]
    assert passed == {
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
    }


def test_the_other_region_is_asked_for_outages_and_never_for_refusals() -> None:
    distribution = _resource("Distribution")["DistributionConfig"]

    (group,) = distribution["OriginGroups"]["Items"]
    assert group["FailoverCriteria"]["StatusCodes"]["Items"] == [503, 504]
    for origin in distribution["Origins"]:
        assert origin["ConnectionAttempts"] == 1
        assert origin["CustomOriginConfig"]["OriginReadTimeout"] > 10
        assert origin["OriginShield"]["Enabled"] is True


def test_cloudfront_keeps_no_error_of_its_own_accord() -> None:
    distribution = _resource("Distribution")["DistributionConfig"]

    errors = distribution["CustomErrorResponses"]
    kept = {error["ErrorCode"]: error["ErrorCachingMinTTL"] for error in errors}
    assert set(kept.values()) == {0}
    assert {403, 404, 500, 502, 503, 504} <= set(kept)


def _node() -> str:
    return tool("node", "Node.js 18 or newer")


def _rendered() -> str:
    done = run(str(CONFIG / "cloudfront" / "render"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def _resource(name: str) -> Any:
    (template,) = documents(_rendered())
    return template["Resources"][name]["Properties"]
