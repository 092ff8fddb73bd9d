"""`Server-Timing`: what a request spent its time on, for developer tools (SAFELIGHT_SERVER_TIMING).

    server-timing: cache;desc=made, look;dur=2.1, fetch;dur=18.4, queue;dur=0.3, decode;dur=9.2, …

It is of the request that had the answer made, and caches keep it with the answer: who is served by
a CDN reads the times of then. It is no part of what the tiers keep.
"""

from __future__ import annotations

from origin.account import Account

FIELD = "server-timing"


def server_timing(account: Account, *, seconds: float) -> str:
    """The field's value. Outcomes, tiers and stages are tokens. seconds: of the whole so far."""
    members = []
    if account.outcome:
        members.append(f"cache;desc={'-'.join(filter(None, (account.outcome, account.tier)))}")
    members += [f"{stage};dur={ms:g}" for stage, ms in account.stages.ms.items()]
    members.append(f"total;dur={seconds * 1000:.2f}")
    return ", ".join(members)


def of_memory_hit(account_outcome: str) -> str:
    """The value where the fast path answers: always the same, as its heads are."""
    return f"cache;desc={account_outcome}"
