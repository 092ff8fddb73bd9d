"""From a plan and the bytes of its source to the bytes of the answer.

    sniff ▸ header ▸ limits ▸ format ▸ decode (as small as will do) ▸ operations ▸ encode

A plain function: who calls it owns the process, the deadline and the queue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

import pyvips

from transforms.canvas import Canvas
from transforms.codec import Codec
from transforms.codecs import sniffed
from transforms.colourspace import WorkingSpace
from transforms.decode import Source, load_asset, load_frames, open_source, resized, shrink_of
from transforms.encode import Encoded, choose_codec, encode
from transforms.engine import secure
from transforms.errors import BrokenSource, EngineError
from transforms.limits import Limits, RequestedLimits, check_frames, check_result, check_source
from transforms.operation import Stage
from transforms.operations.orient import Orient
from transforms.operations.resize import Resize
from transforms.operations.trim import Trim
from transforms.output import Input
from transforms.picture import Picture
from transforms.plan import Pipeline, Plan, size_after
from transforms.untouched import may_pass, passed, unencoded

# libvips names who complains; a loader's complaint arrives through the saver that pulls pixels.
_BY_SAVER = re.compile(r"\b\w*save(_buffer|_target)?:")


def run(
    plan: Plan, data: bytes, *, assets: Mapping[str, bytes] | None = None, limits: Limits
) -> Encoded:
    """The plan carried out. Raises a TransformError; nothing else for any bytes whatever."""
    secure()
    try:
        return _run(plan, data, assets or {}, limits)
    except pyvips.Error as error:
        text = " ".join(str(error.detail).split())[:300] or error.message
        if _BY_SAVER.search(text):
            raise EngineError(f"the result could not be encoded: {text}") from error
        raise BrokenSource(f"the source could not be decoded: {text}") from error


def _run(plan: Plan, data: bytes, assets: Mapping[str, bytes], limits: Limits) -> Encoded:
    if plan.output.raw:
        return unencoded(data, sniffed(data))
    source = open_source(data, plan.of(Input))
    asked = plan.of(RequestedLimits)
    if not source.codec.vector:
        check_source(*source.canvas.size, 1, limits=limits, asked=asked)
    if may_pass(plan, source):
        return passed(plan, source)
    codec = choose_codec(plan, source)
    frames = _frames(plan, source, codec)
    check_frames(min(frames, asked.frames), limits=limits)
    frames = min(frames, asked.frames)
    if source.codec.vector:
        source = _guarded(source, limits)
    else:
        check_source(*source.canvas.size, frames, limits=limits, asked=asked)
    canvas = replace(source.canvas, frames=frames)
    pipelines = _with_limit(plan.pipelines, asked.result_side) or ((),)
    _check_sizes(pipelines, canvas, limits, asked.result_side)
    shrink = _shrink(pipelines, source, canvas, asked.result_side)
    picture = Picture(
        load_frames(source, plan.of(Input), frames=frames, shrink=shrink),
        canvas,
        WorkingSpace(
            keep_profile=not plan.output.strip_profile,
            deep=plan.output.deep and codec.holds_depth,
        ),
        {name: load_asset(assets[name]) for name in plan.assets},
    )
    for ops in pipelines:
        picture = _through(ops, picture, asked.result_side if ops is pipelines[-1] else 0)
    result = encode(picture, plan, codec, source)
    return passed(plan, source, result) if may_pass(plan, source, result) else result


def _frames(plan: Plan, source: Source, codec: Codec) -> int:
    moving = source.moves and codec.holds_animation and not plan.of(Input).still
    return source.pages if moving else 1


def _guarded(source: Source, limits: Limits) -> Source:
    """A drawing may be of any size; it is drawn within the limit."""
    excess = source.canvas.megapixels / limits.max_src_megapixels
    return resized(source, math.sqrt(excess)) if excess > 1 else source


def _with_limit(pipelines: tuple[Pipeline, ...], side: int) -> tuple[Pipeline, ...]:
    """Where the result's side is limited, the last pipeline needs a resize to do that."""
    if not side:
        return pipelines
    *before, last = pipelines or ((),)
    if not any(isinstance(op, Resize) for op in last):
        last = tuple(sorted((*last, Resize()), key=lambda op: op.stage))
    return (*before, last)


def _check_sizes(
    pipelines: tuple[Pipeline, ...], canvas: Canvas, limits: Limits, side: int
) -> None:
    """Every canvas from the first resize on counts as a result."""
    for ops in pipelines:
        if ops is pipelines[-1]:
            canvas = _squeezed(ops, canvas, side)
        for op in ops:
            canvas = op.size(canvas)
            if op.stage >= Stage.RESIZE:
                check_result(*canvas.size, canvas.frames, limits=limits)
    check_result(*canvas.size, canvas.frames, limits=limits)


def _squeezed(ops: Pipeline, canvas: Canvas, side: int) -> Canvas:
    """The canvas with the further shrink that keeps the result's sides within the limit."""
    if not side:
        return canvas
    width, height = size_after(ops, canvas).size
    return replace(canvas, squeeze=min(1.0, side / max(width, height)))


def _shrink(pipelines: tuple[Pipeline, ...], source: Source, canvas: Canvas, side: int) -> float:
    """How much smaller to decode: as far as the first resize allows, and the codec can."""
    natural = source.header.width / canvas.turn.swap(*canvas.size)[0]
    ops = pipelines[0]
    if canvas.frames > 1 or any(isinstance(op, Trim) for op in ops):
        return natural
    canvas = _squeezed(ops, canvas, side if len(pipelines) == 1 else 0)
    for op in ops:
        if isinstance(op, Resize):
            width, height = op.layout(canvas).scaled
            return shrink_of(source, min(canvas.width / width, canvas.height / height) * natural)
        canvas = op.size(canvas)
    return natural


def _through(ops: Pipeline, picture: Picture, side: int) -> Picture:
    """The picture after these operations; upright and in the working space from resizing on."""
    if not any(isinstance(op, Orient) for op in ops):
        ops = (Orient(), *ops)
    for place, op in enumerate(ops):
        if op.stage > Stage.RESIZE:
            picture = picture.in_working_space().uprighted()
        if isinstance(op, Resize):
            picture = picture.on(_squeezed(ops[place:], picture.canvas, side))
        picture = op.apply(picture)
    return picture.in_working_space().uprighted()
