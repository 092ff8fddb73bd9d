"""Whether the hosts of SAFELIGHT_HTTP_ALLOW have addresses that may be connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from origin.doctor.apart import apart
from origin.doctor.finding import Finding, fail, ok
from origin.settings import Settings
from origin.sources.errors import SourceNotAllowed
from origin.sources.web_guard import check_address
from origin.sources.web_hosts import HostRule, check_hosts

_CHECK = "http source"


async def check_web_hosts(settings: Settings) -> Sequence[Finding]:
    private = settings.http_allow_private
    try:
        rules = check_hosts(settings.http_allow, private=private)
    except ValueError:
        return []  # `check_settings` tells it
    return await asyncio.gather(*(_checked(rule, private=private) for rule in rules))


async def _checked(rule: HostRule, *, private: bool) -> Finding:
    if rule.below:
        names = f"every name below {rule.host}" if rule.host else "every host"
        return ok(_CHECK, f"{names} with addresses that are allowed when it is asked for")
    try:
        found = await apart(lambda: socket.getaddrinfo(rule.host, None, type=socket.SOCK_STREAM))
    except OSError as error:
        fix = "correct SAFELIGHT_HTTP_ALLOW, or the resolver of this machine"
        return fail(_CHECK, f"{rule.host}: no address: {error.strerror or error}", fix)
    addresses = sorted({str(place[0]) for *_, place in found})
    for address in addresses:
        try:
            check_address(rule.host, address, private=private)
        except SourceNotAllowed as error:
            what, _, remedy = str(error).rpartition(": ")
            return fail(_CHECK, what, remedy)
    return ok(_CHECK, f"{rule.host}: {', '.join(addresses)}")
