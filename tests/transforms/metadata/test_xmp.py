from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.metadata import blobs
from transforms.metadata import xmp

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
PRIVATE = [b"GPS", b"Gps", b"46,50", b"91", b"88.5", b"THUMBNAIL"]


def description(packet: bytes) -> ElementTree.Element:
    found = ElementTree.fromstring(packet).find(f"{RDF}RDF/{RDF}Description")
    assert found is not None
    return found


def packet(properties: str) -> bytes:
    return (
        f'<rdf:RDF xmlns:rdf="{RDF[1:-1]}" xmlns:dc="{DC[1:-1]}">'
        f"<rdf:Description>{properties}</rdf:Description></rdf:RDF>"
    ).encode()


def test_rights_creators_and_licence_are_kept() -> None:
    kept = xmp.copyright_only(blobs.XMP)

    assert kept is not None
    said = description(kept)
    assert said.findtext(f"{DC}rights/{RDF}Alt/{RDF}li") == "© Müller & Co"
    assert said.findtext(f"{DC}creator/{RDF}Seq/{RDF}li") == "Jane Photographer"
    assert said.attrib["{http://ns.adobe.com/xap/1.0/rights/}Marked"] == "True"
    licence = said.find("{http://creativecommons.org/ns#}license")
    assert licence is not None
    assert licence.attrib[f"{RDF}resource"] == "https://creativecommons.org/licenses/by/4.0/"


def test_nothing_but_rights_is_kept() -> None:
    kept = xmp.copyright_only(blobs.XMP)

    assert kept is not None
    for secret in [*PRIVATE, b"secret", b"SERIAL", b"At home", b"SecretEditor"]:
        assert secret not in kept


def test_a_packet_without_rights_gives_none() -> None:
    assert xmp.copyright_only(packet("<dc:title>Home</dc:title>")) is None


def test_rights_hidden_in_other_properties_are_not_the_pictures() -> None:
    nested = "<dc:source><rdf:Description><dc:rights>x</dc:rights></rdf:Description></dc:source>"

    assert xmp.copyright_only(packet(nested)) is None


def test_foreign_elements_inside_rights_go() -> None:
    kept = xmp.copyright_only(packet('<dc:rights>mine<e xmlns="urn:x">secret</e></dc:rights>'))

    assert kept is not None
    assert description(kept).findtext(f"{DC}rights") == "mine"
    assert b"secret" not in kept


def test_without_gps_drops_places_and_pictures_whatever_the_prefix() -> None:
    kept = xmp.without_gps(blobs.XMP)

    assert kept is not None
    for secret in PRIVATE:
        assert secret not in kept
    said = description(kept)
    assert said.findtext(f"{DC}description/{RDF}Alt/{RDF}li") == "At home"
    assert said.attrib["{http://ns.adobe.com/exif/1.0/aux/}SerialNumber"] == "SERIAL-0123456789"


@pytest.mark.parametrize(
    "name",
    [
        "GPSLatitude",
        "GpsLongtitude",
        "gpsimgdirection",
        "RelativeAltitude",
        "CameraLatitude",
        "lat",
    ],
)
def test_names_of_places_are_known(name: str) -> None:
    assert xmp.names_a_place(name)


@pytest.mark.parametrize("name", ["City", "rights", "PlateNumber", "LongDescription"])
def test_other_names_are_no_places(name: str) -> None:
    assert not xmp.names_a_place(name)


def test_rights_from_exif_become_a_packet() -> None:
    made = xmp.from_text(copyright=b"(c) <A>\0Editor", artist=blobs.ARTIST)

    assert made is not None
    assert description(made).findtext(f"{DC}rights/{RDF}Alt/{RDF}li") == "(c) <A> Editor"
    assert xmp.copyright_only(made) == made
    assert xmp.from_text(copyright=None, artist=b"\0") is None


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"<a>",
        b"<!DOCTYPE a>" + packet("<dc:rights>x</dc:rights>"),
        b'<!DOCTYPE a [<!ENTITY e "x">]>' + packet("<dc:rights>&e;</dc:rights>"),
        packet("<dc:rights>&undeclared;</dc:rights>"),
        b'<?xml version="1.0" encoding="unheard-of"?>' + packet("<dc:rights>x</dc:rights>"),
        packet("<dc:rights>x</dc:rights>").ljust((1 << 20) + 1),
        packet(f"<dc:rights>{'x' * 70_000}</dc:rights>"),
    ],
)
def test_refused_xml_leaves_nothing(blob: bytes) -> None:
    assert xmp.copyright_only(blob) is None


def test_deep_nesting_is_no_burden() -> None:
    deep = packet("<dc:rights>" + "<rdf:li>" * 20_000 + "</rdf:li>" * 20_000 + "</dc:rights>")

    assert xmp.without_gps(deep) is not None


@given(st.data())
def test_mutated_packets_raise_nothing_and_stay_well_formed(data: st.DataObject) -> None:
    blob = bytearray(blobs.XMP)
    for _ in range(data.draw(st.integers(1, 5))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.sampled_from(b'<>/:"= ax&'))

    for kept in (xmp.copyright_only(bytes(blob)), xmp.without_gps(bytes(blob))):
        if kept is not None:
            ElementTree.fromstring(kept)
