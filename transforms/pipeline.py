"""From a plan and the bytes of its source to the bytes of the answer.

    sniff ▸ header ▸ limits ▸ format ▸ decode (as small as will do) ▸ operations ▸ encode

A plain function: who calls it owns the process, the deadline and the queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pyvips

from transforms.canvas import Canvas
from transforms.codec import Bytes, Codec
from transforms.codecs import sniffed
from transforms.colourspace import WorkingSpace
from transforms.decode import (
    Source,
    check_burden,
    load_asset,
    load_frames,
    natural_shrink,
    open_source,
    within_limit,
)
from transforms.encode import Encoded, choose_codec, encode
from transforms.engine import read_drawings, secure
from transforms.errors import BrokenSource, EngineError
from transforms.limits import Limits, RequestedLimits, check_frames, check_result, check_source
from transforms.operation import Stage
from transforms.operations.orient import Orient
from transforms.operations.resize import Resize
from transforms.operations.trim import Trim
from transforms.output import Input
from transforms.picture import Picture
from transforms.plan import Pipeline, Plan, size_after
from transforms.untouched import asked_for, at_rest, passed, unencoded

# libvips names who complains.
_COMPLAINT = re.compile(r"\b(\w+): ")
# Pixels that are put into memory only to tell the stages apart: that takes about a millisecond.
_MOST_SETTLED = 2_000_000

Reached = Callable[[str], None]


def run(
    plan: Plan,
    data: Bytes,
    *,
    assets: Mapping[str, bytes] | None = None,
    limits: Limits,
    reached: Reached | None = None,
) -> Encoded:
    """The plan carried out. Raises a TransformError; nothing else for any bytes whatever.

    reached: told `decode` and `process` when that is over, for who wants to know how long it took.
    """
    secure()
    read_drawings(allowed=limits.svg)
    try:
        return _run(plan, data, assets or {}, limits, reached)
    except pyvips.Error as error:
        text = " ".join(str(error.detail).split())[:300] or error.message
        if is_ours(text):
            raise EngineError(f"the picture could not be made: {text}") from error
        raise BrokenSource(f"the source could not be decoded: {text}") from error
    except UnicodeDecodeError as error:
        # What names the metadata comes from the file, and pyvips takes it for text.
        raise BrokenSource(f"the source has metadata that is no text: {error}") from error


def is_ours(complaint: str) -> bool:
    """True if an operation complains, or a saver; a decoder's complaint arrives through them."""
    names = _COMPLAINT.findall(complaint)
    if any("load" in name for name in names):
        return False
    # No way from a colour space to another: the file says strange things of its pixels.
    known = [name for name in names if pyvips.type_find("VipsOperation", name)]
    return bool(known) and "colourspace" not in known


def _run(
    plan: Plan,
    data: Bytes,
    assets: Mapping[str, bytes],
    limits: Limits,
    reached: Reached | None,
) -> Encoded:
    if plan.output.raw:
        return unencoded(data[:], sniffed(data))
    source = open_source(data, plan.of(Input), limits=limits)
    asked = plan.of(RequestedLimits)
    if not source.codec.vector:
        check_source(*source.canvas.size, 1, limits=limits, asked=asked)
    if asked_for(plan, source):
        if (untouched := passed(plan, source)) is not None:
            return untouched
        plan = at_rest(plan, source)
    codec = choose_codec(plan, source)
    frames = min(_frames(plan, source, codec), asked.frames)
    decoded = _decoded(plan, source, frames)
    check_frames(decoded, limits=limits)
    if source.codec.vector:
        source = within_limit(source, asked.src_megapixels or limits.max_src_megapixels)
    else:
        check_source(*source.canvas.size, decoded, limits=limits, asked=asked)
    check_burden(source, frames, limits=limits)
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
        {name: _asset(name, assets, limits) for name in plan.assets},
    )
    picture = _over("decode", picture, reached)
    for ops in pipelines:
        picture = _through(ops, picture, asked.result_side if ops is pipelines[-1] else 0)
    picture = _over("process", picture, reached)
    result = encode(picture, plan, codec, source)
    return passed(plan, source, result) or result


def _over(stage: str, picture: Picture, reached: Reached | None) -> Picture:
    """Pixels are worked on when they are asked for, which would be while they are encoded."""
    if reached is None:
        return picture
    if sum(frame.width * frame.height for frame in picture.frames) <= _MOST_SETTLED:
        picture = picture.settled()
    reached(stage)
    return picture


def _asset(name: str, assets: Mapping[str, bytes], limits: Limits) -> pyvips.Image:
    if name not in assets:
        raise EngineError(f'the plan needs "{name}", which was not given')
    return load_asset(assets[name], limits=limits)


def _frames(plan: Plan, source: Source, codec: Codec) -> int:
    moving = source.moves and codec.holds_animation and not plan.of(Input).still
    return source.pages if moving else 1


def _decoded(plan: Plan, source: Source, frames: int) -> int:
    """A page of an animation is made of all before it."""
    return plan.of(Input).page + 1 if source.moves and frames == 1 else frames


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
        canvas = canvas.afresh()
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
    natural = natural_shrink(source)
    ops = pipelines[0]
    if canvas.frames > 1 or any(isinstance(op, Trim) for op in ops):
        return natural
    canvas = _squeezed(ops, canvas, side if len(pipelines) == 1 else 0)
    for op in ops:
        if isinstance(op, Resize):
            width, height = op.layout(canvas).scaled
            wanted = min(canvas.width / width, canvas.height / height) * natural
            return source.codec.reduction(wanted)
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
