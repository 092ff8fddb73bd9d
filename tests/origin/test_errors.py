"""The one table of answers: complete, and right about what an edge may keep."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from starlette.exceptions import HTTPException

import cache
import origin
import signing
import transforms
from origin import errors as ours
from origin.errors import ANSWERS, answer_to
from origin.sources import errors as sources
from signing import errors as signatures
from transforms import errors as plans

TREES = (ours.OriginError, sources.SourceError, signatures.SignatureError, plans.TransformError)

# Classes that are meant to have their parent's answer: none so far. Add one only with a reason.
INHERIT: set[type[Exception]] = set()

STATUSES = {
    signatures.SignatureError: 403,
    signatures.MissingSignature: 403,
    signatures.SignatureMismatch: 403,
    plans.PlanError: 400,
    plans.ForbiddenOption: 403,
    plans.UnsupportedSource: 415,
    plans.UnsupportedOutput: 422,
    plans.BrokenSource: 422,
    plans.LimitExceeded: 422,
    sources.SourceReferenceError: 400,
    sources.SourceNotFound: 404,
    sources.SourceNotAllowed: 404,
    sources.SourceTooLarge: 413,
    sources.SourceTimeout: 504,
    sources.SourceUnavailable: 502,
    sources.SourceDenied: 502,
    ours.UrlTooLong: 414,
    ours.Expired: 410,
    ours.PreconditionFailed: 412,
    ours.Overloaded: 503,
    ours.RateLimited: 429,
    ours.TooManyVariants: 422,
    ours.Deadline: 504,
    ours.WorkerCrashed: 422,
}


def all_our_errors() -> list[type[Exception]]:
    """The trees, with what any module of ours adds to them."""
    for package in (cache, origin, signing, transforms):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return [cls for tree in TREES for cls in (tree, *_below(tree))]


def _below(cls: type[Exception]) -> Iterator[type[Exception]]:
    for sub in type.__subclasses__(cls):
        yield sub
        yield from _below(sub)


@pytest.mark.parametrize("cls", all_our_errors(), ids=lambda cls: cls.__qualname__)
def test_every_error_has_an_answer_of_its_own(cls: type[Exception]) -> None:
    assert cls in ANSWERS or cls in INHERIT, f"{cls} needs a line in ANSWERS"


def test_the_walk_finds_errors_of_every_package() -> None:
    assert set(all_our_errors()) >= STATUSES.keys()


@pytest.mark.parametrize("cls", STATUSES, ids=lambda cls: cls.__qualname__)
def test_statuses_are_those_of_the_design(cls: type[Exception]) -> None:
    assert ANSWERS[cls].status == STATUSES[cls]


def test_a_client_is_at_fault_only_where_it_had_its_share() -> None:
    told = {cls for cls, answer in ANSWERS.items() if answer.status == 429}

    assert told == {ours.RateLimited}


def test_every_code_names_one_kind_of_error() -> None:
    codes = [answer.code for cls, answer in ANSWERS.items() if answer.status != 500]

    assert len(codes) == len(set(codes))
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)


def test_a_class_without_a_line_is_answered_as_its_nearest_ancestor() -> None:
    class OutOfCheese(plans.LimitExceeded):
        pass

    assert answer_to(OutOfCheese("no")) == ANSWERS[plans.LimitExceeded]


def test_what_nobody_foresaw_is_an_error_of_ours_that_tells_nothing() -> None:
    answer = answer_to(RuntimeError("the password is swordfish"))

    assert (answer.status, answer.detail) == (500, False)


def test_the_routers_own_errors_are_known_by_code() -> None:
    assert answer_to(HTTPException(404)).code == "not_found"
    assert answer_to(HTTPException(405)).code == "method_not_allowed"
