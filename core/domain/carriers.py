"""Carriers by the names people write, and where each shows a parcel to its receiver."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

# The carriers' public pages as they are commonly linked; they may change without telling us.
PAGES: Mapping[str, str] = {
    "DHL": "https://www.dhl.com/en/home/tracking.html?tracking-id={}",
    "DPD": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "GLS": "https://gls-group.com/track/{}",
    "UPS": "https://www.ups.com/track?tracknum={}",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
    "Hermes": "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation/#{}",
    "Österreichische Post": "https://www.post.at/sv/sendungsdetails?snr={}",
}
_ALIASES = {"post": "Österreichische Post", "post.at": "Österreichische Post", "myhermes": "Hermes"}


def clean_number(text: str) -> str:
    """A tracking number as carriers print it, without the blanks that people type."""
    return "".join(text.split()).upper()


def carrier_name(text: str) -> str:
    """The usual name for what somebody wrote: `dhl paket` is DHL; unknown names stay."""
    words = text.split()
    if not words:
        return ""
    first = words[0].casefold()
    names = {name.split()[0].casefold(): name for name in PAGES} | _ALIASES
    return names.get(first, " ".join(words))


def tracking_page(carrier: str, number: str) -> str:
    """The carrier's page about a parcel, or nothing when we do not know one."""
    page = PAGES.get(carrier, "")
    return page.format(quote(number, safe="")) if page and number else ""
