"""An explanation as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from origin.cli.admin_client import printable

_LEAST_WIDTH: Final = 120  # where the output is no terminal
_WORDS: Final = {"valid": "green", "held": "green", "understood": "green", "refused": "red"}

Row = tuple[str, str]
Facts = Mapping[str, Any]


def show(facts: Facts) -> None:
    console = Console(highlight=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    above = ""
    for name, value in rows(facts):
        style = _WORDS.get(name) or _WORDS.get(value.split(",")[0], "")
        table.add_row("" if name == above else name, Text(printable(value), style))
        above = name
    if console.is_terminal:
        console.print(table)
        return
    console.width = max(console.width, _LEAST_WIDTH)
    with console.capture() as captured:
        console.print(table)
    # Cells are filled up with blanks.
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def rows(facts: Facts) -> Iterator[Row]:
    """Name and value; several rows of one name stand below each other."""
    if facts.get("understood"):
        yield "understood", "yes"
    for refusal in facts.get("refusals", ()):
        yield "refused", f"{refusal['status']} {refusal['code']}: {refusal['why']}"
    yield from _read(facts)
    yield from _decided(facts)
    yield from _found(facts)
    yield from _foreseen(facts)
    yield from _answered(facts)


def _read(facts: Facts) -> Iterator[Row]:
    if "signature" in facts:
        signature = facts["signature"]
        by = f", pair [{signature['pair']}] of {signature['pairs']}" if "pair" in signature else ""
        yield "signature", f"{signature['state']}{by}"
        for hint in signature.get("hints", ()):
            yield "signature", f"- {hint}"
    if "path" in facts:
        yield "path", facts["path"]
    if "source" in facts:
        yield "source", facts["source"]["reference"]
    for asset in facts.get("assets", ()):
        yield "source", f"{asset} (laid over it)"
    for name, options in facts.get("presets", {}).items():
        yield "preset", f"{name} = {options}"
    if "base" in facts:
        yield "by settings", facts["base"]
    for option in facts.get("options", ()):
        place = f"{option['pipeline']}: " if option.get("pipeline", 1) > 1 else ""
        default = _listed(option["default"])
        yield (
            "options",
            f"{place}{option['name']} {_listed(option['set']) or 'as always'}"
            + (f"   (default: {default})" if default else ""),
        )
    if "ladder" in facts:
        widths = ", ".join(map(str, facts["ladder"]["widths"]))
        yield (
            "options",
            f"sizes of {widths} (SAFELIGHT_WIDTHS) instead of {facts['ladder']['asked']}",
        )
    for option in facts.get("idle", ()):
        yield "no effect", f"{option} (the same without it)"
    for ignored in facts.get("ignored", ()):
        yield "no effect", f"{ignored} (no part of what is asked for)"


def _decided(facts: Facts) -> Iterator[Row]:
    if "format" in facts:
        chosen = facts["format"]
        yield "format", f"{chosen['format'] or 'by the source'}: {chosen['why']}"
        if chosen["negotiated"]:
            yield "format", f"Accept: {chosen['accept'] or 'none'}"
    if "expires" in facts:
        yield "expires", f"Unix second {facts['expires']}"
    if "canonical" in facts:
        yield "plan", facts["canonical"]
    if "policy" in facts:
        policy = dict(facts["policy"])
        numbers = ", ".join(map(str, policy.pop("rules"))) or "none"
        yield "policy", f"rules {numbers}" + (f": {_listed(policy)}" if policy else "")
    if "tags" in facts:
        yield "tags", " ".join(facts["tags"])


def _found(facts: Facts) -> Iterator[Row]:
    for pointer in facts.get("pointers", ()):
        yield "version", _pointer(pointer)
    if "key" in facts:
        yield "key", facts["key"]
        yield "etag", facts["etag"]
    elif "filed_under" in facts:
        yield "key", f"{facts['filed_under']}/… (the rest depends on the source's version)"
    if "purged" in facts:
        yield "purged", facts["purged"]
    for name, state in facts.get("tiers", {}).items():
        yield "tiers", f"{name}: {state}"
    if facts.get("being_made"):
        yield "tiers", "being made just now"


def _pointer(pointer: Facts) -> str:
    if "version" not in pointer:
        return f"{pointer['reference']}: not known, and not looked at"
    what = "missing" if pointer["missing"] else pointer["version"]
    known = pointer["state"] if pointer["known"] else "looked at now"
    return (
        f"{what}, {pointer['bytes']} bytes, of {pointer['modified']}; {known}, "
        f"{pointer['age_s']} s of {pointer['ttl_s']:g} old"
    )


def _foreseen(facts: Facts) -> Iterator[Row]:
    if "cost" in facts:
        cost = facts["cost"]
        yield "cost", f"{cost['ms']} ms foreseen, {cost['lane']} lane, waits {cost['wait_ms']} ms"
        if "degraded" in cost:
            less = cost["degraded"]
            yield "cost", f"made as {less['instead']} first, because of {less['reason']}"
    if "limits" in facts:
        yield "limits", _listed({k: v for k, v in facts["limits"].items() if v is not None})


def _answered(facts: Facts) -> Iterator[Row]:
    for name, value in facts.get("headers", {}).items():
        yield "headers", f"{name}: {value}"
    if "run" in facts:
        run = facts["run"]
        frames = f" x {run['frames']} frames" if run["frames"] > 1 else ""
        yield "run", f"{run['media_type']}, {run['bytes']} bytes"
        yield (
            "run",
            (
                f"{run['source_width']} x {run['source_height']} became "
                f"{run['width']} x {run['height']}{frames}"
            ),
        )
        for stage, ms in run["stages_ms"].items():
            yield "run", f"{stage:<8}{ms:>10.2f} ms"
        yield "run", f"{'in all':<8}{run['ms']:>10.2f} ms"


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
