"""What is refused, and that the error says the option, the value and what was expected."""

from __future__ import annotations

import pytest

from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import ForbiddenOption, PlanError
from transforms.plan import Plan
from transforms.terms import TERMS

DIALECT = Imgproxy(security_options=True)


def parse(options: str, dialect: Imgproxy = DIALECT) -> Plan:
    return dialect.parse(f"/{options}/plain/local:///cat.jpg".encode())


COMPASS_AND_FOCAL = "ce, no, so, ea, we, noea, nowe, soea, sowe"


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("w:-1", 'w: width: expected a whole number in 0..1000000, got "-1"'),
        ("width:1.5", 'width: expected a whole number in 0..1000000, got "1.5"'),
        ("w:", 'w: width: expected a whole number in 0..1000000, got ""'),
        ("w:NaN", 'got "NaN"'),
        ("h:99999999999999999999999", "h: height: expected a whole number in 0..1000000"),
        ("h:1000001", 'in 0..1000000, got "1000001"'),
        ("h:1_000", 'got "1_000"'),
        ("h:٣", 'got "٣"'),
        ("w:1:2", 'w: too many arguments, nothing takes "2"'),
        ("mw:-1", "mw: min_width: expected a whole number in 0..1000000"),
        ("rt:FILL", 'rt: fit: expected one of fit, fill, fill-down, force, auto, got "FILL"'),
        ("rs:crop:1:1", "rs: fit: expected one of fit"),
        ("rs:fit:1:1:yes", 'rs: enlarge: expected 1, t, true, 0, f or false, got "yes"'),
        ("rs:fit:1:1:0:1:sm", f"rs: gravity: expected {COMPASS_AND_FOCAL}"),
        ("rs:fit:1:1:0:1:ce:0:0:0", 'rs: too many arguments, nothing takes "0"'),
        ("s:1:1:0:1:ce:0:0:0", "s: too many arguments"),
        ("ra:bicubic", "ra: kernel: expected one of nearest, linear, cubic"),
        ("z:0", 'z: zoom_x: expected a number in 0.001..100, got "0"'),
        ("z:5e-324", 'got "5e-324"'),
        ("z:1:-1", 'z: zoom_y: expected a number in 0.001..100, got "-1"'),
        ("z:2:", 'z: zoom_y: expected a number in 0.001..100, got ""'),
        ("z:1:1:1", 'z: expected at most 2 arguments, got "1:1:1"'),
        ("dpr:0", "dpr: expected a number in 0.001..100"),
        ("dpr:1e400", 'got "1e400"'),
        ("el:2", "el: enlarge: expected 1, t, true, 0, f or false"),
        ("ex:1:sm", "(here not sm)"),
        ("ex:1:ce:0:0:0", "ex: too many arguments"),
        ("exar:1:sm", "(here not sm)"),
        ("g:", "g: gravity: expected"),
        ("g:center", 'got "center"'),
        ("g:sm:1", "sm takes no offsets"),
        ("g:fp:0.5", "fp needs exactly two numbers"),
        ("g:fp:1.5:0", "not in 0..1"),
        ("g:ce:inf", "not a number"),
        ("g:ce:0:0:0", 'g: too many arguments, nothing takes "0"'),
        ("g:obj:face", 'got "obj:face"'),
        ("c::1", 'c: width: expected a number in 0..1000000, got ""'),
        ("c:1:", "c: height: expected a number"),
        ("c:1:1:", "c: gravity: expected"),
        ("c:-1", 'got "-1"'),
        ("c:nan:1", 'got "nan"'),
        ("c:1:1:ce:0:0:0", "c: too many arguments"),
        ("car:-1", "car: ratio: expected a number in 0..1000000"),
        ("car:inf", 'got "inf"'),
        ("t:256", 't: threshold: expected a number in 0..255, got "256"'),
        ("t:10:red", 't: color: expected 3 or 6 hex digits without #, got "red"'),
        ("t::red", "t: color: expected 3 or 6 hex digits"),
        ("t:10::2", "t: equal_x: expected 1, t, true"),
        ("t:1::1:1:1", "t: expected at most 4 arguments"),
        ("pd:1.5", "pd: top: expected a whole number in 0..100000"),
        ("pd:1:-2", 'pd: right: expected a whole number in 0..100000, got "-2"'),
        ("pd:1:2:3:4:5", 'pd: expected at most 4 arguments, got "1:2:3:4:5"'),
        ("ar:no", "ar: auto: expected 1, t, true, 0, f or false"),
        ("rot:45", 'rot: angle: expected a multiple of 90 in -3600..3600, got "45"'),
        ("rot:1e2", "rot: angle: expected a multiple of 90"),
        ("fl:1:1:1", "fl: too many arguments"),
        ("bg:#fff", "3 or 6 hex digits"),
        ("bg:256:0:0", 'bg: 256 is not in 0..255, got "256:0:0"'),
        ("bg:-1:0:0", "bg: -1 is not in 0..255"),
        ("bg:1:2", 'bg: expected 3 or 6 hex digits, or three numbers in 0..255, got "1:2"'),
        ("bg:::", "bg: not a whole number"),
        ("bg:1:2:3:4", "bg: expected 3 or 6 hex digits"),
        ("bl:-1", 'bl: sigma: expected a number in 0..100, got "-1"'),
        ("bl:nan", 'bl: sigma: expected a number in 0..100, got "nan"'),
        ("sh:11", "sh: sigma: expected a number in 0..10"),
        ("pix:1.5", "pix: side: expected a whole number"),
        ("ush:maybe", "ush: mode: expected one of auto, none, always"),
        ("ush:auto:0", "ush: weight: expected a number above 0"),
        ("ush:auto:1:nan", "ush: divider: expected a number above 0"),
        ("ush:auto:1:1:1", "ush: too many arguments"),
        ("a:256", "a: brightness: expected a whole number in -255..255"),
        ("br:1.5", 'br: brightness: expected a whole number in -255..255, got "1.5"'),
        ("contrast:0", 'contrast: expected a number above 0 and up to 100, got "0"'),
        ("co:inf", 'got "inf"'),
        ("sa:-1", "sa: saturation: expected a number above 0"),
        ("mc:1.1", "mc: intensity: expected a number in 0..1"),
        ("mc:1:xyz", "mc: color: expected 3 or 6 hex digits"),
        ("dt:nan", "dt: intensity: expected a number in 0..1"),
        ("dt:1:000:fff:1", "dt: too many arguments"),
        ("col:2", "col: opacity: expected a number in 0..1"),
        ("col:1:000:x", "col: keep_alpha: expected 1, t, true"),
        ("gr:1:000:diagonal", "in -3600..3600, or down, left, up, right"),
        ("gr:1:000:0:2", "gr: start: expected a number in 0..1"),
        ("gr:1:000:0:0:1:1", "gr: too many arguments"),
        ("wm:1.5", 'wm: opacity: expected a number in 0..1, got "1.5"'),
        ("wm:1:sm", "wm: position: expected one of ce, no"),
        ("wm:1:ce:nan", "wm: x: expected a number in -100000..100000"),
        ("wm:1:ce:0:0:-1", "wm: scale: expected a number in 0..10"),
        ("wm:1:ce:0:0:1:0", "wm: too many arguments"),
        ("wm:0.5", "watermark: no picture to lay over"),
        ("wmu:++", 'wmu: not base64url, got "++"'),
        ("wmu:_w", "wmu: not base64url of UTF-8 text"),
        ("wmu:YQ:YQ", "wmu: expected at most 1 arguments"),
        ("f:best", "f: format: expected one of jpeg, png, webp"),
        ("format:JPEG", 'format: expected one of jpeg, png, webp, avif, gif'),
        ("q:101", "q: quality: expected a whole number in 0..100"),
        ("q:80.5", "q: quality: expected a whole number in 0..100"),
        ("fq:jpeg", "pairs of a format and a quality in 0..100"),
        ("fq:jpeg:101", "101 is not in 0..100"),
        ("fq:best:1", "'best' is not a valid Format"),
        ("mb:-1", "mb: max_bytes: expected a whole number in 0..1000000000"),
        ("skp:", "skp: untouched: expected a list, each one of jpeg"),
        ("skp:jpg:what", 'got "jpg:what"'),
        ("raw:maybe", "raw: expected 1, t, true, 0, f or false"),
        ("sm:2", "sm: strip_metadata: expected 1, t, true"),
        ("jpgo:1:1:1:1:1:9", "jpgo: quant_table: expected a whole number in 0..8"),
        ("jpgo:yes", "jpgo: progressive: expected 1, t, true"),
        ("pngo:::1", "pngo: colours: expected a whole number in 2..256"),
        ("webpo:best", "webpo: compression: expected one of lossy, near_lossless, lossless"),
        ("webpo:::nice", "webpo: preset: expected one of default, photo"),
        ("pg:-1", "pg: page: expected a whole number in 0..100000"),
        ("pg:nan", "pg: page: expected a whole number"),
        ("da:2", "da: still: expected 1, t, true"),
        ("fn:%ff", "fn: its percent-escapes are not UTF-8"),
        ("fn:++:1", 'fn: not base64url, got "++:1"'),
        ("fn:a:maybe", "fn: not 1, t, true, 0, f or false"),
        ("fn:a:1:1", "fn: expected at most 2 arguments"),
        ("exp:-1", "exp: expires: expected a whole number in 0..1000000000000"),
        ("exp:tomorrow", 'got "tomorrow"'),
        ("maf:0", "maf: frames: expected a whole number in 1..1000000"),
        ("msr:nan", "msr: src_megapixels: expected a number in 0..1000000"),
        ("mrd:-1", "mrd: result_side: expected a whole number in 0..1000000"),
        ("unknown:1", '"unknown" is not an option'),
        ("WIDTH:1", '"WIDTH" is not an option'),
        (":1", '"" is not an option'),
        ("hello", '"hello" is not an option with arguments'),
        ("raw", '"raw" is not an option with arguments'),
        ("pr:none", 'there is no preset "none"'),
        ("pr:", 'there is no preset ""'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_what_was_expected(option: str, told: str) -> None:
    with pytest.raises(PlanError) as refused:
        parse(option)

    assert told in str(refused.value)


def test_long_values_are_not_repeated_in_full() -> None:
    with pytest.raises(PlanError) as refused:
        parse("w:" + "9" * 5000)

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("option", ["msr:1", "msfs:1", "maf:1", "mafr:1", "mrd:1", "mrd:nan"])
def test_security_options_are_forbidden_until_they_are_allowed(option: str) -> None:
    with pytest.raises(ForbiddenOption, match="SAFELIGHT_ALLOW_SECURITY_OPTIONS"):
        parse(option, Imgproxy())


@pytest.mark.parametrize(
    "word",
    [
        word
        for group in TERMS.values()
        if group.security
        for spelling in group.spellings
        for word in spelling.words
    ],
)
def test_every_limit_is_a_security_option(word: str) -> None:
    with pytest.raises(ForbiddenOption, match=word):
        parse(f"{word}:1", Imgproxy())
