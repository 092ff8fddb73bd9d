from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.errors import KeyConfigError, SignatureError
from signing.keys import KeyPair, parse_pairs
from tests.signing import samples


@given(st.lists(samples.pairs, min_size=1, max_size=4).map(tuple))
def test_lists_are_read_back_to_the_pairs_they_were_written_from(
    pairs: tuple[KeyPair, ...],
) -> None:
    keys = ",".join(pair.key.hex() for pair in pairs)
    salts = ",".join(pair.salt.hex() for pair in pairs)

    assert parse_pairs(keys, salts) == pairs


def test_case_and_spaces_around_commas_do_not_matter() -> None:
    assert parse_pairs(" 73 , aB", "68,CD ") == (
        KeyPair(b"\x73", b"\x68"),
        KeyPair(b"\xab", b"\xcd"),
    )


@pytest.mark.parametrize(
    ("keys", "salts", "problems"),
    [
        (
            "",
            " ",
            [
                "SAFELIGHT_KEYS: expected at least one value in hex, got nothing",
                "SAFELIGHT_SALTS: expected at least one value in hex, got nothing",
            ],
        ),
        (
            "aa,bb",
            "cc",
            ["SAFELIGHT_SALTS: expected 2 values, one for each of SAFELIGHT_KEYS, got 1 value"],
        ),
        ("aaa", "cc", ["SAFELIGHT_KEYS[0]: expected an even number of hex digits, got 3"]),
        (
            "aa,b!",
            "cc,",
            [
                "SAFELIGHT_KEYS[1]: expected hex digits, got another character at position 2 of 2",
                "SAFELIGHT_SALTS[1]: expected hex digits, got an empty value",
            ],
        ),
        (
            "a a",
            "٣٣",
            [
                "SAFELIGHT_KEYS[0]: expected hex digits, got another character at position 2 of 3",
                "SAFELIGHT_SALTS[0]: expected hex digits, got another character at position 1 of 2",
            ],
        ),
    ],
)
def test_all_problems_are_reported_at_once(keys: str, salts: str, problems: list[str]) -> None:
    with pytest.raises(KeyConfigError) as caught:
        parse_pairs(keys, salts)

    assert list(caught.value.problems) == problems
    assert str(caught.value).splitlines() == problems


def test_a_key_problem_is_a_value_error_and_no_request_s_fault() -> None:
    assert issubclass(KeyConfigError, ValueError)
    assert not issubclass(KeyConfigError, SignatureError)


@given(st.text(), st.text())
def test_lists_of_any_text_give_pairs_or_a_key_problem(keys: str, salts: str) -> None:
    try:
        pairs = parse_pairs(keys, salts)
    except KeyConfigError:
        return

    assert all(pair.key and pair.salt for pair in pairs)


def test_problems_and_representations_show_no_key_material() -> None:
    with pytest.raises(KeyConfigError) as caught:
        parse_pairs("deadbeefX", "cafecafeca")

    shown = f"{caught.value!r} {samples.PAIR!r}"

    assert not any(secret in shown for secret in ("dead", "beef", "cafe", "test-key", "test-salt"))
