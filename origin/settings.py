"""Every knob, from `SAFELIGHT_*` variables. A wrong one stops the start, all at once.

An empty variable counts as absent. The field's description is its line in the README's table
(`python -m origin.settings_table`); what is a secret is kept out of `repr` and of messages.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "SAFELIGHT_"

List = Annotated[tuple[str, ...], NoDecode]
Positive = Annotated[float, Field(gt=0, le=1e6)]


def pending(default: Any, text: str, *, secret: bool = False) -> Any:
    """A name that is accepted already, for what a later version does."""
    return Field(default, repr=not secret, description=text, json_schema_extra={"pending": True})


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
        8081, ge=0, le=65535, description="`/livez` and `/readyz`, never public; 0 is off"
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
    http_allow: List = pending((), "hosts behind `http(s)://…` sources, comma list")
    cache_memory_mb: int = pending(256, "megabytes of the memory tier")
    cache_disk_dir: Path | None = pending(None, "folder of the disk tier")
    cache_disk_mb: int = pending(1024, "megabytes of the disk tier")
    cache_redis_url: str | None = pending(None, "URL of the Redis tier", secret=True)
    cache_results: str | None = pending(None, "object store tier, `s3://bucket/prefix`")
    pointer_ttl: int = pending(60, "seconds a source's version is trusted")
    ttl: int = Field(31_536_000, ge=0, le=2**31 - 1, description="seconds of max-age")
    workers: int = Field(0, ge=0, le=1024, description="transform processes; 0 is the CPU quota")
    timeout: Positive = Field(10.0, description="seconds for a whole request")
    auto_formats: List = Field(
        ("avif", "webp"),
        description="what a URL without a format may become, best first; `none` for nothing",
    )
    allow_security_options: bool = Field(
        False, description="1: `max_src_resolution` and its kin are accepted in URLs"
    )
    max_src_megapixels: Positive = Field(100.0, description="largest source, all frames together")
    max_src_mb: Positive = Field(100.0, description="largest source file, in 2^20 bytes")
    max_frames: int = Field(200, ge=1, le=100_000, description="most frames of an animation")
    max_result_megapixels: Positive = Field(40.0, description="largest result, all frames together")
    config: Path | None = Field(None, description="TOML file with presets")
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
    cors: str = Field(
        "*", description="origins that may read answers: `*`, a comma list, or `none`"
    )

    @field_validator("s3_buckets", "http_allow", "auto_formats", mode="before")
    @classmethod
    def _comma_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in _or_none(value).split(",") if part.strip())

    @field_validator("cors")
    @classmethod
    def _origins(cls, value: str) -> str:
        return _or_none(value)

    @field_validator("auto_formats")
    @classmethod
    def _known_formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(name not in ("avif", "webp") for name in value):
            raise ValueError("expected avif, webp or both")
        return value

    @property
    def idle_names(self) -> list[str]:
        """Variables that are set but do nothing in this version."""
        return [
            PREFIX + name.upper()
            for name, field in type(self).model_fields.items()
            if is_pending(field) and getattr(self, name) != field.default
        ]


def read_settings(**given: Any) -> Settings:
    """From the environment, `given` first. SettingsError lists every problem."""
    problems = _misspelt()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join([*problems, *map(_described, error.errors())])) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def is_pending(field: FieldInfo) -> bool:
    """True for a name that has no effect yet."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("pending"))


def _misspelt() -> list[str]:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    problems = []
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name.upper(), known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            problems.append(f"{name}: there is no such setting{hint}")
    return problems


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
