"""What is asked for, and when it is still the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cache.pointer import Pointer
from cache.purges import Purge, Purges
from cache.purges import Scope as Kind
from origin.asked import Asked, Wanted, ask, want
from origin.policy import Policies, Policy, Rule
from origin.sources.errors import SourceReferenceError
from origin.tags import source_tag
from transforms.dialects.imgproxy import Imgproxy
from transforms.references import write_base64

CAT, MARK = "s3://shop/cat.jpg", "local:///mark.png"
MARKED = f"/w:20/wm:0.5/wmu:{write_base64(MARK)}/plain/{CAT}"
POLICIES = Policies((Rule(Policy(tags=("shop",), ttl=60), prefix="s3://shop/"),))


def asked(path: str) -> Asked:
    dialect = Imgproxy(
        presets={}, only_presets=False, base="", security_options=False, file_names=False
    )
    return ask(dialect.parse(path.encode()), POLICIES)


def pointer(validator: str = "v1", *, modified: float | None = 1.0, checked: float = 9) -> Pointer:
    return Pointer(validator, 100, modified, None, checked)


def wanted(path: str = MARKED, *pointers: Pointer, purges: Purges | None = None) -> Wanted:
    it = asked(path)
    found = pointers or (pointer(),) * len(it.references)
    return want(it, found, Purges() if purges is None else purges)


@pytest.mark.parametrize(
    "path",
    [
        f"/w:20/plain/{CAT}",
        "/w:20/plain/S3://shop/cat.jpg",
        "/w:20/plain/s3://shop//cat.jpg",
        f"/width:20/{write_base64(CAT)}",
        f"/w:30/w:20/plain/{CAT}",
    ],
)
def test_spellings_of_one_wish_are_one_result(path: str) -> None:
    one = wanted(path)

    assert one.key == wanted(f"/w:20/plain/{CAT}").key
    assert one.asked.references == (CAT,)
    assert (one.asked.policy.ttl, one.asked.tags) == (60, (source_tag(CAT), "shop"))


def test_how_a_result_is_handed_over_does_not_make_it_another() -> None:
    path = f"/w:20/plain/{CAT}"

    other = wanted(f"/fn:name/att:1/exp:99999999999{path}")

    assert other.key == wanted(path).key
    assert other.asked.plan != wanted(path).asked.plan


@pytest.mark.parametrize(
    "path",
    [
        f"/w:21/plain/{CAT}",
        f"/h:20/plain/{CAT}",
        f"/w:20/cb:1/plain/{CAT}",
        f"/w:20/q:50/plain/{CAT}",
        f"/w:20/plain/{CAT}@webp",
        "/w:20/plain/s3://shop/Cat.jpg",
        "/w:20/plain/s3://shop2/cat.jpg",
        f"/w:20/plain/{CAT}%3Fv1",
        MARKED,
    ],
)
def test_everything_else_does(path: str) -> None:
    assert wanted(path).key != wanted(f"/w:20/plain/{CAT}").key


def test_a_reference_that_is_none_is_refused() -> None:
    with pytest.raises(SourceReferenceError):
        asked("/w:20/plain/s3://shop/../cat.jpg")


def test_the_source_comes_first_and_then_each_asset_once() -> None:
    assert asked(MARKED).references == (CAT, MARK)
    assert asked(f"{MARKED.partition('/plain')[0]}/plain/{MARK}").references[0] == MARK


@pytest.mark.parametrize("changed", [0, 1])
def test_another_version_of_any_source_is_another_result(changed: int) -> None:
    pointers = [pointer(), pointer()]
    pointers[changed] = pointer("v2")

    assert wanted(MARKED, *pointers).key != wanted(MARKED).key


def test_the_versions_of_two_sources_are_not_mixed_up() -> None:
    one, other = pointer("v1"), pointer("v2")

    assert wanted(MARKED, one, other).key != wanted(MARKED, other, one).key


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        ("source", CAT),
        ("source", MARK),
        ("prefix", "s3://shop/"),
        ("prefix", "local:///"),
        ("prefix", ""),
        ("tag", "shop"),
        ("tag", source_tag(CAT)),
    ],
)
def test_a_purge_of_what_goes_into_a_result_makes_it_another(scope: Kind, name: str) -> None:
    purges = Purges()
    purges.apply(Purge(scope, name, 5))
    once = wanted(purges=purges).key

    purges.apply(Purge(scope, name, 6))
    twice = wanted(purges=purges).key

    assert len({wanted().key, once, twice}) == 3


@pytest.mark.parametrize(
    ("scope", "name"),
    [("source", "s3://shop/dog.jpg"), ("prefix", "s3://shop/d"), ("tag", "other")],
)
def test_a_purge_of_something_else_leaves_it(scope: Kind, name: str) -> None:
    purges = Purges()

    purges.apply(Purge(scope, name, 5))

    assert wanted(purges=purges).key == wanted().key


def test_what_was_wanted_is_the_same_until_a_purge_or_a_look() -> None:
    purges, pointers = Purges(), (pointer(), pointer())
    one = want(asked(MARKED), pointers, purges)

    assert one.is_of(pointers, purges)
    assert not one.is_of((pointers[0], replace(pointers[1], checked=10)), purges)
    purges.apply(Purge("tag", "other", 5))
    assert not one.is_of(pointers, purges)


def test_a_result_changed_with_the_latest_of_its_sources() -> None:
    one = wanted(MARKED, pointer(modified=5, checked=20), pointer(modified=7, checked=10))
    other = wanted(MARKED, pointer(modified=5), pointer(modified=None))

    assert (one.modified, one.checked) == (7, 10)
    assert other.modified is None
