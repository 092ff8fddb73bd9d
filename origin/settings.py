"""Every knob, from `SAFELIGHT_*` variables and files. A wrong one stops the start, all at once.

What is empty counts as absent. The field's description is its line in the README's table
(`python -m origin.settings_table`); what is a secret is kept out of `repr` and of messages.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from origin.setting_places import FOLDERS, place_problems, present_folders
from origin.setting_places import PREFIX as PREFIX
from origin.tags import SEPARATORS

# Folders that are exchanged as often as this while they are read are not what anybody meant.
_TRIES = 5

List = Annotated[tuple[str, ...], NoDecode]
Step = Annotated[int, Field(ge=1, le=100_000)]
Positive = Annotated[float, Field(gt=0, le=1e6)]


class SettingsError(Exception):
    """The configuration cannot be used: every problem, one a line."""


class Settings(BaseSettings):
    """Frozen; made by `read_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    host: str = Field("127.0.0.1", description="address of the image port")
    port: int = Field(8080, ge=0, le=65535, description="image traffic; 0 picks a free one")
    admin_port: int = Field(
        8081,
        ge=0,
        le=65535,
        description=(
            "`/livez /readyz /cache /metrics /explain /purge /warm`, never public; 0 is off"
        ),
    )
    keys: str = Field(
        "", repr=False, description="hex keys, comma list; the first signs, all verify"
    )
    salts: str = Field(
        "", repr=False, description="hex salts, comma list, paired with the keys by index"
    )
    unsafe: bool = Field(
        False, description="1: any first segment passes as signature (tests, private networks)"
    )
    local_root: Path | None = Field(None, description="folder behind `local:///key`")
    s3_buckets: List = Field((), description="buckets behind `s3://bucket/key`, comma list")
    s3_endpoint: str | None = Field(None, description="URL of an S3-compatible store")
    s3_region: str | None = Field(None, description="region of the buckets")
    http_allow: List = Field(
        (), description="hosts behind `http(s)://…` sources, comma list; `*.a.example`, `*` for any"
    )
    http_allow_private: bool = Field(
        False, description="1: HTTP sources may lie on addresses that are not public"
    )
    source_connections: int = Field(
        32, ge=1, le=1024, description="most requests to one bucket or host at a time"
    )
    cache_memory_mb: float = Field(
        256, ge=0, le=1e6, description="memory tier, in 2^20 bytes; 0 is off"
    )
    cache_disk_dir: Path | None = Field(None, description="folder of the disk tier")
    cache_disk_mb: Positive = Field(1024, description="disk tier, in 2^20 bytes")
    cache_redis_url: str | None = Field(
        None, repr=False, description="Redis tier, shared by all nodes, `redis://host:6379/0`"
    )
    cache_redis_max_kb: Positive = Field(
        128, description="largest result that goes to Redis, in 2^10 bytes"
    )
    cache_redis_ttl: int = Field(
        86_400, ge=1, le=2**31 - 1, description="seconds that results stay in Redis at most"
    )
    cache_results: str | None = Field(
        None, description="object store tier, `s3://bucket/prefix`, at SAFELIGHT_S3_ENDPOINT"
    )
    cache_sources_mb: float = Field(
        128, ge=0, le=1e6, description="sources kept for a moment, in 2^20 bytes; 0 keeps none"
    )
    pointer_ttl: float = Field(
        60, gt=0, le=1e6, description="seconds a source's version is trusted"
    )
    negative_ttl: float = Field(
        10,
        ge=0,
        le=60,
        description="seconds that a missing, broken or refused source is remembered as such",
    )
    miss_rate: str = Field(
        "", description="new results for one client, `100/10 seconds`; what is kept is free"
    )
    miss_rate_key: str = Field(
        "", description="the same for all URLs that one key signed, `1000/minute`"
    )
    trusted_proxies: List = Field(
        (), description="networks whose `X-Forwarded-For` names the client, comma list"
    )
    widths: Annotated[tuple[Step, ...], NoDecode] = Field(
        (), description="sizes in device pixels that requested sizes go up to, comma list"
    )
    max_variants: int = Field(
        0, ge=0, le=10_000, description="different results begun of one source in a day; 0 is any"
    )
    tag_headers: List = Field(
        ("cache-tag", "surrogate-key"),
        description="fields with tags for purging: `cache-tag`, `surrogate-key`, `xkey` or `none`",
    )
    node: str = Field("", description="this node's name among others; host name and port if empty")
    ttl: int = Field(31_536_000, ge=0, le=2**31 - 1, description="seconds of max-age")
    workers: int = Field(0, ge=0, le=1024, description="transform processes; 0 is the CPU quota")
    worker_jobs: int = Field(
        10_000, ge=0, le=10**9, description="jobs after which a worker is renewed; 0 is any number"
    )
    worker_rss_mb: int = Field(
        512, ge=0, le=10**6, description="resident 2^20 bytes above which it is; 0 is any number"
    )
    worker_mb: int = Field(
        3072, ge=0, le=10**6, description="2^20 bytes a worker may ask for; 0 is any number"
    )
    sandbox: bool = Field(True, description="0: workers are not confined, for debugging")
    timeout: Positive = Field(10.0, description="seconds for a whole request")
    max_connections: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="connections to the image port at a time; idle ones give way to new ones",
    )
    drain_seconds: float = Field(
        0, ge=0, le=3600, description="seconds of going on after SIGTERM, until balancers notice"
    )
    auto_formats: List = Field(
        ("avif", "webp"),
        description="what a URL without a format may become, best first; `none` for nothing",
    )
    auto_avif_ms: Positive = Field(
        1500, description="an AVIF that takes longer is made behind a WebP, unless the URL names it"
    )
    allow_security_options: bool = Field(
        False, description="1: `max_src_resolution` and its kin are accepted in URLs"
    )
    max_src_megapixels: Positive = Field(120.0, description="largest source, all frames together")
    max_src_mb: Positive = Field(100.0, description="largest source file, in 2^20 bytes")
    max_in_hand_mb: Positive = Field(
        1024, description="sources of all renders in hand together, in 2^20 bytes"
    )
    max_frames: int = Field(200, ge=1, le=100_000, description="most frames of an animation")
    max_decode_mb: Positive = Field(
        1024, description="memory that decoding a source may take, in 2^20 bytes"
    )
    max_scans: int = Field(100, ge=1, le=1000, description="most scans of a progressive JPEG")
    svg: bool = Field(True, description="0: SVG sources are refused, and their parser blocked")
    max_result_megapixels: Positive = Field(40.0, description="largest result, all frames together")
    config: Path | None = Field(None, description="TOML file with presets and policies")
    settings_dir: List = Field(
        (),
        description="folders with a file for each setting, comma list",
    )
    only_presets: bool = Field(False, description="1: URLs name presets instead of options")
    watermark: str | None = Field(
        None, description="source of the picture that `watermark` lays over"
    )
    quality: int = Field(
        0, ge=0, le=100, description="quality of every format; 0 is the format's own"
    )
    base64_filename: bool = Field(
        False, description="1: drop a readable name after a base64 source (`…/cat.jpg`)"
    )
    server_timing: bool = Field(
        False, description="1: answers say in `Server-Timing` what took how long"
    )
    otlp_endpoint: str | None = Field(
        None, repr=False, description="OTLP/HTTP collector of traces, `http://host:4318`"
    )
    trace_ratio: float = Field(
        0.001, ge=0, le=1, description="share of requests that are traced, where no proxy decides"
    )
    cors: str = Field(
        "*", description="origins that may read answers: `*`, a comma list, or `none`"
    )

    @field_validator(
        "s3_buckets",
        "http_allow",
        "settings_dir",
        "trusted_proxies",
        "widths",
        "auto_formats",
        "tag_headers",
        mode="before",
    )
    @classmethod
    def _comma_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in _or_none(value).split(",") if part.strip())

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, given: dict[str, object]) -> dict[str, object]:
        # `env_ignore_empty` knows of variables alone, not of files.
        return {name: value for name, value in given.items() if value != ""}

    @field_validator("cors")
    @classmethod
    def _origins(cls, value: str) -> str:
        return _or_none(value)

    @field_validator("widths")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(value)))

    @field_validator("auto_formats")
    @classmethod
    def _known_formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(name not in ("avif", "webp") for name in value):
            raise ValueError("expected avif, webp or both")
        return value

    @field_validator("tag_headers")
    @classmethod
    def _known_fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(name.lower() for name in value)
        if unknown := set(names) - SEPARATORS.keys():
            raise ValueError(f"expected {', '.join(SEPARATORS)}, got {', '.join(sorted(unknown))}")
        return names


def read_settings(**given: Any) -> Settings:
    """From variables and files, `given` first. SettingsError lists every problem."""
    for _ in range(_TRIES):
        folders = present_folders()
        try:
            settings = _read(folders, given)
        except SettingsError:
            if present_folders() == folders:
                raise
            continue
        if present_folders() == folders:
            return settings
    raise SettingsError(f"{FOLDERS}: expected folders that stay while they are read")


def _read(folders: list[Path], given: dict[str, Any]) -> Settings:
    problems = list(
        place_problems(folders, [PREFIX + name.upper() for name in Settings.model_fields])
    )
    # Of files that are not right, the library would make a warning, or nothing.
    given = {**given, "_secrets_dir": None if problems else folders}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join([*problems, *map(_described, error.errors())])) from None
    except UnreadableSetting as error:  # a file that was good a moment ago
        raise SettingsError(f"{FOLDERS}: {error}") from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _described(error: ErrorDetails) -> str:
    """The variable, what was expected of it, and what came unless that is a secret."""
    field = str(error["loc"][0])
    name = PREFIX + field.upper()
    message = error["msg"].removeprefix("Value error, ")
    known = Settings.model_fields.get(field)
    shown = known is not None and known.repr
    return f"{name}: {message}" + (
        f", got {os.environ.get(name, error['input'])!r}" if shown else ""
    )


def _or_none(value: str) -> str:
    return "" if value.strip().lower() == "none" else value
