"""What a URL is understood as, without any server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from origin.explain.explanation import explain_offline
from origin.rules import Rules, make_rules
from origin.settings import read_settings
from signing.imgproxy import ImgproxyScheme
from tests.origin.live import CHROME, PAIR, SAFARI, signed

OTHER = ("ee" * 32, "ff" * 32)
CONFIG = """
[presets]
thumb = "rs:fill:300:200/g:sm"

[[policies]]
prefix = "local:///shop/"
ttl = 600
tags = ["shop"]

[[policies]]
preset = "thumb"
results = ["memory"]
"""


@pytest.fixture
def rules(environment: pytest.MonkeyPatch, tmp_path: Path) -> Rules:
    """Two pairs of keys, of which the second is the tests' own."""
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = read_settings(
        keys=f"{OTHER[0]},{PAIR.key.hex()}",
        salts=f"{OTHER[1]},{PAIR.salt.hex()}",
        config=tmp_path / "config.toml",
    )
    return make_rules(settings)


def explained(url: str, rules: Rules, accept: str | None = CHROME, now: float = 1e9) -> Any:
    facts = explain_offline(url, accept=accept, rules=rules, clock=lambda: now)
    # As it goes over the wire.
    return json.loads(json.dumps(facts))


def codes(facts: Any) -> list[str]:
    return [refusal["code"] for refusal in facts["refusals"]]


def test_the_key_that_signed_is_told_by_its_place(rules: Rules) -> None:
    facts = explained(f"https://cdn.example{signed('/w:300/plain/local:///a.jpg')}", rules)

    assert facts["understood"]
    assert facts["signature"] == {"state": "valid", "pair": 1, "pairs": 2}
    assert facts["path"] == "/w:300/plain/local:///a.jpg"


@pytest.mark.parametrize(
    ("url", "code", "state"),
    [
        (f"/{'A' * 43}/w:300/plain/local:///a.jpg", "signature_mismatch", "mismatch"),
        ("/AAAA/w:300/plain/local:///a.jpg", "signature_length", "wrong length"),
        ("/!/w:300/plain/local:///a.jpg", "signature_malformed", "malformed"),
        ("/w:300/plain/local:///a.jpg", "signature_missing", "missing"),
    ],
)
def test_a_url_that_nobody_signed_is_read_all_the_same(
    rules: Rules, url: str, code: str, state: str
) -> None:
    facts = explained(url, rules)

    assert codes(facts) == [code]
    assert facts["signature"]["state"] == state
    assert facts["signature"]["hints"]
    assert facts["source"]["reference"] == "local:///a.jpg"
    assert facts["options"][0]["set"] == {"width": "300"}


@pytest.mark.parametrize("first", ["/unsafe", f"/{'A' * 43}", ""])
def test_the_signature_that_would_be_right_is_told_to_nobody(rules: Rules, first: str) -> None:
    path = "/w:300/plain/local:///a.jpg"
    right = [ImgproxyScheme((pair,)).sign(path.encode()) for pair in rules.scheme.pairs]  # type: ignore[attr-defined]

    told = json.dumps(explained(first + path, rules))

    for one in right:
        assert one.decode().split("/")[1][:16] not in told


def test_a_wrong_option_behind_a_wrong_signature_is_told_at_once(rules: Rules) -> None:
    facts = explained("/unsafe/blur:nan/plain/local:///a.jpg", rules)

    assert codes(facts) == ["signature_malformed", "invalid_url"]
    assert "blur" in facts["refusals"][1]["why"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/exp:999999999/plain/local:///a.jpg", "expired"),
        ("/plain/local://a.jpg", "source_reference"),
        ("/msr:10/plain/local:///a.jpg", "option_forbidden"),
        (f"/plain/local:///{'a' * 9000}", "url_too_long"),
    ],
)
def test_every_other_reason_to_refuse_it_has_the_code_of_the_answer(
    rules: Rules, path: str, code: str
) -> None:
    facts = explained(signed(path), rules)

    assert not facts["understood"]
    assert codes(facts) == [code]


def test_options_are_spelled_out_with_what_stayed_at_its_default(rules: Rules) -> None:
    facts = explained(signed("/pr:thumb/blur:2/plain/local:///a.jpg@webp"), rules)

    assert facts["presets"] == {"thumb": "rs:fill:300:200/g:sm"}
    resize, blur, output = facts["options"]
    assert resize["set"] == {"fit": "fill", "width": "300", "height": "200", "gravity": "sm"}
    assert resize["default"]["enlarge"] == "0"
    assert (blur["name"], blur["pipeline"]) == ("blur", 1)
    assert output["set"] == {"format": "webp"}
    assert output["default"]["quality"] == "0"
    assert "source:local:///a.jpg" in facts["canonical"]


def test_what_does_nothing_is_named(rules: Rules) -> None:
    facts = explained(f"{signed('/w:300/bl:0/w:300/q:80/plain/local:///a.jpg')}?v=7", rules)

    assert facts["idle"] == ["w:300", "bl:0", "w:300"]
    assert facts["ignored"] == ["?v=7"]


def test_the_policies_that_hold_are_told_by_their_numbers(rules: Rules) -> None:
    both = explained(signed("/pr:thumb/plain/local:///shop/a.jpg"), rules)
    none = explained(signed("/w:300/plain/local:///a.jpg"), rules)

    assert both["policy"] == {"rules": [1, 2], "results": ["memory"], "ttl": 600, "tags": ["shop"]}
    assert both["tags"][1:] == ["shop"]
    assert none["policy"] == {"rules": []}


@pytest.mark.parametrize(
    ("path", "accept", "format", "why"),
    [
        ("/plain/local:///a.jpg", CHROME, "avif", "names it in Accept"),
        ("/plain/local:///a.jpg", SAFARI, "webp", "names it in Accept"),
        ("/plain/local:///a.jpg", "image/*,*/*", None, "do not count"),
        ("/plain/local:///a.jpg", "", None, "do not count"),
        ("/plain/local:///a.jpg@png", CHROME, "png", "the URL names it"),
        ("/raw:1/plain/local:///a.jpg", CHROME, None, "as it is"),
    ],
)
def test_the_format_is_told_with_its_reason(
    rules: Rules, path: str, accept: str, format: str | None, why: str
) -> None:
    facts = explained(signed(path), rules, accept)["format"]

    assert facts["format"] == format
    assert why in facts["why"]


def test_a_size_that_the_ladder_changed_is_told(environment: pytest.MonkeyPatch) -> None:
    rules = make_rules(read_settings(unsafe=True, widths="320,640"))

    facts = explained("/unsafe/w:300/plain/local:///a.jpg", rules)

    assert facts["signature"] == {"state": "not checked"}
    assert "width=300" in facts["ladder"]["asked"]
    assert facts["options"][0]["set"] == {"width": "320"}
