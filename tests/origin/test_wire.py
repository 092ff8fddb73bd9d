"""Server and worker understand each other, and a worker can only say what the protocol allows."""

from __future__ import annotations

import json
import os
import pickle

import pytest

from origin.wire import (
    BODY_LENGTH,
    HEADER_LENGTH,
    Answer,
    Job,
    pack_answer,
    pack_job,
    unpack_answer,
    unpack_job,
)
from transforms import errors
from transforms.dialects.imgproxy import Imgproxy
from transforms.encode import Encoded
from transforms.limits import Limits

RESULT = Encoded(
    data=b"bytes", media_type="image/webp", extension="webp", width=3, height=2, frames=1,
    source_width=30, source_height=20, chosen="source",
)  # fmt: skip


TOOK = {"decode": 0.25, "process": 0.0, "encode": 1.5}
FACTS = {
    "media_type": "image/webp", "extension": "webp", "width": 1, "height": 1, "frames": 1,
    "source_width": 1, "source_height": 1, "chosen": "result", "took": TOOK,
}  # fmt: skip


def answered(answer: Encoded | Exception) -> Answer:
    packed = pack_answer(answer, TOOK)
    start = HEADER_LENGTH.size + BODY_LENGTH.size
    end = start + HEADER_LENGTH.unpack_from(packed)[0]
    return unpack_answer(packed[start:end], packed[end:])


def test_a_job_arrives_as_it_was_sent() -> None:
    plan = Imgproxy().parse(b"/rs:fill:300:200/g:fp:0.1:0.9/bl:2/plain/local:///a.jpg@webp")
    job = Job(plan, Limits(), ("local:///mark.png",))

    assert unpack_job(pack_job(job)[HEADER_LENGTH.size :]) == job


def test_a_result_arrives_as_it_was_sent() -> None:
    assert answered(RESULT) == (RESULT, TOOK)


@pytest.mark.parametrize("error", [errors.BrokenSource, errors.LimitExceeded, errors.PlanError])
def test_an_error_is_raised_as_its_class_with_its_words(error: type[errors.TransformError]) -> None:
    with pytest.raises(error, match="what came"):
        answered(error("what came"))


def test_an_error_of_no_known_class_is_the_engines() -> None:
    with pytest.raises(errors.EngineError):
        answered(RuntimeError("odd"))


def test_a_pickle_from_a_worker_is_never_loaded(tmp_path: object) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ("exit 1",)

    with pytest.raises(ValueError, match=r".*"):
        unpack_answer(pickle.dumps(Trap()), b"")


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"media_type": "image/webp"},
        {**dict.fromkeys(("media_type", "extension", "chosen"), 1), "width": 1},
        FACTS | {"width": "1"},
        FACTS | {"more": 1},
        {name: fact for name, fact in FACTS.items() if name != "took"},
        FACTS | {"took": []},
        FACTS | {"took": {"sleep": 1.0}},
        FACTS | {"took": {"decode": 1}},
        FACTS | {"took": {"decode": -1.0}},
        FACTS | {"took": {"decode": float("inf")}},
        FACTS | {"took": {"decode": float("nan")}},
    ],
)
def test_facts_that_no_worker_of_ours_gives_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="unexpected facts"):
        unpack_answer(json.dumps(facts).encode(), b"")


@pytest.mark.parametrize("header", ["[]", '"text"', "1", "null", "{"])
def test_a_header_that_is_no_object_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        unpack_answer(header.encode(), b"")
