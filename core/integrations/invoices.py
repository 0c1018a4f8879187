"""Invoices and credit notes as PDF, set by typst in the language of their customer."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.db.documents import Document
from core.domain.invoices import DocumentKind
from core.domain.money import decimal_text
from core.integrations.papers import set_pdf

_EN = {
    "invoice": "Invoice {}",
    "credit_note": "Credit note {}",
    "corrects": "Takes back invoice {}",
    "day": "Date",
    "order": "Order",
    "placed": "Order date",
    "tax_id": "Tax number",
    "header": ("Units", "Article", "Tax", "Amount"),
    "net": "Net at {}",
    "tax": "Tax of {}",
    "untaxed": "Without tax",
    "total": "Total",
    "credited": "Credited",
    "shipping": "Shipping",
    "fee": "Fee",
    "adjustment": "Adjustment",
}
_DE = {
    "invoice": "Rechnung {}",
    "credit_note": "Rechnungskorrektur {}",
    "corrects": "Korrigiert Rechnung {}",
    "day": "Datum",
    "order": "Bestellung",
    "placed": "Bestellt am",
    "tax_id": "Steuernummer",
    "header": ("Menge", "Artikel", "Steuer", "Betrag"),
    "net": "Netto zu {}",
    "tax": "Steuer {}",
    "untaxed": "Ohne Steuer",
    "total": "Gesamt",
    "credited": "Gutgeschrieben",
    "shipping": "Versand",
    "fee": "Gebühr",
    "adjustment": "Anpassung",
}
_WORDS: dict[str, dict[str, Any]] = {"en": _EN, "de": _DE}


def document_pdf(document: Document) -> bytes:
    """The document as it was issued; the same bytes whenever it is set."""
    language = document.language[:2] if document.language[:2] in _WORDS else "en"
    return set_pdf("document", _facts(document, language), document.at)


def _facts(document: Document, language: str) -> dict[str, Any]:
    words, body = _WORDS[language], document.body
    is_note = document.kind is DocumentKind.CREDIT_NOTE

    def money(amount: int) -> str:
        return _money(amount, document.currency, language)

    return {
        "language": language,
        "title": words[document.kind.value].format(document.number),
        "corrects": words["corrects"].format(body["corrects"]) if is_note else "",
        "seller": {**body["seller"], "address": body["seller"]["address"].split(",")},
        "tax_id": words["tax_id"],
        "buyer": body["buyer"],
        "facts": [
            [words["day"], _day(body["day"], language)],
            [words["order"], body["order"]],
            [words["placed"], _day(body["placed"], language)],
        ],
        "header": list(words["header"]),
        "lines": [_line(line, words, language, money) for line in body["lines"]],
        "sums": _sums(body["rates"], words, language, money),
        "total": [words["credited" if is_note else "total"], money(document.total)],
    }


def _line(line: dict[str, Any], words: dict[str, Any], language: str, money: Any) -> list[str]:
    title = line["title"] or words.get(line["kind"], "")
    rate = _rate(line["rate"], language)
    return [str(line["quantity"]), title, line["sku"], rate, money(line["total"])]


def _sums(
    rates: list[dict[str, Any]], words: dict[str, Any], language: str, money: Any
) -> list[list[str]]:
    found = []
    for each in rates:
        rate = _rate(each["rate"], language)
        net = words["net"].format(rate) if each["tax"] else words["untaxed"]
        found.append([net, money(each["net"])])
        if each["tax"]:
            found.append([words["tax"].format(rate), money(each["tax"])])
    return found


def _rate(rate: int, language: str) -> str:
    if not rate:
        return "–"
    text = f"{rate / 100:g}"
    return f"{text.replace('.', ',')} %" if language == "de" else f"{text}%"


def _money(amount: int, currency: str, language: str) -> str:
    sign, text = "-" * (amount < 0), decimal_text(abs(amount), currency)
    whole, dot, rest = text.partition(".")
    grouped = f"{int(whole):,}{dot}{rest}"
    if language == "de":
        grouped = grouped.translate(str.maketrans(",.", ".,"))
    return f"{sign}{grouped} {currency}"


def _day(iso: str, language: str) -> str:
    found = date.fromisoformat(iso)
    return found.strftime("%d.%m.%Y" if language == "de" else "%Y-%m-%d")
