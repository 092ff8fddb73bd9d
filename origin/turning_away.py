"""What is turned away because there is too much to do, answered as early as a hit.

At ten times the load there are nine such answers for each picture, and what they cost is taken from
it. So they go past the application, as hits do: the URL is verified and read, the tiers and flights
in this process are asked, and nothing is begun. Who has made sure that there is room, or that the
request is to fail otherwise, leaves it to the whole way.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from origin.access import AccessLog
from origin.account import Account
from origin.errors import ANSWERS, Overloaded, answer_to
from origin.freshness import error_headers
from origin.hot import Hot, HotAnswer, head_of, read_plain
from origin.images import read
from origin.negotiation import wants_problem_json
from origin.rules import Rules
from origin.security_headers import SECURITY_HEADERS, combine_headers, cors_headers
from origin.tracing import Exchange, Tell
from origin.variants import Variants

_OUTCOME: Final = "shed"
_ANSWERED: Final = tuple(ANSWERS)
_ANSWER: Final = answer_to(Overloaded(""))
_BODY: Final = f"{_ANSWER.public}\n".encode()
_HEADERS: Final = combine_headers(
    SECURITY_HEADERS,
    error_headers(),
    {
        "vary": "Accept",
        "x-safelight-error": _ANSWER.code,
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(_BODY)),
    },
)


class TurningAway:
    """By one set of rules, beside the `Hot` of the same."""

    def __init__(
        self, variants: Variants, hot: Hot, rules: Rules, log: AccessLog, *, tell: Tell | None
    ) -> None:
        self._variants = variants
        self._hot = hot
        self._rules = rules
        self._log = log
        self._tell = tell

    def answer(self, scope: Mapping[str, Any]) -> HotAnswer | None:
        """The 503 if nobody has what is asked for and there is no time to make it; else None."""
        if not self._variants.renderer.admission.queues:
            return None
        start = time.perf_counter()
        plain = read_plain(scope)
        if plain is None or plain.if_none_match:
            return None
        _, accept_field, origin = plain.name
        accept = accept_field.decode("latin-1") or None
        if wants_problem_json(accept):
            return None
        known = self._hot.recall(scope)
        try:
            asked = known or read(scope["raw_path"], accept, self._rules)
            self._variants.refuse_late(asked)
        except Overloaded as error:
            this_request = self._log.request_id(plain.request_id)
            self._tell_of(scope, this_request, start)
            own = cors_headers(self._rules.cors, origin.decode("latin-1") or None)
            head = head_of(f"{_ANSWER.status} Service Unavailable", {**_HEADERS, **own})
            rest = f"retry-after: {error.retry_after}\r\nx-request-id: {this_request}\r\n\r\n"
            return HotAnswer(head, rest.encode(), _BODY)
        except _ANSWERED:
            return None
        if known is None:
            self._hot.remember(scope, asked)
        return None

    def _tell_of(self, scope: Mapping[str, Any], this_request: str, start: float) -> None:
        end, meter, size = time.perf_counter(), self._variants.meter, len(_BODY)
        status, code = _ANSWER.status, _ANSWER.code
        account = Account(outcome=_OUTCOME)
        meter.answered(account, status=status, code=code, seconds=end - start, size=size)
        path = self._log.shown(scope["raw_path"])
        self._log.turned_away(path, status, size, end - start, this_request, code)
        if self._tell is not None:
            exchange = Exchange(status, size, _OUTCOME, code, this_request, start, end)
            self._tell(scope, account, exchange)
