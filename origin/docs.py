"""The generated parts of the documentation: `python -m origin.docs` writes them (`make docs`).

A test compares what stands in the files with what this makes of the code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from origin import settings_table
from origin.metrics import catalogue
from transforms.dialects.imgproxy import NAME
from transforms.operation import Op
from transforms.terms import TERMS, FieldGrammar, Spelling, Terms

ROOT = Path(__file__).parents[1]
START, END = "<!-- settings -->", "<!-- /settings -->"
METRICS_START, METRICS_END = "<!-- metrics -->", "<!-- /metrics -->"

_OPTIONS_HEAD = """# Options

What may stand between the signature and the source, in any order: `/name:argument:argument`.
Left-out arguments keep their default; yes-or-no arguments are 1, t, true, 0, f or false. Numbers
outside their bounds, words that are none and too many arguments are refused with a 400 that says
what was expected. This page is generated from the code (`make docs`).

"""


def readme(text: str) -> str:
    """The README with its settings table renewed."""
    return _renewed(text, settings_table.table(), START, END)


def observability(text: str) -> str:
    """docs/observability.md with its table of metrics renewed."""
    return _renewed(text, catalogue.table(), METRICS_START, METRICS_END)


def _renewed(text: str, table: str, start: str, end: str) -> str:
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n\n{table}\n{end}{after}"


def options() -> str:
    """docs/options.md."""
    operations = [group for group in TERMS.values() if issubclass(group, Op)]
    operations.sort(key=lambda group: (group.stage, group.name))
    others = sorted(
        (group for group in TERMS.values() if not issubclass(group, Op)),
        key=lambda group: group.name,
    )
    parts = [
        _OPTIONS_HEAD,
        "## Operations, in the order in which they run\n\n",
        *(_section(group) for group in operations),
        "## Output, source and delivery\n\n",
        *(_section(group) for group in others),
        "## Presets and pipelines\n\n",
        "`preset`, `pr`: names, expanded where they stand. `-`: what follows runs on the result"
        " so far.\n",
    ]
    return "".join(parts)


def _section(group: type[Terms]) -> str:
    spellings = [one for one in group.spellings if one.dialect == NAME]
    rows = "".join(_row(group, one) for one in spellings)
    about = " ".join((group.__doc__ or "").split())
    security = " Needs `SAFELIGHT_ALLOW_SECURITY_OPTIONS=1`." if group.security else ""
    return (
        f"### {group.name.replace('_', ' ')}\n\n{about}{security}\n\n"
        f"| option | arguments |\n|---|---|\n{rows}\n"
    )


def _row(group: type[Terms], spelling: Spelling) -> str:
    names = ", ".join(f"`{word}`" for word in spelling.words)
    return f"| {names} | {'; '.join(_arguments(group, spelling))} |\n"


def _arguments(group: type[Terms], spelling: Spelling) -> Iterator[str]:
    for path in spelling.fields:
        owner, _, name = path.rpartition(".")
        field = (TERMS[owner] if owner else group).grammar[name]
        label = path.replace(".", " ") if name == "on" else f"{owner} {name}".strip()
        expects = "yes or no" if isinstance(field.default, bool) else field.kind.expects
        yield f"*{label.removesuffix(' on')}*: {expects}{_default(field)}"


def _default(field: FieldGrammar) -> str:
    if field.default is None or field.default == "" or field.default in ((), frozenset()):
        return ""
    text = field.kind.write(field.default)
    return f" (default {text})" if text else ""


def main() -> int:
    path = ROOT / "README.md"
    path.write_text(readme(path.read_text()))
    (ROOT / "docs" / "options.md").write_text(options())
    path = ROOT / "docs" / "observability.md"
    path.write_text(observability(path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
