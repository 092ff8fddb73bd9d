"""Names of results: equal for equal results, different for everything that changes one."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from cache.key import etag, result_key, source_name

CAT = "local:///cat.jpg"


def test_a_key_is_the_same_on_every_node_and_in_every_release() -> None:
    # Whoever has to change this empties every cache of every user: bump the engine's epoch instead.
    key = result_key(CAT, "resize(width=300)/source:local:///cat.jpg", ["1a-2b"], "1/8.18.0")

    digest = "3932b0c35618ac8aaa4ad80e9e34930364b969b39238c4dadad8c9e88e8b72d5"
    assert key == f"{source_name(CAT)}/{digest}"
    assert source_name(CAT) == "599382645c11789357fe2af9244ab1b0"
    assert etag(key) == '"OTKww1YYrIqqStgOnjSTA2S5"'


def test_plan_versions_and_engine_each_make_another_key() -> None:
    keys = [
        result_key(CAT, "plan", ["1"], "engine"),
        result_key(CAT, "other", ["1"], "engine"),
        result_key(CAT, "plan", ["2"], "engine"),
        result_key(CAT, "plan", ["1", "1"], "engine"),
        result_key(CAT, "plan", [], "engine"),
        result_key(CAT, "plan", ["1"], "other"),
        result_key("local:///dog.jpg", "plan", ["1"], "engine"),
    ]

    assert all(one != other for one, other in combinations(keys, 2))


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_no_two_lists_of_fields_read_alike(one: list[str], other: list[str]) -> None:
    keys = [result_key(CAT, fields[0], fields[1:], "engine") for fields in (one, other)]

    assert (keys[0] == keys[1]) == (one == other)


@given(st.binary(min_size=32, max_size=32))
def test_an_etag_is_a_strong_one_that_needs_no_escaping(digest: bytes) -> None:
    tag = etag(f"{source_name(CAT)}/{digest.hex()}")

    assert tag[0] == tag[-1] == '"'
    assert set(tag[1:-1]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
