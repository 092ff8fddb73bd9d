"""CloudFront's function outside of CloudFront: with a store of keys and events of our own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.edge.edges import CONFIG, PAIRS
from tests.edge.tools import run

FUNCTION = CONFIG / "cloudfront" / "safelight.js"
_STORE = "import cf from 'cloudfront';\n"
_AROUND = """
const cf = { kvs: () => ({ get: async (name) => {
  const value = %(values)s[name];
  if (value === undefined) throw new Error('no such key');
  return value;
} }) };
%(function)s
async function all(requests) {
  const made = [];
  for (let at = 0; at < requests.length; at++) {
    let one;
    try { one = await handler({ version: '1.0', request: requests[at] }); }
    catch (error) { one = { thrown: String(error) }; }
    made.push(one);
  }
  return made;
}
all(%(requests)s).then((made) => made.forEach((one) => console.log(JSON.stringify(one))));
"""
PAIRS_VALUE = ",".join(f"{pair.key.hex()}:{pair.salt.hex()}" for pair in PAIRS)


def request(path: str, *accept: str, **more: Any) -> dict[str, Any]:
    """As CloudFront hands it over: names in lower case, a field that came twice as a list."""
    headers: dict[str, Any] = {"host": {"value": "img.example.com"}}
    if accept:
        headers["accept"] = {"value": accept[-1]}
    if len(accept) > 1:
        headers["accept"]["multiValue"] = [{"value": value} for value in accept]
    return {
        "method": "GET",
        "uri": path,
        "querystring": {},
        "headers": headers,
        "cookies": {},
        **more,
    }


def handled(
    program: str,
    folder: Path,
    requests: Sequence[dict[str, Any]],
    values: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """What the function makes of them: a request, an answer, or what was thrown."""
    function = FUNCTION.read_text()
    assert function.count(_STORE) == 1
    script = folder / "handled.cjs"
    script.write_text(
        _AROUND
        % {
            "values": json.dumps({"pairs": PAIRS_VALUE} if values is None else values),
            "function": function.replace(_STORE, ""),
            "requests": json.dumps(requests),
        }
    )
    done = run(program, str(script))
    assert done.returncode == 0, done.stderr
    # A line each: njs cuts what is longer than two thousand characters.
    return [json.loads(line) for line in done.stdout.splitlines()]
