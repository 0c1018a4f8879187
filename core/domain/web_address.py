"""Addresses that somebody else names and we call: which are refused when they are written down."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from core.domain.refusals import Invalid

LENGTH_MAX = 500
_AT_HOME = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa")
_HOW = "Write an address like https://wms.example.com/wismo."
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # an IPv4 address inside of IPv6


def host_of(url: str) -> str:
    """The host of an HTTPS address with a public name. Raises Invalid for any other.

    Numbers in place of names are refused in every spelling, and so are names that only mean
    something inside a house. Where a name leads is looked at when it is called.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as problem:
        raise Invalid(f"“{url[:80]}” is no address.", _HOW) from problem
    if parts.scheme != "https" or len(url) > LENGTH_MAX or not url.isprintable() or " " in url:
        raise Invalid("Only addresses that begin with https:// are called.", _HOW)
    if parts.username is not None or parts.password is not None:
        raise Invalid("An address with a name or password in it is not called.", _HOW)
    labels = host.split(".")
    is_name = len(labels) > 1 and all(labels) and labels[-1][0].isalpha() and host.isascii()
    if not is_name or labels[-1] in _AT_HOME or ":" in host:
        raise Invalid(f"“{host[:80]}” is no public name of a host.", _HOW)
    return host


def is_public(address: str) -> bool:
    """Whether an IP address belongs to nobody's own house, also when it is wrapped in another."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def all_public(addresses: Iterable[str]) -> bool:
    """A name is called only when every address behind it is public."""
    found = list(addresses)
    return bool(found) and all(map(is_public, found))
