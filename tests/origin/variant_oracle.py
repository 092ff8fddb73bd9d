"""What a request must be answered with, said once more and without any of our code.

Parts of URLs stand beside the words that a result's name must have for them, members of Accept
beside what they offer, and a shelf remembers which of its sources was what at which time.
"""

from __future__ import annotations

import base64
import random
from collections import defaultdict
from dataclasses import dataclass, field

MARK = "local:///marks/mark.png"
SOURCES = (
    "local:///a/cat.jpg",
    "local:///b/cat.jpg",
    "local:///a/Cat.jpg",
    "local:///a/cat.jpg/w:20",
    "s3://alpha/cat.jpg",
    "s3://alpha/a/cat.jpg",
    "s3://alpha/cat.jpg?v1",
    "s3://beta/cat.jpg",
)
# As the policies of `tests.origin.variant_world` say: by prefix, and by preset.
TAGS = {"local:///a/": "folder", "s3://alpha/": "bucket", "thumb": "thumbs"}

SIZES = {
    "": "",
    "w:20": "resize(width=20)",
    "w:21": "resize(width=21)",
    "h:20": "resize(height=20)",
    "rs:fit:20:30": "resize(width=20,height=30)",
    "h:33/el:1": "resize(height=33,enlarge=1)",
    "pr:thumb": "resize(fit=fill,width=30,height=20)",
    "w:5/pr:thumb": "resize(fit=fill,width=30,height=20)",
}
BUSTERS = {
    "": "",
    "cb:1": "identity(cachebuster=1)",
    "cb:2": "identity(cachebuster=2)",
    "cb:a%2Fw:20": "identity(cachebuster=a%252Fw%3A20)",
}
QUALITIES = {"": "", "q:50": "quality=50", "q:51": "quality=51"}
MARKS = {
    "": "",
    f"wm:0.5/wmu:{base64.urlsafe_b64encode(MARK.encode()).decode().rstrip('=')}": (
        "watermark(opacity=0.5,source=local%3A%2F%2F%2Fmarks%2Fmark.png)"
    ),
}
NAMES = {"": "", "fn:one": "one", "fn:two": "two"}
PLAIN = ("jpeg", "png", "gif")

# A member of Accept, the format that it is about, and its weight in thousandths.
MEMBERS: tuple[tuple[str, str, int], ...] = (
    ("image/avif", "avif", 1000),
    ("image/webp", "webp", 1000),
    ("IMAGE/AVIF", "avif", 1000),
    ("image/webp;q=0.8", "webp", 800),
    ("image/avif ; q=0.5", "avif", 500),
    ("image/webp; Q=1.000", "webp", 1000),
    ("image/avif;q=0", "avif", 0),
    ("image/webp;q=0.000", "webp", 0),
    ("image/webp;q=2", "", 0),
    ("image/avif;q=.5", "", 0),
    ("image/avif;q=1;q=1", "", 0),
    ("image/avif;v=1", "", 0),
    ("image/avifs", "", 0),
    ("image/ webp", "", 0),
    ('text/html;x="a, image/avif, image/webp"', "", 0),
    ("image/*", "", 0),
    ("*/*;q=0.8", "", 0),
    ("image/jpeg", "", 0),
    ("webp", "", 0),
    (";;=", "", 0),
    ("", "", 0),
)
BROWSERS: tuple[tuple[tuple[str, ...], dict[str, int]], ...] = (
    (
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",),
        {"avif": 1000, "webp": 1000},
    ),
    (("image/webp,image/avif;q=0,video/*;q=0.8,*/*;q=0.5",), {"webp": 1000}),
    (
        ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",),
        {"avif": 1000, "webp": 1000},
    ),
    (("image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5",), {"webp": 1000}),
    (("image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5",), {}),
    (("*/*",), {}),
    ((), {}),
)


@dataclass(frozen=True)
class Accept:
    """A field in so many lines, and what it offers: format and weight."""

    lines: tuple[str, ...]
    weights: dict[str, int] = field(hash=False)

    def offers(self, auto: tuple[str, ...]) -> tuple[str, ...]:
        named = [name for name in auto if self.weights.get(name)]
        return tuple(sorted(named, key=lambda name: -self.weights[name]))


def some_accept(chance: random.Random) -> Accept:
    """A browser's, or one that nobody ever sent."""
    if chance.random() < 0.3:
        return Accept(*chance.choice(BROWSERS))
    members = chance.choices(MEMBERS, k=chance.randint(0, 5))
    weights: dict[str, int] = {}
    for _, name, weight in members:
        if name:
            weights[name] = min(weight, weights.get(name, weight))
    texts = [text for text, _, _ in members]
    cut = chance.randint(0, len(texts))
    comma = chance.choice((",", ", ", " ,\t"))
    lines = [comma.join(texts[:cut]), comma.join(texts[cut:])]
    return Accept(tuple(lines if chance.random() < 0.5 else [comma.join(texts)]), weights)


@dataclass(frozen=True)
class Wish:
    """What a URL asks for. format: empty is negotiated. expires: seconds from now, 0 is never."""

    source: str
    size: str = ""
    buster: str = ""
    quality: str = ""
    mark: str = ""
    name: str = ""
    attachment: bool = False
    format: str = ""
    expires: int = 0
    spelling: int = 0

    def path(self, now: float) -> str:
        attachment, expires = "att:1" if self.attachment else "", ""
        if self.expires:
            expires = f"exp:{int(now) + self.expires}"
        parts = [self.buster, self.size, self.quality, self.mark, self.name, attachment, expires]
        scheme, _, rest = self.source.partition("://")
        text = f"{scheme.upper()}://{rest}" if self.spelling % 2 else self.source
        ending = self.format and f"@{self.format}"
        if self.spelling < 2:
            parts += ["plain", text.replace("?", "%3F") + ending]
        else:
            encoded = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
            parts += [encoded + ending.replace("@", ".")]
        return "/" + "/".join(part for part in parts if part)

    def canonical(self, offers: tuple[str, ...]) -> str:
        """The name of the result for a client that takes these formats."""
        chosen = f"format={self.format}" if self.format else ""
        if offers and not self.format:
            chosen = f"offers={':'.join(offers)}"
        output = ",".join(part for part in (chosen, QUALITIES[self.quality]) if part)
        steps = [BUSTERS[self.buster], output and f"output({output})", SIZES[self.size]]
        steps += [MARKS[self.mark], f"source:{self.source}"]
        return "/".join(step for step in steps if step)

    def disposition(self, extension: str) -> str:
        stem = (
            NAMES[self.name] or self.source.rpartition("/")[2].partition(".")[0].partition("?")[0]
        )
        kind = "attachment" if self.attachment else "inline"
        return f'{kind}; filename="{stem.replace(":", "_")}.{extension}"'

    @property
    def kept_near(self) -> bool:
        """Whether memory keeps the result, and the answer."""
        return self.source.startswith("local:") and not self.expires

    @property
    def references(self) -> tuple[str, ...]:
        return (self.source, MARK) if self.mark else (self.source,)

    @property
    def tags(self) -> set[str]:
        found = {tag for prefix, tag in TAGS.items() if self.source.startswith(prefix)}
        return found | ({TAGS["thumb"]} if "pr:thumb" in self.size else set())


def some_wish(chance: random.Random) -> Wish:
    return Wish(
        source=chance.choice(SOURCES),
        size=chance.choice(tuple(SIZES)),
        buster=chance.choice(tuple(BUSTERS)),
        quality=chance.choice(tuple(QUALITIES)),
        mark=chance.choice(("", "", *MARKS)),
        name=chance.choice(tuple(NAMES)),
        attachment=chance.random() < 0.3,
        format=chance.choice(("", "", "", "webp", "png", "jpeg", "avif")),
        expires=chance.choice((0,) * 40 + (3600, -10)),
        spelling=chance.randrange(4),
    )


@dataclass(frozen=True)
class State:
    """Of one source since some time. number: None if there was none. kind: of its picture."""

    number: int | None
    since: float
    kind: str = "jpeg"
    moves: bool = False

    def data(self, reference: str) -> bytes:
        return f"{reference} {self.number} {self.kind} {self.moves:d}".encode()


def covers(scope: str, name: str, reference: str, tags: set[str]) -> bool:
    """Whether a purge is of this source, for a result with these tags."""
    match scope:
        case "source":
            return reference == name
        case "prefix":
            return reference.startswith(name)
        case _:
            return name in tags


@dataclass
class History:
    """All that happened to the sources. ttl: seconds for which old news may be served.

    seen: the newest state of each that was ever answered with.
    """

    ttl: float
    states: dict[str, list[State]] = field(default_factory=lambda: defaultdict(list))
    purges: dict[tuple[str, str], float] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def possible(self, reference: str, begun: float, ended: float, tags: set[str]) -> set[int]:
        """Which of the source's states an answer may be of that took from `begun` to `ended`, if
        its result has these tags.
        """
        states = self.states[reference]
        covering = (
            at
            for (scope, name), at in self.purges.items()
            if at <= begun and covers(scope, name, reference, tags)
        )
        oldest = max(begun - self.ttl, *covering, 0.0)
        ends = [*(state.since for state in states[1:]), float("inf")]
        return {
            number
            for number, (state, end) in enumerate(zip(states, ends, strict=True))
            if state.since <= ended and end > oldest
        }
