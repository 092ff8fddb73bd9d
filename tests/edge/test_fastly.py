"""Fastly's VCL cannot be run here, only read.

It hangs together, the functions that it calls are known, and its expressions are those of Varnish,
which are tried for real.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.edge.edges import CONFIG
from tests.edge.vectors import VECTORS

FILES = {path.stem: path.read_text() for path in sorted((CONFIG / "fastly").glob("*.vcl"))}
_TOKEN = re.compile(r'(?P<long>\{"(?s:.*?)"\})|(?P<short>"[^"\n]*")|(?P<comment>(?m:#.*$))')
MACROS = {"recv", "hash", "hit", "miss", "pass", "fetch", "error", "deliver", "log"}
FUNCTIONS = {
    "bin.base64_to_hex",
    "bin.hex_to_base64",
    "digest.base64_decode",
    "digest.base64url_nopad_decode",
    "digest.hmac_sha256_with_base64_key",
    "digest.secure_is_equal",
    "fastly.try_select_shield",
    "if",
    "regsub",
    "regsuball",
    "return",
    "std.atof",
    "std.strlen",
    "std.tolower",
    "substr",
    "table.contains",
    "table.lookup",
    "urldecode",
}


def code(name: str) -> str:
    """Without comments and what is in strings."""
    return _TOKEN.sub(lambda found: "" if found["comment"] else '""', FILES[name])


def strings(text: str) -> list[str]:
    found = (match for match in _TOKEN.finditer(text) if not match["comment"])
    return [match[0].removeprefix("{").removesuffix("}")[1:-1] for match in found]


def expressions(text: str) -> set[str]:
    """What a string looks like that is one."""
    return {each for each in strings(text) if re.search(r"\(\?|\[\^?[A-Za-z]|^\^|\$$", each)}


@pytest.mark.parametrize("name", list(FILES))
def test_blocks_and_strings_end(name: str) -> None:
    bare = code(name).replace('""', "")

    assert '"' not in bare
    assert bare.count("{") == bare.count("}")
    assert bare.count("(") == bare.count(")")
    # A statement of its own line that does not end is the mistake that is easily made.
    for line in bare.splitlines():
        if re.match(r"\s*(set|unset|call|error|declare|restart|synthetic|include)\b", line):
            assert line.rstrip().endswith(";"), line


def test_what_is_called_and_included_is_there() -> None:
    defined = {name for file in FILES for name in re.findall(r"^sub (\w+) \{", code(file), re.M)}
    called = {name for file in FILES for name in re.findall(r"\bcall (\w+);", code(file))}
    included = re.findall(r'^include "(\w+)";', FILES["main"], re.M)

    assert called == {name for name in defined if name.startswith("safelight_")}
    assert sorted([*included, "main"]) == sorted(FILES)


def test_every_subroutine_of_fastlys_has_its_macro() -> None:
    subs = dict(re.findall(r"^sub vcl_(\w+) \{\n#FASTLY (\w+)$", FILES["main"], re.M))
    subs |= dict(re.findall(r"^sub vcl_(hash) \{.*?^#FASTLY (\w+)$", FILES["main"], re.M | re.S))

    assert subs == {name: name for name in MACROS}


@pytest.mark.parametrize("name", list(FILES))
def test_only_known_functions_are_called(name: str) -> None:
    called = set(re.findall(r"([a-z][\w.]*)\(", code(name)))

    assert called <= FUNCTIONS


@pytest.mark.parametrize("name", list(FILES))
def test_variables_are_declared_where_they_are_used(name: str) -> None:
    for body in re.split(r"^sub ", code(name), flags=re.M)[1:]:
        declared = Counter(re.findall(r"declare local (var\.\w+) ", body))
        assert set(re.findall(r"\bvar\.\w+", body)) == set(declared)
        assert set(declared.values()) <= {1}


def test_no_short_string_has_a_percent_sign() -> None:
    short = [match["short"] or "" for text in FILES.values() for match in _TOKEN.finditer(text)]

    assert [text for text in short if "%" in text] == []


@pytest.mark.parametrize("name", ["accept", "paths"])
def test_expressions_are_those_that_varnish_is_tried_with(name: str) -> None:
    ours = expressions(FILES[name])
    varnish = expressions((CONFIG / "varnish" / f"{name}.vcl").read_text())

    assert ours
    # Its decoder would fail the request, Fastly's takes anything.
    assert varnish - ours <= {"%(?![0-9A-Fa-f]{2})|%00"}
    assert ours <= varnish


def test_a_signature_is_spelt_as_varnish_is_tried_with() -> None:
    expression = r"^(?=.{22,43}$)(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$"
    varnish = (CONFIG / "varnish" / "signature.vcl").read_text()

    assert expression in expressions(FILES["signature"]) & expressions(varnish)


def test_the_same_fields_are_dropped_as_in_varnish() -> None:
    dropped = re.compile(r"^    unset req\.http\.([\w-]+);", re.M)
    recv = FILES["main"].partition("sub vcl_recv")[2].partition("call safelight_path")[0]
    varnish = (CONFIG / "varnish" / "default.vcl").read_text()

    assert set(dropped.findall(recv)) == set(dropped.findall(varnish))


def test_padding_makes_what_every_decoder_reads() -> None:
    """The one piece of arithmetic that Varnish's has not."""
    padded = [text for text in strings(FILES["signature"]) if text.startswith("^(?:.{4})*.")]
    signatures = [vector.path.split("/")[1] for vector in VECTORS.accepted]

    for signature in signatures:
        padding = [bool(re.search(expression, signature)) for expression in padded]
        assert padding == [len(signature) % 4 == 2, len(signature) % 4 == 3]


def test_refusals_have_the_names_that_origins_give_them() -> None:
    given = {name for text in FILES.values() for name in re.findall(r'error 803 "(\w+)"', text)}

    # Fastly calls a signature that is too long malformed.
    assert given == {vector.refusal for vector in VECTORS.refused} - {"signature_length"}


def test_origins_are_those_of_two_regions_by_source() -> None:
    directors = re.findall(r"director (\w+) chash \{(.*?)\n\}", FILES["origins"], re.S)

    assert [name for name, _ in directors] == ["home", "away"]
    for name, body in directors:
        assert ".key = client;" in body
        assert re.findall(r"\.backend = F_(\w+);", body) == [f"{name}_1", f"{name}_2"]
        assert re.findall(r'\.id = "(\w+)"', body) == [f"{name}_1", f"{name}_2"]
    assert "set client.identity = req.http.X-Safelight-Source;" in FILES["main"]
