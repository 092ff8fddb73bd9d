"""What the users and shapes are told, as options of Locust: the master passes them to its workers.

Its web page lets anyone who reaches it set these. So what is run and written on this machine is
told by the environment instead:

    SCENARIO                 one of stages.SCENARIOS; none: Locust asks for users and rate
    REPORT                   where the HTML goes
    LOSE_COMMAND, LOSE_PIDS  what ends an origin
    SAFELIGHT_KEYS, _SALTS   sign the URLs; each worker needs them
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass

from locust.env import Environment

from signing.imgproxy import AnySignature, ImgproxyScheme
from signing.keys import parse_pairs
from signing.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Options:
    """origins: URLs, each a region. admins: URLs of their admin ports. alpha: Zipf's exponent.
    edge_head: so many of the most popular sources a CDN never asks for.
    """

    origins: tuple[str, ...]
    admins: tuple[str, ...]
    sources: tuple[str, ...]
    alpha: float
    edge_head: int
    minutes: float
    users: int

    @classmethod
    def told(cls, environment: Environment) -> Options:
        return cls.of(environment.parsed_options or Namespace())

    @classmethod
    def of(cls, parsed: Namespace) -> Options:
        sources = _split(parsed.sources)
        head = parsed.edge_head
        return cls(
            origins=_split(parsed.origins) or _split(parsed.host or ""),
            admins=_split(parsed.admins),
            sources=sources,
            alpha=parsed.alpha,
            # A CDN has a tenth, unless it is told.
            edge_head=len(sources) // 10 if head < 0 else head,
            minutes=parsed.minutes,
            users=parsed.num_users or 1,
        )

    @property
    def seconds(self) -> float:
        return 60 * self.minutes


def add_options(parser: ArgumentParser) -> None:
    """Makes Locust take them."""
    group = parser.add_argument_group("safelight")
    add = group.add_argument
    add("--origins", default="", help="URLs with commas between, each a region; --host if empty")
    add("--admins", default="", help="URLs of the admin ports, with commas between")
    add(
        "--sources",
        default=os.environ.get("SAFELIGHT_SOURCES", "local:///valley.jpg"),
        help="pictures, the most popular first, with commas between",
    )
    add("--alpha", type=float, default=0.8, help="Zipf's exponent")
    add("--edge-head", type=int, default=-1, help="sources that the CDN has; -1: a tenth of them")
    add("--minutes", type=float, default=5.0, help="for how long a scenario goes on")


def scheme_of(environ: dict[str, str]) -> Scheme:
    """Signs with the first key; without keys nothing is signed."""
    keys, salts = environ.get("SAFELIGHT_KEYS", ""), environ.get("SAFELIGHT_SALTS", "")
    return ImgproxyScheme(parse_pairs(keys, salts)) if keys else AnySignature()


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
