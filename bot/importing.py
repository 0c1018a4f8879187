"""Tables from files: read, checked field by field, handed in by chunks, reported row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.commands.imports import ROWS_MAX, ImportedRow
from core.domain.money import parse_minor
from core.domain.policy import read_yes_or_no
from core.domain.refusals import Invalid, NotFound, Refusal
from core.domain.values import dataclass

SIZE_MAX = 50 * 1024 * 1024
ROWS_IN_FILE_MAX = 200_000
COLUMNS_MAX = 500
FIELD_MAX = 10_000
DELIMITERS = ";,\t"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PLAIN = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?")
_GROUPED = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:,[0-9]{3})+)[.,]([0-9]{2})")
_AS_TEXT = re.compile(r'="(.*)"')  # how spreadsheets keep leading zeros: ="00123"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row; `line` counts as an editor does."""

    line: int
    field: str
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """A file as rows of text by column name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    encoding: str


@dataclass
class Report:
    """What an import came to."""

    made: int = 0
    changed: int = 0
    same: int = 0
    problems: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)  # what the rows with problems were called
    ignored: tuple[str, ...] = ()
    encoding: str = "utf-8"

    def add(self, facts: Mapping[str, Any]) -> None:
        self.made += facts["made"]
        self.changed += facts["changed"]
        self.same += facts["same"]
        self.problems += [Problem(*one) for one in facts["problems"]]


# --- reading -----------------------------------------------------------------------------------


def read_table(file: Path) -> Table:
    """Raises Refusal when it is no table that can be trusted."""
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    if file.stat().st_size > SIZE_MAX:
        raise Invalid(f"{file.name} is larger than 50 MB.", "Split it.")
    text, encoding = decoded(file.read_bytes(), file.name)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns: tuple[str, ...] = ()
    rows = []
    line = 1
    try:
        for cells in lines:
            started, line = line, lines.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(cells)
                continue
            rows.append((started, _row(columns, cells, started)))
    except csv.Error as problem:
        raise Invalid(f"Line {lines.line_num}: {problem}.", "Check the quotes there.") from problem
    if not columns:
        raise Invalid(f"{file.name} is empty.", "The first line names the columns.")
    if len(rows) > ROWS_IN_FILE_MAX:
        raise Invalid(f"{len(rows):,} rows are too many for one file.", "Split it.")
    return Table(columns, tuple(rows), encoding)


def decoded(raw: bytes, name: str) -> tuple[str, str]:
    """UTF-8 with or without mark, UTF-16 with mark, else Windows' Latin where that gives text."""
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Invalid(f"{name} is a spreadsheet, not a table of text.", "Save it as CSV (UTF-8).")
    wanted = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in wanted:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text, encoding
    raise Invalid(f"{name} is in no encoding that we know.", "Save it as UTF-8.")


def _delimiter(text: str) -> str:
    """The mark that the line of heads holds most of."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=head.count)


def _columns(cells: Sequence[str]) -> tuple[str, ...]:
    if len(cells) > COLUMNS_MAX:
        raise Invalid(f"{len(cells):,} columns are too many.", "Is this the right file?")
    names = tuple(re.sub(r"[\s-]+", "_", cell.strip().casefold()) for cell in cells)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise Invalid(f"The column {twice[0]} is there twice.", "Keep one of them.")
    return names


def _row(columns: Sequence[str], cells: Sequence[str], line: int) -> dict[str, str]:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        raise Invalid(
            f"Line {line} has more fields than there are heads.", "Put quotes around such text."
        )
    return {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}


# --- fields ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setting:
    """What fields need to be understood: the shop's currency and time zone."""

    currency: str
    zone: str


Read = Callable[[str, Setting], Any]


def _text(value: str, _: Setting) -> str:
    plain = _AS_TEXT.fullmatch(value)
    told = plain[1] if plain else value.removeprefix("'")
    if not plain and told[:1] in ("=", "@"):
        raise Invalid("looks like a formula; write plain text")
    if len(told) > FIELD_MAX:
        raise Invalid(f"is longer than {FIELD_MAX} characters")
    return told


def _whole(value: str, setting: Setting) -> int:
    text = _text(value, setting)
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise Invalid(f"“{text[:40]}” is not a whole number")
    return int(text)


def _count(value: str, setting: Setting) -> int:
    number = _whole(value, setting)
    if number < 0:
        raise Invalid(f"{number} is below zero")
    return number


def _some(value: str, setting: Setting) -> int:
    number = _count(value, setting)
    if number == 0:
        raise Invalid("is zero")
    return number


def _degrees(value: str, setting: Setting) -> float:
    text = _text(value, setting).replace(",", ".")
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,12})?", text):
        raise Invalid(f"“{text[:40]}” is no number of degrees")
    return float(text)


def _money(value: str, setting: Setting) -> int:
    """19.90, 19,90 and 1.234,50: the last mark is the decimal one."""
    text = _text(value, setting).replace("\u00a0", "").replace(" ", "")
    if re.fullmatch(r"[0-9]{1,3}([.,][0-9]{3})+", text) and len(set(text) & {".", ","}) == 1:
        raise Invalid(f"“{text}” can be read in two ways; write two decimals")
    found = _GROUPED.fullmatch(text) or _PLAIN.fullmatch(text)
    if found is None:
        raise Invalid(f"“{text[:40]}” is no price; write it like 19.90")
    text = re.sub(r"[.,]", "", found[1]) + (f".{found[2]}" if found[2] else "")
    amount = parse_minor(text, setting.currency)
    if not 0 <= amount < 10**12:
        raise Invalid(f"{text} is no price")
    return amount


def _yes(value: str, setting: Setting) -> bool:
    return read_yes_or_no(_text(value, setting))


def _flag(value: str, setting: Setting) -> int:
    return int(_yes(value, setting))


def _moment(value: str, setting: Setting) -> datetime:
    """A moment without zone is meant where the shop is."""
    try:
        moment = datetime.fromisoformat(_text(value, setting))
    except ValueError as problem:
        raise Invalid(f"“{value[:40]}” is no date; write 2026-11-24 15:00") from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(setting.zone))


def _days(value: str, setting: Setting) -> tuple[str, ...]:
    days = tuple(filter(None, re.split(r"[\s|]+", _text(value, setting))))
    for day in days:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
            raise Invalid(f"“{day[:40]}” is no day; write 2026-12-24 2026-12-25")
    return days


def _words(value: str, setting: Setting) -> tuple[str, ...]:
    """Single words with spaces between them: cold hazmat."""
    return tuple(filter(None, re.split(r"[\s|]+", _text(value, setting).casefold())))


_ADDRESS = dict.fromkeys(("street", "zip", "city", "country"), _text)
FIELDS: dict[str, dict[str, Read]] = {
    "locations": {
        "code": _text,
        "name": _text,
        "kind": _text,
        **_ADDRESS,
        "lat": _degrees,
        "lon": _degrees,
        "rank": _count,
        "parcel_cost": _money,
        "unit_cost": _money,
        "time_zone": _text,
        "hours": _text,
        "cut_off": _text,
        "closing_days": _days,
        "channel": _text,
        "groups": _words,
        "abilities": _words,
        "delivers_km": _count,
        "delivers_to": _words,
        "delivery_fee": _money,
        "delivery_window": _text,
        "active": _yes,
    },
    "products": {
        "sku": _text,
        "title": _text,
        "barcode": _text,
        "price": _money,
        "cost": _money,
        "weight": _count,
        "category": _text,
        "flags": _words,
        "active": _flag,
    },
    "lanes": {
        "country": _text,
        "origin": _text,
        "zip_prefix": _text,
        "method": _text,
        "days": _count,
        "cost": _money,
        "carrier": _text,
    },
    "stock": {"sku": _text, "location": _text, "on_hand": _count, "safety": _count},
    "orders": {
        "number": _text,
        "placed_at": _moment,
        "sku": _text,
        "quantity": _some,
        "title": _text,
        "unit_price": _money,
        "shipping": _money,
        "paid": _money,
        "email": _text,
        "phone": _text,
        "customer": _text,
        **_ADDRESS,
        "note": _text,
        "language": _text,
    },
}
REQUIRED = {
    "locations": ("code",),
    "products": ("sku",),
    "lanes": ("country", "days"),
    "stock": ("sku", "location", "on_hand"),
    "orders": ("number", "placed_at", "sku", "quantity", "unit_price"),
}
# What names a row: given twice, nobody knows which one is meant.
NAMED_BY = {
    "lanes": ("origin", "country", "zip_prefix", "method", "carrier"),
    "locations": ("code",),
    "products": ("sku",),
    "stock": ("sku", "location"),
}


def checked(kind: str, table: Table, setting: Setting) -> tuple[list[ImportedRow], Report]:
    """The rows that can be read, and what is wrong with the others."""
    known, needed = FIELDS[kind], REQUIRED[kind]
    missing = [name for name in needed if name not in table.columns]
    extra = [n for n in table.columns if n and n not in known and not n.startswith("external_id.")]
    if missing:
        raise _incomplete(kind, missing, extra)
    report = Report(ignored=tuple(extra), encoding=table.encoding)
    rows: list[ImportedRow] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in table.rows:
        row = _checked_row(kind, line, cells, setting, report.problems)
        if row is None:
            report.broken.add(cells.get(needed[0], ""))
            continue
        name = tuple(cells.get(part, "").casefold() for part in NAMED_BY.get(kind, ()))
        if name and name in seen:
            first = f"stands in line {seen[name]} already"
            report.problems.append(Problem(line, NAMED_BY[kind][0], first))
            continue
        seen[name] = line
        rows.append(row)
    return rows, report


def _incomplete(kind: str, missing: Sequence[str], extra: Sequence[str]) -> Invalid:
    names = f"columns {', '.join(missing)} are" if missing[1:] else f"column {missing[0]} is"
    strange = f", and {', '.join(extra)} cannot be understood" if extra else ""
    known = ", ".join(f"{n}*" if n in REQUIRED[kind] else n for n in FIELDS[kind])
    return Invalid(f"The {names} missing{strange}.", f"Columns of {kind} (* needed): {known}.")


def _checked_row(
    kind: str, line: int, cells: Mapping[str, str], setting: Setting, problems: list[Problem]
) -> ImportedRow | None:
    values: dict[str, Any] = {}
    before = len(problems)
    for name, read in FIELDS[kind].items():
        if not cells.get(name):
            if name in REQUIRED[kind]:
                problems.append(Problem(line, name, "is empty"))
            continue
        try:
            values[name] = read(cells[name], setting)
        except Refusal as refusal:
            problems.append(Problem(line, name, refusal.sentence))
    if len(problems) > before:
        return None
    key = str(values.pop(next(iter(FIELDS[kind]))))
    ids = {n.partition(".")[2]: v for n, v in cells.items() if n.startswith("external_id.") and v}
    return ImportedRow(line, key, values, ids)


def chunks(rows: Sequence[Any], size: int = ROWS_MAX) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(rows), size):
        yield tuple(rows[start : start + size])
