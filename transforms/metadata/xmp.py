"""XMP: the rights of a picture alone, or all of a packet but the place where it was taken.

    <?xpacket?> <x:xmpmeta> <rdf:RDF> <rdf:Description property="value"> <property>...</property>

Both filters copy from one parse into a new packet and keep no tree, so nesting costs them nothing.
They judge properties by namespace and name, whatever prefix the document gave them.
"""

from __future__ import annotations

from transforms.metadata.xml_events import Attributes, Name, Namespaces, Refused, Sink, read

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = "http://www.w3.org/XML/1998/namespace"
_META = "adobe:ns:meta/"
_DC = "http://purl.org/dc/elements/1.1/"
_RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
_CC = "http://creativecommons.org/ns#"

MAX_BYTES = 1 << 20
_MAX_COPYRIGHT = 60_000  # a JPEG segment
_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="r"?>'

# `xml.sax.saxutils` has these too, and imports a web client.
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ATTRIBUTE = _TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

_PREFIXES = {RDF: "rdf", _XML: "xml", _DC: "dc", _RIGHTS: "xmpRights", _CC: "cc"}
_DC_COPYRIGHT = frozenset({"rights", "contributor", "creator", "publisher"})

_PLACES = (
    "latitude",
    "longitude",
    "longtitude",
    "altitude",
)  # the third is how one maker of drones spells it
_SHORT_PLACES = frozenset({"lat", "lon", "long", "lng"})
_PRIVATE_NAMESPACES = frozenset(
    {
        "http://www.w3.org/2003/01/geo/wgs84_pos#",
        "http://ns.adobe.com/xap/1.0/g/img/",  # thumbnails; next: whole pictures, depth maps, sound
        "http://ns.google.com/photos/1.0/image/",
        "http://ns.google.com/photos/1.0/depthmap/",
        "http://ns.google.com/photos/1.0/audio/",
    }
)


def copyright_only(blob: bytes) -> bytes | None:
    """A packet of rights, creators, publisher, licence; None without any or if XML is refused."""
    sink = _Rights()
    if not _parsed(blob, sink):
        return None
    attributes = "".join(f" {name}={_quoted(value)}" for name, value in sink.attributes.items())
    elements = "".join(sink.out)
    if not attributes and not elements:
        return None
    packet = _packet(attributes, elements)
    return packet if len(packet) <= _MAX_COPYRIGHT else None


def without_gps(blob: bytes) -> bytes | None:
    """The same packet without coordinates and embedded pictures; None if the XML is refused."""
    sink = _Placeless()
    return (_BEGIN + "".join(sink.out) + _END).encode() if _parsed(blob, sink) else None


def from_text(*, copyright: bytes | None, artist: bytes | None) -> bytes | None:
    """What EXIF says about rights, for the formats that carry XMP and no EXIF."""
    rights, creator = _text(copyright), _text(artist)
    elements = ""
    if rights:
        default = f'<rdf:li xml:lang="x-default">{rights}</rdf:li>'
        elements += f"<dc:rights><rdf:Alt>{default}</rdf:Alt></dc:rights>"
    if creator:
        elements += f"<dc:creator><rdf:Seq><rdf:li>{creator}</rdf:li></rdf:Seq></dc:creator>"
    return _packet("", elements) if elements else None


def names_a_place(name: str) -> bool:
    """Whether a field of this name holds coordinates."""
    name = name.casefold()
    return name.startswith("gps") or name in _SHORT_PLACES or any(p in name for p in _PLACES)


def _parsed(blob: bytes, sink: Sink) -> bool:
    try:
        read(blob.removeprefix(_HEADER).rstrip(b"\0"), sink, max_bytes=MAX_BYTES)
    except Refused:
        return False
    return True


def _packet(attributes: str, elements: str) -> bytes:
    used = "".join(
        f' xmlns:{_PREFIXES[uri]}="{uri}"'
        for uri in (_DC, _RIGHTS, _CC)
        if f"{_PREFIXES[uri]}:" in attributes + elements
    )
    return (
        f'{_BEGIN}<x:xmpmeta xmlns:x="{_META}"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about=""{used}{attributes}>{elements}</rdf:Description>'
        f"</rdf:RDF></x:xmpmeta>{_END}"
    ).encode()


def _text(value: bytes | None) -> str:
    if not value:
        return ""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    printable = "".join(c for c in text.replace("\0", " ") if c.isprintable())
    return printable.translate(_TEXT).strip()


def _quoted(value: str) -> str:
    return f'"{value.translate(_ATTRIBUTE)}"'


class _Placeless:
    """Copies everything but what is private, with the prefixes and declarations of the document."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._skipped = 0

    def start(self, name: Name, attributes: Attributes, namespaces: Namespaces) -> None:
        if self._skipped or _is_private(name):
            self._skipped += 1
            return
        declared = [f" xmlns{':' * bool(p)}{p}={_quoted(uri)}" for p, uri in namespaces]
        kept = [f" {n.qualified}={_quoted(v)}" for n, v in attributes if not _is_private(n)]
        self.out.append(f"<{name.qualified}{''.join(declared + kept)}>")

    def end(self, name: Name) -> None:
        if self._skipped:
            self._skipped -= 1
        else:
            self.out.append(f"</{name.qualified}>")

    def text(self, text: str) -> None:
        if not self._skipped:
            self.out.append(text.translate(_TEXT))


class _Rights:
    """Collects the outer descriptions' properties about rights, under fixed prefixes."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.attributes: dict[str, str] = {}
        self._path: list[Name] = []
        self._kept_from = 0  # depth of the property being copied
        self._skipped = 0

    def start(self, name: Name, attributes: Attributes, namespaces: Namespaces) -> None:
        parent = self._path[-1:]
        self._path.append(name)
        if self._skipped or (self._kept_from and (name.uri not in _PREFIXES or _is_private(name))):
            self._skipped += 1
        elif self._kept_from:
            self._open(name, attributes)
        elif _is_about_rights(name) and _are_descriptions(self._path[-3:-1]):
            self._kept_from = len(self._path)
            self._open(name, attributes)
        elif _are_descriptions([*parent, name]):
            for attribute, value in attributes:
                if _is_about_rights(attribute):
                    self.attributes.setdefault(_own(attribute), value)

    def end(self, name: Name) -> None:
        if self._skipped:
            self._skipped -= 1
        elif self._kept_from:
            self.out.append(f"</{_own(name)}>")
            if len(self._path) == self._kept_from:
                self._kept_from = 0
        self._path.pop()

    def text(self, text: str) -> None:
        if self._kept_from and not self._skipped:
            self.out.append(text.translate(_TEXT))

    def _open(self, name: Name, attributes: Attributes) -> None:
        kept = (f" {_own(n)}={_quoted(v)}" for n, v in attributes if n.uri in _PREFIXES)
        self.out.append(f"<{_own(name)}{''.join(kept)}>")


def _are_descriptions(path: list[Name]) -> bool:
    return [(n.uri, n.local) for n in path] == [(RDF, "RDF"), (RDF, "Description")]


def _is_private(name: Name) -> bool:
    return (
        names_a_place(name.local) or name.local == "Thumbnails" or name.uri in _PRIVATE_NAMESPACES
    )


def _is_about_rights(name: Name) -> bool:
    return name.uri in (_RIGHTS, _CC) or (name.uri == _DC and name.local in _DC_COPYRIGHT)


def _own(name: Name) -> str:
    return f"{_PREFIXES[name.uri]}:{name.local}"
