from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from origin.admin import make_admin
from origin.admin_requests import Question
from origin.explain.format import BROWSER
from tests.origin.admin_server import Safelight, runner, serving
from tests.origin.live import PAIR, signed
from tests.system.server import free_port

URL = signed("/w:300/plain/local:///a.jpg")


@pytest.fixture
def safelight(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch, tmp_path: Path
) -> Safelight:
    environment.chdir(tmp_path)
    environment.setenv("SAFELIGHT_ADMIN_PORT", str(free_port()))
    return runner(capsys)


@pytest.fixture
def keys(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SAFELIGHT_KEYS", PAIR.key.hex())
    environment.setenv("SAFELIGHT_SALTS", PAIR.salt.hex())


@pytest.fixture
def asked(environment: pytest.MonkeyPatch, safelight: Safelight) -> Iterator[list[Question]]:
    """What the server is asked whose admin port the environment names."""
    questions: list[Question] = []

    async def explain(question: Question) -> Mapping[str, Any]:
        questions.append(question)
        fine = "\x1b" not in question.accept if question.accept else True
        refusals = [] if fine else [{"status": 400, "code": "x", "why": "an \x1b[2J escape"}]
        return {"understood": fine, "refusals": refusals, "path": question.url}

    with serving(make_admin(lambda: True, explain=explain)) as served:
        environment.setenv("SAFELIGHT_ADMIN_PORT", served.url.rpartition(":")[2])
        yield questions


def test_the_server_is_asked_as_a_browser_would_ask_it(
    safelight: Safelight, asked: list[Question]
) -> None:
    told = safelight("explain", "/sig/w:300/plain/local:///ä.jpg")

    assert (told.code, told.err) == (0, "")
    assert asked == [Question("/sig/w:300/plain/local:///%C3%A4.jpg", BROWSER)]
    assert "understood  yes\n" in told.out


def test_a_refusal_is_exit_code_1_and_cannot_steer_the_terminal(
    safelight: Safelight, asked: list[Question]
) -> None:
    told = safelight("explain", URL, "--accept", "\x1b", "--run")

    assert told.code == 1
    assert asked == [Question(URL, "\x1b", run=True)]
    assert "400 x: an \ufffd[2J escape\n" in told.out


def test_json_is_what_the_server_said(safelight: Safelight, asked: list[Question]) -> None:
    told = safelight("explain", URL, "--json")

    assert json.loads(told.out) == {"understood": True, "refusals": [], "path": URL}


@pytest.mark.usefixtures("keys")
def test_without_a_server_as_much_is_told_as_the_settings_tell(safelight: Safelight) -> None:
    fine = safelight("explain", URL)
    wrong = safelight("explain", f"{URL}x")
    chosen = safelight("explain", "--offline", "--json", URL)

    assert (fine.code, wrong.code, chosen.code) == (0, 1, 0)
    assert "Nothing answers at http://127.0.0.1:" in fine.err
    assert "by this environment's settings" in fine.err
    assert "valid, pair [0] of 1" in fine.out
    assert "the rest depends on the source's version" in fine.out
    assert "signature_mismatch" in wrong.out
    assert chosen.err == ""
    assert json.loads(chosen.out)["signature"]["state"] == "valid"


def test_without_keys_the_signature_is_said_to_be_unchecked(safelight: Safelight) -> None:
    told = safelight("explain", "--offline", URL)

    assert told.code == 0
    assert "the signature is not checked" in told.err
    assert "not checked" in told.out


def test_the_demo_s_keys_check_the_demo_s_links(safelight: Safelight) -> None:
    Path(".safelight").mkdir()
    Path(".safelight/keys.env").write_text(
        f"SAFELIGHT_KEYS={PAIR.key.hex()}\nSAFELIGHT_SALTS={PAIR.salt.hex()}\n"
    )

    told = safelight("explain", "--offline", URL)

    assert told.code == 0
    assert "valid" in told.out


@pytest.mark.usefixtures("keys")
def test_a_server_that_was_named_or_is_needed_must_answer(safelight: Safelight) -> None:
    named = safelight("explain", URL, "--admin", f"http://127.0.0.1:{free_port()}")
    needed = safelight("explain", URL, "--run")

    assert (named.code, needed.code) == (1, 1)
    assert (named.out, needed.out) == ("", "")
    assert "Nothing answers" in named.err
    assert "Nothing answers" in needed.err


def test_wrong_usage_is_exit_code_2(safelight: Safelight) -> None:
    assert safelight("explain").code == 2
    assert safelight("explain", URL, "--offline", "--run").code == 2
    assert safelight("explain", URL, "--admin", "nowhere").code == 2
