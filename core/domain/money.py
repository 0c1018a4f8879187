"""Money in whole minor units: parsed and printed exactly, and divided without losing a cent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from core.domain.refusals import Invalid
from core.domain.values import dataclass

# Digits after the decimal point, from ISO 4217. Frozen here: a list that changes under a running
# shop would change the meaning of amounts already stored.
_TWO = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD
MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON
RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD
TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
EXPONENTS: dict[str, int] = {
    code: digits
    for digits, codes in ((0, _NONE), (2, _TWO), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
# The signs that everybody knows, the same as on cards and in messages; others show their code.
_MARKS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
}
_MARKS |= {"ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "PHP": "₱"}
_MARKS |= {"TWD": "NT$", "USD": "$", "VND": "₫", "XCD": "EC$", "XCG": "Cg."}
_MARKS |= {
    "XAF": "FCFA\N{NO-BREAK SPACE}",
    "XOF": "F\N{NARROW NO-BREAK SPACE}CFA\N{NO-BREAK SPACE}",
}
_MARKS |= {"XPF": "CFPF\N{NO-BREAK SPACE}"}
_THOUSANDS = re.compile(r"[+-]?[0-9]+\.[0-9]{3}", re.ASCII)
_DECIMAL = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency; adding or comparing two currencies is refused."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        return cls(parse_minor(text, currency), currency)

    def __str__(self) -> str:
        return amount_text(self.amount, self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise Invalid(
                f"{self.currency} and {other.currency} cannot be counted together.",
                "Use one currency, or convert first.",
                code="mixed_currencies",
            )
        return other.amount


def exponent(currency: str) -> int:
    """How many digits stand after the decimal point in this currency."""
    if currency not in EXPONENTS:
        raise Invalid(
            f"{currency!r} is not a currency code we know.",
            "Use a three-letter ISO 4217 code such as EUR.",
            code="unknown_currency",
        )
    return EXPONENTS[currency]


@lru_cache(maxsize=4096)
def parse_minor(text: str, currency: str) -> int:
    """Minor units of a decimal such as "12.30"; zeros beyond the currency's digits are allowed."""
    digits = exponent(currency)
    found = _DECIMAL.fullmatch(text.strip())
    fraction = (found[3] or "") if found else ""
    if found is None or fraction[digits:].strip("0"):
        raise Invalid(
            f"{text!r} is not an amount in {currency}.",
            f"Write it like {decimal_text(1230, currency)}.",
            code="bad_amount",
        )
    minor = int(found[2] + fraction[:digits].ljust(digits, "0"))
    return -minor if found[1] == "-" else minor


TYPED_MOST = 10**13  # minor units, of what one amount may be


def read_typed(text: str, currency: str) -> int:
    """Minor units of what a person typed: “5,00” and “5.00” alike. “5.000” may be five or five
    thousand, so it is refused where the currency has no third digit. Raises Invalid."""
    said = text.strip().replace(",", ".")
    if exponent(currency) < 3 and _THOUSANDS.fullmatch(said):
        raise Invalid(
            f"“{text.strip()}” may be {said.partition('.')[0]} or thousands.",
            f"Write it like {decimal_text(1230, currency)}.",
            code="bad_amount",
        )
    amount = parse_minor(said, currency)
    if abs(amount) > TYPED_MOST:
        raise Invalid(
            "No order costs that much.",
            f"Write it like {decimal_text(1230, currency)}.",
            code="bad_amount",
        )
    return amount


def decimal_text(amount: int, currency: str) -> str:
    """The decimal of so many minor units: 1230 EUR is "12.30", 1230 JPY is "1230"."""
    digits = exponent(currency)
    sign, text = "-" * (amount < 0), str(abs(amount)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text


def amount_text(amount: int, currency: str) -> str:
    """So many minor units as our English sentences write them, and as cards do: 1690 EUR is
    "€16.90", -123450 EUR is "-€1,234.50", 1230 CHF is "CHF 12.30"."""
    digits = exponent(currency)
    whole, _, rest = decimal_text(abs(amount), currency).partition(".")
    text = f"{int(whole):,}" + (f".{rest}" if digits else "")
    mark = _MARKS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    return f"{'-' * (amount < 0)}{mark}{text}"


def allocate(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide `total` in proportion to `weights` by largest remainder; it adds up exactly.

    Among equal remainders the earlier one gets the unit. All weights zero counts as all equal.
    """
    if not weights or min(weights) < 0:
        raise Invalid("An amount is divided by weights of zero or more.", code="bad_weights")
    if not any(weights):
        weights = [1] * len(weights)
    size, whole = abs(total), sum(weights)
    shares = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % whole), i))
    for i in by_remainder[: size - sum(shares)]:
        shares[i] += 1
    return tuple(-share if total < 0 else share for share in shares)
