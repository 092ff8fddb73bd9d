"""Every option of imgproxy that is understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dialects.imgproxy import Imgproxy
from transforms.plan import Plan

SOURCE = "/source:local:///cat.jpg"
DIALECT = Imgproxy(security_options=True)


def parse(options: str, dialect: Imgproxy = DIALECT) -> Plan:
    return dialect.parse(f"/{options}/plain/local:///cat.jpg".encode())


def canonical(options: str) -> str:
    return parse(options).canonical().removesuffix(SOURCE.removeprefix("/")).removesuffix("/")


@pytest.mark.parametrize(
    ("options", "means"),
    [
        # Resizing
        ("rs:fill:300:200", "resize(fit=fill,width=300,height=200)"),
        ("resize:fit:300:200", "resize(width=300,height=200)"),
        ("resize:fill", ""),
        ("rs::300", "resize(width=300)"),
        ("rs:::200", "resize(height=200)"),
        ("rs:force:0:200:1", "resize(fit=force,height=200,enlarge=1)"),
        (
            "rs:fit:300:200:0:1:no:5:-6",
            "resize(width=300,height=200,extend=1)/extend(on=1,gravity=no:5.0:-6.0)",
        ),
        (
            "rs:fit:3:2:0:1:fp:0.1:0.2",
            "resize(width=3,height=2,extend=1)/extend(on=1,gravity=fp:0.1:0.2)",
        ),
        ("rs:fit:3:2::1:", "resize(width=3,height=2,extend=1)/extend(on=1)"),
        ("size:300:200", "resize(width=300,height=200)"),
        ("s:3:2:1:1:so", "resize(width=3,height=2,enlarge=1,extend=1)/extend(on=1,gravity=so)"),
        ("s::200", "resize(height=200)"),
        ("w:300/rt:fill", "resize(fit=fill,width=300)"),
        ("w:300/resizing_type:fill-down", "resize(fit=fill-down,width=300)"),
        ("w:300/rt:auto", "resize(fit=auto,width=300)"),
        ("w:300/ra:nearest", "resize(width=300,kernel=nearest)"),
        ("w:300/resizing_algorithm:lanczos3", "resize(width=300)"),
        ("width:300/height:200", "resize(width=300,height=200)"),
        ("w:300/h:200", "resize(width=300,height=200)"),
        ("min-width:300/min-height:200", "resize(min_width=300,min_height=200)"),
        ("mw:300/mh:200", "resize(min_width=300,min_height=200)"),
        ("zoom:2", "resize(zoom_x=2.0,zoom_y=2.0)"),
        ("z:0.5:1.5", "resize(zoom_x=0.5,zoom_y=1.5)"),
        ("dpr:2.5", "resize(dpr=2.5)"),
        ("w:3/enlarge:1", "resize(width=3,enlarge=1)"),
        ("w:3/el:t", "resize(width=3,enlarge=1)"),
        ("w:3/ex:1", "resize(width=3,extend=1)/extend(on=1)"),
        ("w:3/extend:true:nowe:1:2", "resize(width=3,extend=1)/extend(on=1,gravity=nowe:1.0:2.0)"),
        ("w:3/exar:1:so", "resize(width=3,extend_ratio=1)/extend_ratio(on=1,gravity=so)"),
        ("w:3/extend_ar:1", "resize(width=3,extend_ratio=1)/extend_ratio(on=1)"),
        ("w:3/extend_aspect_ratio:T", "resize(width=3,extend_ratio=1)/extend_ratio(on=1)"),
        ("w:3/gravity:noea:10:0.5", "resize(width=3,gravity=noea:10.0:0.5)"),
        ("w:3/g:sm", "resize(width=3,gravity=sm)"),
        ("w:3/g:fp::1", "resize(width=3,gravity=fp:0.0:1.0)"),
        ("w:3/g:no::-5", "resize(width=3,gravity=no:0.0:-5.0)"),
        ("w:3/g:fp:0.1:0.2/g:sm", "resize(width=3,gravity=sm)"),
        # Cutting
        ("crop:300:0.5", "crop(width=300.0,height=0.5)"),
        ("c:300", "crop(width=300.0)"),
        ("c:300:200:nowe:1:2", "crop(width=300.0,height=200.0,gravity=nowe:1.0:2.0)"),
        ("c:300:200:fp:0.1:0.2", "crop(width=300.0,height=200.0,gravity=fp:0.1:0.2)"),
        ("c:300:200:sm", "crop(width=300.0,height=200.0,gravity=sm)"),
        ("c:0:0", ""),
        ("crop_aspect_ratio:1.5", "crop(ratio=1.5)"),
        ("crop_ar:1.5:0", "crop(ratio=1.5)"),
        ("car:1.5:1", "crop(ratio=1.5,grow=1)"),
        ("car:0", ""),
        ("trim:10", "trim(threshold=10.0)"),
        ("t:0", "trim(threshold=0.0)"),
        ("t:10:ff00ff:1:0", "trim(threshold=10.0,color=ff00ff,equal_x=1)"),
        ("t:10::0:1", "trim(threshold=10.0,equal_y=1)"),
        ("t:10:ff00ff/t:5", "trim(threshold=5.0,color=ff00ff)"),
        ("t:10:ff00ff/t:5:", "trim(threshold=5.0)"),
        ("t:10:ff00ff/t:", ""),
        ("padding:10", "padding(top=10,right=10,bottom=10,left=10)"),
        ("pd:10:20", "padding(top=10,right=20,bottom=10,left=20)"),
        ("pd:10:20:30", "padding(top=10,right=20,bottom=30,left=20)"),
        ("pd:10:20:30:40", "padding(top=10,right=20,bottom=30,left=40)"),
        ("pd:10:::40", "padding(top=10,right=10,bottom=10,left=40)"),
        ("pd::20", "padding(right=20,left=20)"),
        ("pd:::30", "padding(bottom=30)"),
        ("pd:10/pd::0", "padding(top=10,bottom=10)"),
        # Turning
        ("auto_rotate:0", "orient(auto=0)"),
        ("ar:f", "orient(auto=0)"),
        ("rotate:90", "orient(angle=90)"),
        ("rot:-180", "orient(angle=-180)"),
        ("flip:1", "orient(flip_x=1)"),
        ("fl:0:1", "orient(flip_y=1)"),
        ("fl::1", "orient(flip_y=1)"),
        # Effects
        ("background:f80", "background(color=ff8800)"),
        ("bg:FF8800", "background(color=ff8800)"),
        ("bg:255:128:0", "background(color=ff8000)"),
        ("bg:255:128:0/bg:", ""),
        ("blur:2", "blur(sigma=2.0)"),
        ("bl:0.5", "blur(sigma=0.5)"),
        ("sharpen:2", "sharpen(sigma=2.0)"),
        ("sh:0", ""),
        ("pixelate:5", "pixelate(side=5)"),
        ("pix:1", ""),
        ("unsharp_masking:auto", "unsharp_masking(mode=auto)"),
        ("ush:always:2:12", "unsharp_masking(mode=always,weight=2.0,divider=12.0)"),
        ("ush:auto/sh:2", "unsharp_masking(mode=auto,sharpened=2.0)/sharpen(sigma=2.0)"),
        ("adjust:10:1.5:0.5", "adjust(brightness=10,contrast=1.5,saturation=0.5)"),
        ("a::1.5", "adjust(contrast=1.5)"),
        ("brightness:-255", "adjust(brightness=-255)"),
        ("br:5/contrast:2", "adjust(brightness=5,contrast=2.0)"),
        ("co:2/saturation:3", "adjust(contrast=2.0,saturation=3.0)"),
        ("sa:0.1", "adjust(saturation=0.1)"),
        ("monochrome:0.5", "monochrome(intensity=0.5)"),
        ("mc:1:ff0000", "monochrome(intensity=1.0,color=ff0000)"),
        ("duotone:1:f00", "duotone(intensity=1.0,dark=ff0000)"),
        ("dt:1::00f", "duotone(intensity=1.0,light=0000ff)"),
        ("colorize:0.5:f00:1", "colorize(opacity=0.5,color=ff0000,keep_alpha=1)"),
        ("col:0:f00", ""),
        ("gradient:0.5", "gradient(opacity=0.5)"),
        ("gr:1:f00:up:0:0.9", "gradient(opacity=1.0,color=ff0000,angle=180.0,stop=0.9)"),
        ("gr:0.5::45", "gradient(opacity=0.5,angle=45.0)"),
        ("gr:1::left/gr:1::right", "gradient(opacity=1.0,angle=270.0)"),
        # Watermarks
        ("wm:0.5/wmu:bG9jYWw6Ly8vYQ", "watermark(opacity=0.5,source=local%3A%2F%2F%2Fa)"),
        (
            "watermark_url:bG9jYWw6Ly8vYQ==/watermark:1:soea:10:-0.5:0.2",
            "watermark(opacity=1.0,position=soea,x=10.0,y=-0.5,scale=0.2,source=local%3A%2F%2F%2Fa)",
        ),
        ("wm:1:re:5:6:0/wmu:YQ", "watermark(opacity=1.0,position=re,x=5.0,y=6.0,source=a)"),
        ("wm:1:ch/wmu:YQ", "watermark(opacity=1.0,position=ch,source=a)"),
        ("wm:0:ce", ""),
        ("wm:1/wmu:YQ/wm:0", ""),
        # Output
        ("format:webp", "output(format=webp)"),
        ("f:jpg", "output(format=jpeg)"),
        ("ext:avif", "output(format=avif)"),
        ("quality:80", "output(quality=80)"),
        ("q:80/q:0", ""),
        ("format_quality:jpeg:80:webp:70", "output(format_quality=jpeg:80:webp:70)"),
        ("fq:webp:70/fq:jpg:80:webp:60", "output(format_quality=jpeg:80:webp:60)"),
        ("max_bytes:1000", "output(max_bytes=1000)"),
        ("mb:1000/mb:0", ""),
        ("skip_processing:webp:jpg", "output(untouched=jpeg:webp)"),
        ("skp:jpg/skp:webp/skp:jpeg", "output(untouched=jpeg:webp)"),
        ("raw:1", "output(raw=1)"),
        ("strip_metadata:0", "output(strip_metadata=0)"),
        ("sm:0/sm:1", ""),
        ("keep_copyright:0", "output(keep_copyright=0)"),
        ("kcr:0", "output(keep_copyright=0)"),
        ("strip_color_profile:0", "output(strip_profile=0)"),
        ("scp:0", "output(strip_profile=0)"),
        ("preserve_hdr:1", "output(deep=1)"),
        ("ph:1", "output(deep=1)"),
        ("jpeg_options:1:1", "jpeg_options(progressive=1,no_subsample=1)"),
        ("jpgo:::1:1:1:3", "jpeg_options(trellis=1,deringing=1,optimise_scans=1,quant_table=3)"),
        ("png_options:1:1:16", "png_options(interlaced=1,quantize=1,colours=16)"),
        ("pngo::1", "png_options(quantize=1)"),
        ("webp_options:lossless", "webp_options(compression=lossless)"),
        ("webpo::1:photo", "webp_options(smart_subsample=1,preset=photo)"),
        # Input, identity, delivery
        ("page:2", "input(page=2)"),
        ("pg:0", ""),
        ("disable_animation:1", "input(still=1)"),
        ("da:1", "input(still=1)"),
        ("enforce_thumbnail:1", "input(thumbnail=1)"),
        ("eth:1", "input(thumbnail=1)"),
        ("cachebuster:v1", "identity(cachebuster=v1)"),
        ("cb:a:b,c(d)%20", "identity(cachebuster=a%3Ab%2Cc%28d%29%2520)"),
        ("cb:v1/cb:", ""),
        # Limits
        ("max_src_resolution:2.5", "requested_limits(src_megapixels=2.5)"),
        ("msr:2", "requested_limits(src_megapixels=2.0)"),
        ("msfs:1000", "requested_limits(src_bytes=1000)"),
        ("max_src_file_size:1000", "requested_limits(src_bytes=1000)"),
        ("maf:3", "requested_limits(frames=3)"),
        ("max_animation_frames:3", "requested_limits(frames=3)"),
        ("mafr:1.5", "requested_limits(frame_megapixels=1.5)"),
        ("max_animation_frame_resolution:1", "requested_limits(frame_megapixels=1.0)"),
        ("mrd:100", "requested_limits(result_side=100)"),
        ("max_result_dimension:100", "requested_limits(result_side=100)"),
    ],
)  # fmt: skip
def test_an_option_means(options: str, means: str) -> None:
    assert canonical(options) == means


@pytest.mark.parametrize("yes", ["1", "t", "T", "TRUE", "true", "True"])
@pytest.mark.parametrize("no", ["0", "f", "F", "FALSE", "false", "False"])
def test_yes_and_no_are_written_as_in_go(yes: str, no: str) -> None:
    assert parse(f"raw:{yes}").output.raw
    assert not parse(f"raw:{yes}/raw:{no}").output.raw


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ("w:1/w:2", "w:2"),
        ("rs:fill:1:1/w:5", "rs:fill:5:1"),
        ("w:5/rs:fill", "w:5/rt:fill"),
        ("rs:fit:5:5:1/s:3::0", "rs:fit:3:5"),
        ("f:png/f:webp", "f:webp"),
        ("ex:1:no/ex:0/w:5", "w:5"),
        ("pd:5/pd:0", "q:0"),
    ],
)
def test_later_values_override_earlier_ones(options: str, same: str) -> None:
    assert parse(options) == parse(same)


@given(order=st.permutations(["rs:fill:300:200", "g:no", "c:0.5:0.5", "q:80", "bl:2", "pd:5",
                              "f:webp", "dpr:2", "ex:1", "sh:1", "cb:x", "skp:jpg"]))  # fmt: skip
def test_the_order_of_options_does_not_matter(order: list[str]) -> None:
    assert canonical("/".join(order)) == canonical("/".join(sorted(order)))


def test_file_names_are_percent_decoded_or_base64() -> None:
    names = ["fn:caf%C3%A9%2Fx", "fn:Y2Fmw6kveA:1", "filename:Y2Fmw6kveA==:true"]

    assert {parse(name).canonical() for name in names} == {"source:local:///cat.jpg"}
    assert {parse(name).terms for name in names} == {parse(names[0]).terms}
    assert "café/x" in str(parse(names[0]).terms)
    assert parse("fn:x/fn:") == parse("q:0")
    assert parse("fn:plain:0").terms == parse("fn:plain:").terms == parse("fn:plain").terms
