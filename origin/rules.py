"""What requests are held to, and how they are answered: all that changes without a restart.

Rules are made of the settings alone, with the TOML file that these name, and exchanged as a whole.
Whatever is not in here holds from the start to the end: ports, sources, tiers, workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from origin.client_address import Networks, read_networks
from origin.config_file import ConfigFile, read_config_file
from origin.policy import Policies
from origin.rate_limits import Rates, read_rates
from origin.respond import Manner
from origin.settings import Settings, SettingsError
from origin.variant_guard import Laddered
from signing.errors import KeyConfigError
from signing.imgproxy import AnySignature, ImgproxyScheme
from signing.keys import parse_pairs
from signing.scheme import Scheme
from transforms.dialects.imgproxy import Dialect, Imgproxy
from transforms.errors import PlanError
from transforms.limits import Limits
from transforms.references import write_base64

# The settings that rules are made of.
RELOADED: Final = frozenset(
    {
        "allow_security_options",
        "auto_avif_ms",
        "auto_formats",
        "base64_filename",
        "config",
        "cors",
        "keys",
        "max_decode_mb",
        "max_frames",
        "max_in_hand_mb",
        "max_result_megapixels",
        "max_scans",
        "max_src_mb",
        "max_src_megapixels",
        "max_variants",
        "miss_rate",
        "miss_rate_key",
        "negative_ttl",
        "only_presets",
        "pointer_ttl",
        "quality",
        "salts",
        "server_timing",
        "svg",
        "tag_headers",
        "timeout",
        "trusted_proxies",
        "ttl",
        "unsafe",
        "watermark",
        "widths",
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Times are in seconds. limits: of pictures. rates: of new results, for one client and key.

    trusted: networks of proxies. max_src_bytes: of one source. max_in_hand_bytes: of all that are
    rendered. max_variants: of one source in a day, 0 for any. most_avif_ms: of a worker's time.
    """

    scheme: Scheme
    dialect: Dialect
    policies: Policies
    manner: Manner
    auto_formats: tuple[str, ...]
    cors: str
    rates: Rates
    trusted: Networks
    limits: Limits
    max_src_bytes: int
    max_in_hand_bytes: int
    max_variants: int
    most_avif_ms: float
    timeout: float
    pointer_ttl: float
    negative_ttl: float
    server_timing: bool


def make_rules(settings: Settings) -> Rules:
    """SettingsError with everything that keeps these settings from being used together."""
    problems: list[str] = []
    with noting(problems):
        scheme = make_scheme(settings)
    with noting(problems):
        file = read_config_file(settings.config)
        dialect = make_dialect(settings, file)
    with noting(problems):
        rates, trusted = make_rates(settings)
    if problems:
        raise SettingsError("\n".join(problems))
    return Rules(
        scheme=scheme,
        dialect=dialect,
        policies=file.policies,
        manner=Manner(
            ttl=settings.ttl, tag_fields=settings.tag_headers, varies=bool(settings.auto_formats)
        ),
        auto_formats=settings.auto_formats,
        cors=settings.cors,
        rates=rates,
        trusted=trusted,
        limits=Limits(
            max_src_megapixels=settings.max_src_megapixels,
            max_frames=settings.max_frames,
            max_decode_mb=settings.max_decode_mb,
            max_scans=settings.max_scans,
            max_result_megapixels=settings.max_result_megapixels,
            svg=settings.svg,
        ),
        max_src_bytes=int(settings.max_src_mb * 2**20),
        max_in_hand_bytes=int(settings.max_in_hand_mb * 2**20),
        max_variants=settings.max_variants,
        most_avif_ms=settings.auto_avif_ms,
        timeout=settings.timeout,
        pointer_ttl=settings.pointer_ttl,
        negative_ttl=settings.negative_ttl,
        server_timing=settings.server_timing,
    )


def make_scheme(settings: Settings) -> Scheme:
    """SettingsError without keys, unless SAFELIGHT_UNSAFE=1."""
    if settings.unsafe:
        return AnySignature()
    if not settings.keys and not settings.salts:
        raise SettingsError(
            "SAFELIGHT_KEYS and SAFELIGHT_SALTS are not set: `safelight keygen` makes a pair;"
            " SAFELIGHT_UNSAFE=1 answers unsigned URLs"
        )
    try:
        return ImgproxyScheme(parse_pairs(settings.keys, settings.salts))
    except KeyConfigError as error:
        raise SettingsError(str(error)) from error


def make_dialect(settings: Settings, file: ConfigFile) -> Dialect:
    """SettingsError names a preset that cannot be read."""
    base = []
    if settings.quality:
        base.append(f"q:{settings.quality}")
    if settings.watermark:
        base.append(f"wmu:{write_base64(settings.watermark)}")
    try:
        dialect = Imgproxy(
            presets=file.presets,
            only_presets=settings.only_presets,
            base="/".join(base),
            security_options=settings.allow_security_options,
            file_names=settings.base64_filename,
        )
    except PlanError as error:
        raise SettingsError(f"SAFELIGHT_CONFIG: {error}") from error
    return Laddered(dialect, settings.widths) if settings.widths else dialect


def make_rates(settings: Settings) -> tuple[Rates, Networks]:
    """SettingsError if these, or the proxies that they need, cannot be read."""
    try:
        trusted = read_networks(settings.trusted_proxies)
        return read_rates(settings.miss_rate, settings.miss_rate_key), trusted
    except ValueError as error:
        raise SettingsError(str(error)) from error


@contextmanager
def noting(problems: list[str]) -> Iterator[None]:
    """A SettingsError in the block is noted, so that all of them can be told at once."""
    try:
        yield
    except SettingsError as error:
        problems.append(str(error))
