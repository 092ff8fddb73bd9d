"""What comes out: format, quality and what is kept of the source's metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from transforms.formats import Format, Qualities
from transforms.grammar import Range
from transforms.kinds import at_most, read_bool, read_text
from transforms.references import read_base64
from transforms.terms import Spelling, Terms, terms


@terms(
    "output",
    Spelling("imgproxy", ("format", "f", "ext"), ("format",)),
    Spelling("imgproxy", ("quality", "q"), ("quality",)),
    Spelling("imgproxy", ("format_quality", "fq"), ("format_quality",)),
    Spelling("imgproxy", ("max_bytes", "mb"), ("max_bytes",)),
    Spelling("imgproxy", ("skip_processing", "skp"), ("untouched",)),
    Spelling("imgproxy", ("raw",), ("raw",)),
    Spelling("imgproxy", ("strip_metadata", "sm"), ("strip_metadata",)),
    Spelling("imgproxy", ("keep_copyright", "kcr"), ("keep_copyright",)),
    Spelling("imgproxy", ("strip_color_profile", "scp"), ("strip_profile",)),
    Spelling("imgproxy", ("preserve_hdr", "ph"), ("deep",)),
)
class Output(Terms):
    """format: None is the source's, or one of `offers` that can hold the picture.

    quality: 0 is the format's own. untouched: sources of these formats are answered as they are.
    raw: the source as it is, whatever it is. deep: keep more than 8 bits per channel.
    """

    format: Format | None = None
    offers: tuple[Format, ...] = ()
    quality: Annotated[int, Range(0, 100)] = 0
    format_quality: Qualities = Qualities()
    max_bytes: Annotated[int, Range(0, 1e9)] = 0
    untouched: frozenset[Format] = frozenset()
    raw: bool = False
    strip_metadata: bool = True
    keep_copyright: bool = True
    strip_profile: bool = True
    deep: bool = False

    def quality_for(self, name: Format, default: int) -> int:
        return self.quality or self.format_quality.of(name) or default


@terms(
    "input",
    Spelling("imgproxy", ("page", "pg"), ("page",)),
    Spelling("imgproxy", ("disable_animation", "da"), ("still",)),
    Spelling("imgproxy", ("enforce_thumbnail", "eth"), ("thumbnail",)),
)
class Input(Terms):
    """page: which one of a source with several, from 0; used where the result is not animated.

    still: only one frame even where the result could move. thumbnail: an AVIF's embedded one.
    """

    page: Annotated[int, Range(0, 1e5)] = 0
    still: bool = False
    thumbnail: bool = False


def _cachebuster(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """Anything at all, colons included; blank takes it away."""
    return {"cachebuster": [":".join(words)] if any(words) else []}


def _filename(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """A name, percent-encoded or, if a second argument says so, base64url; blank takes it away."""
    name, *in_base64 = at_most(2, words)
    plain = not any(in_base64) or not read_bool(in_base64[0])
    name = read_text(name) if plain else read_base64(name)
    return {"filename": [name] if name else []}


@terms(
    "identity", Spelling("imgproxy", ("cachebuster", "cb"), ("cachebuster",), arrange=_cachebuster)
)
class Identity(Terms):
    """What makes a result another one although its pixels are the same."""

    cachebuster: str = ""


@terms(
    "delivery",
    Spelling("imgproxy", ("filename", "fn"), ("filename",), arrange=_filename),
    Spelling("imgproxy", ("return_attachment", "att"), ("attachment",)),
    Spelling("imgproxy", ("expires", "exp"), ("expires",)),
)
class Delivery(Terms):
    """How the answer is handed over. expires: Unix seconds, 0 is never."""

    shapes_result: ClassVar[bool] = False

    filename: str | None = None
    attachment: bool = False
    expires: Annotated[int, Range(0, 1e12)] = 0
