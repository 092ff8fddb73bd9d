"""imgproxy's URL grammar, options in any order before the source.

    /rs:fill:400:300/q:80/plain/local:///cat.jpg@webp
    /w:400/-/blur:5/bG9jYWw6Ly8vY2F0LmpwZw.webp

What is read here is the path after the signature, percent-escapes as they were sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote_to_bytes

import transforms.codecs
import transforms.limits
import transforms.operations  # noqa: F401  (all three fill the registry that lookup reads)
from transforms.dialects.arguments import Settings, build, read_arguments, settle
from transforms.errors import ForbiddenOption, PlanError
from transforms.operation import Op
from transforms.output import Output
from transforms.plan import Plan
from transforms.references import read_base64
from transforms.terms import lookup, shown

NAME = "imgproxy"
NEXT_PIPELINE = "-"
_PRESET = ("preset", "pr")
_BASIC_FORMAT = ("fit", "fill", "fill-down", "force", "auto")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)


class Dialect(Protocol):
    """A way to write plans as URLs."""

    def parse(self, path: bytes) -> Plan:
        """The plan of a path as it was sent; PlanError if it is not in this dialect."""


@dataclass(frozen=True, slots=True)
class Imgproxy:
    """presets: name -> options; `default` is applied to every request.

    only_presets: the URL names presets, not options. security_options: accept limits in URLs.
    base: options that every URL, and each of its pipelines, starts from.
    file_names: drop a readable name after the source.
    """

    presets: Mapping[str, str] = field(default_factory=dict)
    only_presets: bool = False
    base: str = ""
    security_options: bool = False
    file_names: bool = False
    max_pipelines: int = 10

    def __post_init__(self) -> None:
        """PlanError if a preset cannot be read: at start-up, not at the first request."""
        _Reading(self)
        for name in self.presets:
            try:
                _Reading(self).preset(name, 0)
            except PlanError as error:
                raise type(error)(f'preset "{name}": {error}') from None

    def parse(self, path: bytes) -> Plan:
        try:
            segments = path.decode().removeprefix("/").split("/")
        except UnicodeDecodeError:
            raise PlanError("the path is not UTF-8; percent-encode other bytes") from None
        reading = _Reading(self)
        if "default" in self.presets:
            reading.preset("default", 0)
        source = reading.url(segments)
        return reading.plan(self._source(source, reading))

    def _source(self, segments: Sequence[str], reading: _Reading) -> str:
        """The reference that the last segments write; an extension becomes the format."""
        if not segments or not any(segments):
            raise PlanError("the source is missing: end the path with plain/URL or base64url")
        if segments[0] == "plain":
            text, extension = _at_most_one("@", "/".join(segments[1:]))
            source = _unescaped(text)
        elif segments[0] == "enc":
            raise PlanError("source: encrypted sources (enc/) are not supported")
        else:
            if self.file_names and len(segments) > 1:
                segments = segments[:-1]
            text, extension = _at_most_one(".", "".join(segments))
            try:
                source = read_base64(text)
            except ValueError as error:
                raise _not_base64(segments, text, error) from None
        if not source:
            raise PlanError("the source is empty")
        if extension and not reading.raw:
            reading.option("format", [extension], 0)
        return source


class _Reading:
    """The settings of one URL while it is read."""

    def __init__(self, dialect: Imgproxy) -> None:
        self._dialect = dialect
        self._expanding: list[str] = []
        self._presets: set[str] = set()
        self._main: Settings = {}
        self._pipelines: list[Settings] = [{}]
        # What an option that is unset falls back to, and every further pipeline starts from.
        self._base: Settings = {}
        self._start: Settings = {}
        if dialect.base:
            self._expand(dialect.base, 0)
        self._start = dict(self._pipelines[0])
        self._base = {**self._main, **self._start}

    def url(self, segments: Sequence[str]) -> Sequence[str]:
        """Reads the options in front of the source and returns the rest."""
        if self._dialect.only_presets:
            self.option("preset", segments[0].split(":"), 0)
            return segments[1:]
        if segments[0] in _BASIC_FORMAT:
            raise PlanError(
                f'"/{segments[0]}/…" is imgproxy\'s old format; write rs:{segments[0]}:WIDTH:HEIGHT'
            )
        return segments[self.options(segments, 0) :]

    def options(self, segments: Sequence[str], at: int) -> int:
        """Reads options from pipeline `at` on; returns how many segments were options."""
        for count, segment in enumerate(segments):
            if segment == NEXT_PIPELINE:
                at += 1
                continue
            option, *words = segment.split(":")
            if not words:
                return count
            self.option(option, words, at)
        return len(segments)

    def option(self, option: str, words: Sequence[str], at: int) -> None:
        if option in _PRESET:
            for name in words:
                self.preset(name, at)
            return
        found = lookup(NAME, option)
        if found is None:
            raise PlanError(f'"{shown(option)}" is not an option')
        group, spelling = found
        if group.security and not self._dialect.security_options:
            raise ForbiddenOption(f"{option}: set SAFELIGHT_ALLOW_SECURITY_OPTIONS=1 to allow it")
        own = self._pipeline(at) if issubclass(group, Op) else self._main
        settle(own, read_arguments(option, group, spelling, words), self._base)

    def preset(self, name: str, at: int) -> None:
        """Expands a preset in place; one that is being expanded already is passed over."""
        if name not in self._dialect.presets:
            raise PlanError(f'preset: there is no preset "{shown(name)}"')
        if name in self._expanding:
            return
        self._presets.add(name)
        self._expanding.append(name)
        self._expand(self._dialect.presets[name], at)
        self._expanding.pop()

    @property
    def raw(self) -> bool:
        return bool(self._main.get((Output.name, "raw")))

    def _expand(self, text: str, at: int) -> None:
        segments = text.strip().strip("/").split("/")
        if (read := self.options(segments, at)) < len(segments):
            raise PlanError(f'"{shown(segments[read])}" is not an option with arguments')

    def plan(self, source: str) -> Plan:
        pipelines = [
            [op for op in build(settings) if isinstance(op, Op)] for settings in self._pipelines
        ]
        return Plan.made(source, pipelines, build(self._main), frozenset(self._presets))

    def _pipeline(self, at: int) -> Settings:
        if at >= self._dialect.max_pipelines:
            raise PlanError(f"expected at most {self._dialect.max_pipelines} chained pipelines")
        while len(self._pipelines) <= at:
            self._pipelines.append(dict(self._start))
        return self._pipelines[at]


def _at_most_one(mark: str, text: str) -> tuple[str, str]:
    """The text before and after the mark."""
    before, _, after = text.partition(mark)
    if mark in after:
        raise PlanError(f'source: expected at most one "{mark}", escape those that belong to it')
    return before, after


def _unescaped(text: str) -> str:
    if bad := _BAD_ESCAPE.search(text):
        raise PlanError(f'source: "{bad[0]}" is not a percent-escape; write % as %25')
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise PlanError("source: its percent-escapes are not UTF-8") from None


def _not_base64(segments: Sequence[str], text: str, error: ValueError) -> PlanError:
    """What ended the options was meant as an option if the source comes later."""
    if "plain" in segments:
        return PlanError(f'"{shown(segments[0])}" is not an option with arguments')
    return PlanError(f'source: {error}: expected plain/URL or base64url, got "{shown(text)}"')
