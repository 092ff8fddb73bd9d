"""What server and worker say to each other over their socket.

    job      4 bytes length, pickle of (plan, limits, asset names), and beside it the descriptors
             of the pictures: the source, then the assets
    ready    once, when it has started: JSON of the sandbox's layers, a line
    answer   4 bytes length of the header, 8 bytes length of the body, JSON header, the result; in
             the header the facts of the result and how long its stages took, or an error

Only the server's side is trusted with pickle: a worker that a picture took over must not be able
to do more than to give a wrong picture.
"""

from __future__ import annotations

import json
import math
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from origin.sandbox import LAYERS, Layer
from origin.stages import IN_WORKER
from transforms import errors
from transforms.encode import Encoded
from transforms.limits import Limits
from transforms.plan import Plan

HEADER_LENGTH = struct.Struct("!I")
BODY_LENGTH = struct.Struct("!Q")
MOST_HEADER = 1 << 20
MOST_FILES = 200  # the kernel passes 253 at once
MOST_READY = 1 << 12


@dataclass(frozen=True, slots=True)
class Job:
    plan: Plan
    limits: Limits
    assets: tuple[str, ...]


class Answer(NamedTuple):
    """took: seconds, by those of the stages in a worker that there were."""

    encoded: Encoded
    took: dict[str, float]


def pack_ready(layers: Mapping[str, Layer]) -> bytes:
    return json.dumps(layers).encode() + b"\n"


def unpack_ready(line: bytes) -> dict[str, Layer]:
    """ValueError for what no worker of ours says."""
    said: dict[str, Any] = json.loads(line)
    if not isinstance(said, dict) or set(said) != set(LAYERS):
        raise ValueError(f"expected the layers {', '.join(LAYERS)}, got {line[:200]!r}")
    try:
        return {name: Layer(bool(on), str(words)) for name, (on, words) in said.items()}
    except TypeError as error:
        raise ValueError(f"expected pairs, got {line[:200]!r}") from error


def pack_job(job: Job) -> bytes:
    data = pickle.dumps((job.plan, job.limits, job.assets))
    return HEADER_LENGTH.pack(len(data)) + data


def unpack_job(data: bytes) -> Job:
    return Job(*pickle.loads(data))  # noqa: S301  (only ever comes from the server)


def pack_answer(answer: Encoded | Exception, took: Mapping[str, float]) -> bytes:
    """All of it in one piece."""
    if isinstance(answer, Encoded):
        facts = {name: getattr(answer, name) for name in _FACTS} | {"took": dict(took)}
        body = answer.data
    else:
        facts, body = {"error": type(answer).__name__, "message": str(answer)[:2000]}, b""
    header = json.dumps(facts).encode()
    lengths = HEADER_LENGTH.pack(len(header)) + BODY_LENGTH.pack(len(body))
    return b"".join((lengths, header, body))


def unpack_answer(header: bytes, body: bytes) -> Answer:
    """The result, or its error raised; ValueError for an answer that no worker of ours gives."""
    facts: dict[str, Any] = json.loads(header)
    if not isinstance(facts, dict):
        raise ValueError(f"unexpected facts: {header[:200]!r}")
    if "error" in facts:
        error = _ERRORS.get(facts["error"], errors.EngineError)
        raise error(str(facts["message"]))
    took = _read_took(facts.pop("took", None))
    if set(facts) != set(_FACTS) or any(
        type(facts[name]) is not kind for name, kind in _FACTS.items()
    ):
        raise ValueError(f"unexpected facts: {sorted(facts)}")
    return Answer(Encoded(data=body, **facts), took)


def _read_took(said: Any) -> dict[str, float]:
    if not isinstance(said, dict) or not set(said) <= set(IN_WORKER):
        raise ValueError(f"unexpected facts: took {str(said)[:200]}")
    if any(type(seconds) is not float or not 0 <= seconds < math.inf for seconds in said.values()):
        raise ValueError(f"unexpected facts: took {str(said)[:200]}")
    return said


_FACTS: dict[str, type] = {
    "media_type": str,
    "extension": str,
    "width": int,
    "height": int,
    "frames": int,
    "source_width": int,
    "source_height": int,
    "chosen": str,
}
_ERRORS: dict[str, type[errors.TransformError]] = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.TransformError)
}
