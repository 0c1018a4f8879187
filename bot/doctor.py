"""The doctor: what a person who runs wismo should know, worst first, each with what to do."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.bridge import House
from core.db import figures, invariants, setup, telling
from core.db import house as notes
from core.db.connection import Session
from core.db.migrate import differences, head, revision
from core.domain.refusals import Refusal
from core.domain.shop import Connection, Mode, Shop
from core.domain.values import dataclass
from core.integrations.secrets import open_secrets

OK, WARN, FAIL = "ok", "warn", "fail"
BACKUP_AGE_MAX = timedelta(hours=26)
DISK_FREE_MIN = 500 * 1024 * 1024
TOLD_WITHIN = timedelta(minutes=5)
WAITING_MAX = timedelta(hours=1)
CLOCK_SLACK = timedelta(minutes=2)
# The WAL-reset bug: a write and a checkpoint by two connections could damage the file.
MENDED = ((3, 51, 3),)
MENDED_BACKPORTS = {(3, 44): 6, (3, 50): 7}


@dataclass(frozen=True, slots=True)
class Finding:
    state: str
    check: str
    sentence: str
    next: str = ""


def examine(house: House) -> list[Finding]:
    """Everything that can be looked at without changing anything."""
    found = [*_schema(house), *_sqlite(house), *_disk(house)]
    with house.engine.database.read() as session:
        found += [*_clock(house, session), *_backup(house, session), *_shops(house, session)]
        found += _invariants(session)
    return worst_first(found)


def worst_first(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: (FAIL, WARN, OK).index(finding.state))


def _schema(house: House) -> Iterator[Finding]:
    database = house.engine.database
    at = revision(database)
    if at != head():
        yield Finding(
            FAIL, "revision", f"The database is at {at}, not {head()}.", "`wismo migrate`"
        )
        return
    strange = differences(database)
    if strange:
        yield Finding(FAIL, "schema", f"The database was changed by hand: {strange[0][:200]}")
    else:
        yield Finding(OK, "revision", f"The database is at {at} and shaped as it should be.")


def _sqlite(house: House) -> Iterator[Finding]:
    if not house.engine.database.is_sqlite:
        return
    version = sqlite3.sqlite_version_info
    backport = MENDED_BACKPORTS.get(version[:2])
    if version >= MENDED[0] or (backport is not None and version[2] >= backport):
        yield Finding(OK, "sqlite", f"SQLite {sqlite3.sqlite_version}.")
        return
    # One process owns all writes and checkpoints here, so the bug is out of reach: no warning.
    yield Finding(
        OK,
        "sqlite",
        f"SQLite {sqlite3.sqlite_version} has the WAL-reset bug; wismo writes from one place only.",
        "Let no other program write to the database file.",
    )


def _disk(house: House) -> Iterator[Finding]:
    path = house.engine.database.path
    if path is None:
        return
    free = shutil.disk_usage(Path(path).absolute().parent).free
    said = f"{free // 1024**2:,} MB are free beside the database."
    if free < DISK_FREE_MIN:
        yield Finding(FAIL, "disk", said, "Make room: without it nothing can be accepted.")
    else:
        yield Finding(OK, "disk", said)


def _clock(house: House, session: Session) -> Iterator[Finding]:
    newest = notes.newest_event_at(session)
    if newest is not None and newest > house.clock() + CLOCK_SLACK:
        said = f"The clock was set back: something happened at {newest:%Y-%m-%d %H:%M} UTC."
        yield Finding(WARN, "clock", said, "Check the machine's time.")
    else:
        yield Finding(OK, "clock", f"The clock says {house.clock():%Y-%m-%d %H:%M:%S} UTC.")


def _backup(house: House, session: Session) -> Iterator[Finding]:
    last = notes.noted_at(session, notes.BACKED_UP_AT)
    if house.settings.sandbox:
        yield Finding(OK, "backup", "A sandbox needs no backup.")
    elif last is None:
        next_ = "Set WISMO_BACKUP_DIR, or run `wismo backup FILE` every day."
        yield Finding(WARN, "backup", "There was never a backup.", next_)
    elif house.clock() - last > BACKUP_AGE_MAX:
        yield Finding(WARN, "backup", f"The last backup is of {last:%Y-%m-%d %H:%M} UTC.")
    else:
        yield Finding(OK, "backup", f"The last backup is of {last:%Y-%m-%d %H:%M} UTC.")


def _shops(house: House, session: Session) -> Iterator[Finding]:
    ids = setup.shop_ids(session)
    if not ids:
        yield Finding(WARN, "shop", "No shop is set up.", "`wismo setup`")
    for shop_id in ids:
        shop = setup.load_shop(session, shop_id)
        yield from _shop(house, shop)
        yield from _waiting(house, session, shop)
        yield from _told(house, session, shop)


def _shop(house: House, shop: Shop) -> Iterator[Finding]:
    name = shop.name
    yield from _mail(house, shop)
    if shop.paused_at is not None:
        since = f"{shop.paused_at:%Y-%m-%d %H:%M} UTC"
        next_ = "`wismo messages resume`"
        yield Finding(WARN, "paused", f"Messages of {name} are paused since {since}.", next_)
    if not any(place.active for place in shop.locations.values()):
        yield Finding(WARN, "locations", f"{name} has no open location.", "`wismo location add`")
    for connection in shop.connections.values():
        try:
            open_secrets(connection, house.settings.secrets)
        except Refusal as refusal:
            said = f"{connection.name}: {refusal.sentence}"
            yield Finding(FAIL, "secrets", said, refusal.next)


def _mail(house: House, shop: Shop) -> Iterator[Finding]:
    """Whether mail has a way out: a server of the shop's own, or that of the settings."""
    own, settings = shop.first_connection("smtp"), house.settings
    sender = (own and own.config.get("mail_from")) or settings.mail_from or shop.email
    if shop.mode is Mode.WATCH or (sender and (own or settings.smtp_url)):
        return
    state = FAIL if shop.mode is Mode.LIVE else WARN
    is_what = "live" if shop.mode is Mode.LIVE else "at work for its staff"
    next_ = "Set WISMO_SMTP_URL and WISMO_MAIL_FROM, or `wismo connection add smtp mail`."
    yield Finding(state, "mail", f"{shop.name} is {is_what}, but no mail can be sent.", next_)


def _waiting(house: House, session: Session, shop: Shop) -> Iterator[Finding]:
    count, oldest = figures.stuck(session, shop.id, house.clock() - WAITING_MAX)
    if oldest is None or shop.paused_at is not None:
        return
    said = f"Messages or calls of {shop.name} wait since {oldest:%Y-%m-%d %H:%M} UTC ({count})."
    next_ = "Does a process with the role worker run? `wismo outbox list --state waiting`"
    yield Finding(WARN, "waiting", said, next_)


def _told(house: House, session: Session, shop: Shop) -> Iterator[Finding]:
    """Whether channels hear of stock soon enough not to sell what is gone."""
    lag = telling.lag_of_shop(session, house.clock(), shop)
    if lag is None:
        return
    if lag.oldest > TOLD_WITHIN.total_seconds():
        minutes = lag.oldest / 60
        said = f"{lag.waiting} stock levels of {shop.name} wait to be told for {minutes:.0f} min."
        next_ = "Does a process with the role worker run? `wismo outbox list --state waiting`"
        yield Finding(WARN, "stock told", said, next_)
    elif lag.told:
        said = f"Channels of {shop.name} heard of stock after {lag.median:.1f} s (half of them)"
        yield Finding(OK, "stock told", f"{said}, at worst {lag.worst:.1f} s, in the last hour.")


def _invariants(session: Session) -> list[Finding]:
    results = invariants.run(session)
    broken = [result for result in results if not result.ok]
    found = [
        Finding(
            FAIL if result.severity == invariants.VIOLATION else WARN,
            result.id,
            f"Not true: {result.sentence} ({result.count}: {', '.join(result.sample[:5])}).",
        )
        for result in broken
    ]
    held, all_of_them = len(results) - len(broken), len(results)
    said = f"{held} of {all_of_them} checks of the books hold."
    if not broken:
        said = f"All {all_of_them} checks of the books hold."
    return [*found, Finding(OK, "invariants", said)]


# --- asking outside -------------------------------------------------------------------------------


async def ask_outside(house: House) -> list[Finding]:
    """What only the connected services themselves can tell; for who may use the network."""
    found = []
    for shop_id in await house.read(setup.shop_ids):
        shop = await house.read(partial(_shop_of, shop_id))
        for connection in shop.connections.values():
            if connection.kind == "slack" and connection.active:
                found += await _slack(house, connection)
    return found


def _shop_of(shop_id: int, session: Session) -> Shop:
    return setup.load_shop(session, shop_id)


async def _slack(house: House, connection: Connection) -> list[Finding]:
    from bot.slack.account import Accounts
    from bot.slack.setup import check

    try:
        account = await Accounts(house).open(connection.id)
    except Refusal as refusal:
        return [Finding(FAIL, "slack", f"{connection.name}: {refusal.sentence}", refusal.next)]
    checks = await check(house, account) if account is not None else []
    return [
        Finding(OK if one.ok else FAIL, f"slack {one.name}", f"{connection.name}: {one.words}")
        for one in checks
    ]
