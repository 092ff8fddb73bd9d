"""Strict XML as a stream of events: no document type, so no entities; bounded in size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol
from xml.parsers import expat

# XML turns a line feed in a name or namespace into a space, so it can part what expat joins.
_SEPARATOR = "\n"


class Refused(ValueError):
    """The XML is malformed, too large or declares a document type."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name with its namespace ("" for none) and the prefix that the document used."""

    uri: str
    local: str
    prefix: str

    @property
    def qualified(self) -> str:
        return f"{self.prefix}:{self.local}" if self.prefix else self.local


Attributes = Sequence[tuple[Name, str]]
Namespaces = Sequence[tuple[str, str]]  # declarations made on this element: prefix, namespace


class Sink(Protocol):
    def start(self, name: Name, attributes: Attributes, namespaces: Namespaces) -> None: ...
    def end(self, name: Name) -> None: ...
    def text(self, text: str) -> None: ...


def read(document: bytes, sink: Sink, *, max_bytes: int) -> None:
    """Send a document's elements and text to a sink; comments and instructions are left out."""
    if len(document) > max_bytes:
        raise Refused(f"XML: expected at most {max_bytes} bytes but received {len(document)}")
    parser = expat.ParserCreate(None, _SEPARATOR)
    parser.namespace_prefixes = True
    parser.buffer_text = True
    declared: list[tuple[str, str]] = []

    def declare(prefix: str | None, uri: str | None) -> None:
        declared.append((prefix or "", uri or ""))

    def start(tag: str, attributes: dict[str, str]) -> None:
        pairs = [(_name(key), value) for key, value in attributes.items()]
        sink.start(_name(tag), pairs, tuple(declared))
        declared.clear()

    def refuse(*_: object) -> NoReturn:
        raise Refused("XML: expected no document type but received one")

    parser.StartNamespaceDeclHandler = declare
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: sink.end(_name(tag))
    parser.CharacterDataHandler = sink.text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except (
        expat.ExpatError,
        LookupError,
        ValueError,
    ) as exc:  # LookupError: an unheard-of encoding
        raise Refused(f"XML: {exc}") from exc


def _name(joined: str) -> Name:
    match joined.split(_SEPARATOR):
        case [local]:
            return Name("", local, "")
        case [uri, local]:
            return Name(uri, local, "")
        case [uri, local, prefix]:
            return Name(uri, local, prefix)
    raise Refused("XML: expected a name but received one with line feeds in its namespace")
