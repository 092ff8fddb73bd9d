from __future__ import annotations

import pytest
import pyvips

from tests.transforms.metadata import blobs, pictures
from transforms.metadata import exif, iptc, xmp
from transforms.metadata.policy import MetadataPolicy, apply, keep

KINDS = ("jpeg", "png", "webp", "avif", "tiff", "gif")
WITH_EXIF = ("jpeg", "png", "webp", "avif")
DEFAULT = MetadataPolicy()
NOTHING = MetadataPolicy(keep_copyright=False)
EVERYTHING = MetadataPolicy(strip=False)


def saved(image: pyvips.Image, policy: MetadataPolicy, kind: str) -> bytes:
    result = apply(image, policy, kind=kind)
    return pictures.saved(result, kind, keep=keep(result, policy))


def reloaded(data: bytes, kind: str, field: str) -> bytes:
    return pictures.blob(pictures.loaded(data, kind), field)


@pytest.mark.parametrize("policy", [DEFAULT, NOTHING])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_private_is_left_in_any_format(kind: str, policy: MetadataPolicy) -> None:
    found = pictures.contents(saved(pictures.photographed(orientation=6), policy, kind))

    assert not [secret for secret in pictures.SECRETS if secret in found]


@pytest.mark.parametrize("policy", [DEFAULT, NOTHING])
@pytest.mark.parametrize("kind", KINDS)
def test_saving_everything_would_have_been_private(kind: str, policy: MetadataPolicy) -> None:
    stripped = apply(pictures.photographed(), policy, kind=kind)

    found = pictures.contents(pictures.saved(stripped, kind, keep=63))

    assert not [secret for secret in pictures.SECRETS if secret in found]


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_copyright_and_artist_survive_as_exif(kind: str) -> None:
    data = saved(pictures.photographed(), DEFAULT, kind)

    found = reloaded(data, kind, "exif-data")
    assert exif.copyright_of(found) == (blobs.COPYRIGHT, blobs.ARTIST)
    assert pictures.exif_of(data)[0x013B] == blobs.ARTIST.decode()
    assert not pictures.exif_of(data).get_ifd(0x8825)


@pytest.mark.parametrize("kind", [*WITH_EXIF, "tiff"])
def test_rights_survive_as_xmp(kind: str) -> None:
    found = reloaded(saved(pictures.photographed(), DEFAULT, kind), kind, "xmp-data")

    assert found == xmp.copyright_only(blobs.XMP)


def test_rights_survive_as_iptc_in_jpeg() -> None:
    found = reloaded(saved(pictures.photographed(), DEFAULT, "jpeg"), "jpeg", "iptc-data")

    assert found == iptc.copyright_only(blobs.PHOTOSHOP)


def test_bare_datasets_are_wrapped_for_jpeg() -> None:
    image = pictures.plain()
    image.set_type(pyvips.GValue.blob_type, "iptc-data", blobs.DATASETS)  # type: ignore[arg-type]

    found = reloaded(saved(image, DEFAULT, "jpeg"), "jpeg", "iptc-data")

    assert found == iptc.copyright_only(blobs.PHOTOSHOP)


def test_rights_that_tiff_cannot_carry_as_exif_become_xmp() -> None:
    image = pictures.plain()
    blob = exif.minimal(copyright=blobs.COPYRIGHT, artist=blobs.ARTIST)
    image.set_type(pyvips.GValue.blob_type, "exif-data", blob)  # type: ignore[arg-type]

    found = reloaded(saved(image, DEFAULT, "tiff"), "tiff", "xmp-data")

    assert blobs.COPYRIGHT in found
    assert blobs.ARTIST in found


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_a_picture_without_rights_gets_no_block_at_all(kind: str) -> None:
    data = saved(pictures.plain(), DEFAULT, kind)

    assert not pictures.exif_of(data)
    assert data == pictures.saved(apply(pictures.plain(), NOTHING), kind, keep=0)


@pytest.mark.parametrize("kind", KINDS)
def test_kept_metadata_has_no_place_thumbnail_or_maker_note(kind: str) -> None:
    found = pictures.contents(saved(pictures.photographed(), EVERYTHING, kind))

    assert not [secret for secret in pictures.PLACES if secret in found]


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_kept_metadata_is_kept_and_upright(kind: str) -> None:
    data = saved(pictures.photographed(orientation=6), EVERYTHING, kind)

    found = pictures.exif_of(data)
    assert found[0x0112] == 1
    assert found[0x0131] == blobs.EDITOR.decode()
    assert found.get_ifd(0x8769)[0xA431] == blobs.SERIAL.decode()
    assert found[0x013B] == blobs.ARTIST.decode()
    assert b"At home" in reloaded(data, kind, "xmp-data")


def test_unreadable_metadata_is_not_kept() -> None:
    image = pictures.plain()
    for name in ("exif-data", "xmp-data", "iptc-data", "something-else"):
        image.set_type(pyvips.GValue.blob_type, name, b"secret")  # type: ignore[arg-type]

    assert b"secret" not in saved(image, EVERYTHING, "jpeg")


@pytest.mark.parametrize("policy", [DEFAULT, EVERYTHING])
def test_the_image_that_came_in_is_not_touched(policy: MetadataPolicy) -> None:
    image = pictures.photographed(orientation=6)
    before = {name: image.get(name) for name in image.get_fields()}

    apply(image, policy)

    assert {name: image.get(name) for name in image.get_fields()} == before


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("policy", [DEFAULT, EVERYTHING])
def test_animations_keep_their_timing(kind: str, policy: MetadataPolicy) -> None:
    frames = pyvips.Image.arrayjoin([pictures.plain(), pictures.plain().invert()], across=1)
    image = frames.copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", 16)
    image.set_type(pyvips.GValue.gint_type, "loop", 3)
    image.set_type(pyvips.GValue.array_int_type, "delay", [70, 90])

    result = pictures.loaded(saved(image, policy, kind), kind)

    assert (result.get("n-pages"), result.get("loop"), result.get("delay")) == (2, 3, [70, 90])


@pytest.mark.parametrize("strip_profile", [True, False])
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "tiff"])
def test_the_profile_is_written_if_it_is_wanted(kind: str, strip_profile: bool) -> None:
    policy = MetadataPolicy(strip_profile=strip_profile)
    image = pictures.plain().icc_transform("p3", input_profile="srgb")

    result = pictures.loaded(saved(image, policy, kind), kind)

    assert bool(result.get_typeof("icc-profile-data")) is not strip_profile


def test_the_resolution_of_a_stripped_picture_is_72_dpi() -> None:
    image = pictures.photographed().copy(xres=12, yres=12)

    assert apply(image, DEFAULT).xres == pytest.approx(72 / 25.4)
    assert apply(image, EVERYTHING).xres == 12


@blobs.needs_corpus
@pytest.mark.parametrize("kind", KINDS)
def test_the_drone_forgets_where_it_flew(kind: str) -> None:
    path = blobs.CORPUS / "photos/9mp-drone-mpo-4000x2250-q93-422.jpg"
    small = pyvips.Image.jpegload(str(path)).thumbnail_image(200)
    place = b"331557"  # seconds of its latitude, as libvips spells EXIF out

    for policy in (DEFAULT, EVERYTHING):
        result = pictures.loaded(saved(small, policy, kind), kind)
        said = [str(result.get(name)).encode() for name in result.get_fields()]
        assert not [text for text in said if place in text or b"GPS" in text]
