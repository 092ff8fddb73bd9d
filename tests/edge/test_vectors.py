"""What other languages hold themselves to is what `signing/` says today."""

from __future__ import annotations

from tests.edge.claims import CANNOT
from tests.edge.edges import CONFIG
from tests.edge.vectors import FILE, VECTORS, written


def test_the_vectors_are_those_of_this_tree() -> None:
    assert FILE.read_text() == written(VECTORS), "run: python -m tests.edge.vectors"


def test_refusals_and_formats_of_every_kind_are_among_them() -> None:
    assert {vector.refusal for vector in VECTORS.refused} == {
        "signature_length",
        "signature_malformed",
        "signature_mismatch",
        "signature_missing",
    }
    assert set(VECTORS.accept.values()) == {
        "image/avif,image/webp",
        "image/avif",
        "image/webp",
        "*/*",
    }


def test_the_readme_says_what_an_edge_cannot_do() -> None:
    text = " ".join((CONFIG / "README.md").read_text().lower().split())

    assert [reason for reason in CANNOT.values() if reason.lower() not in text] == []
