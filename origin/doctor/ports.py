"""Who can reach the admin port, and whose word for a client's address is taken."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from origin.client_address import read_networks
from origin.doctor.finding import Finding, fail, ok, warn
from origin.settings import Settings

_CHECK = "admin port"


async def check_ports(settings: Settings) -> Sequence[Finding]:
    host, port = settings.host, settings.admin_port
    if not port:
        fix = "set SAFELIGHT_ADMIN_PORT"
        return [warn(_CHECK, "off: no probes, no metrics, no purges", fix)]
    if port == settings.port:
        fix = "set SAFELIGHT_ADMIN_PORT to another than SAFELIGHT_PORT"
        return [fail(_CHECK, f"{port} is the image port, too", fix)]
    if _is_loopback(host):
        return [ok(_CHECK, f"{port}, reached from this machine alone ({host})")]
    found = f"{port} listens on {host}, where whoever reaches it may purge and warm"
    fix = f"publish SAFELIGHT_PORT alone, and let a firewall or NetworkPolicy keep {port} private"
    return [warn(_CHECK, found, fix)]


async def check_proxies(settings: Settings) -> Sequence[Finding]:
    check = "proxies"
    try:
        networks = read_networks(settings.trusted_proxies)
    except ValueError:
        return []  # `check_settings` tells it
    if everybody := [str(network) for network in networks if not network.prefixlen]:
        found = f"{', '.join(everybody)} lets every client say who it is"
        return [warn(check, found, "SAFELIGHT_TRUSTED_PROXIES: the networks of your proxies alone")]
    if settings.miss_rate and not networks:
        found = "none is trusted: behind a CDN all visitors count as one client"
        return [warn(check, found, "SAFELIGHT_TRUSTED_PROXIES: the networks of your proxies")]
    return [ok(check, f"{', '.join(map(str, networks))} trusted")] if networks else []


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
