"""What scans find about money: authorizations that lapse, and gateways that do not answer."""

from __future__ import annotations

from datetime import timedelta

from core.db import answers, collections
from core.db.reading import Reader
from core.domain import collecting
from core.domain.cases import Finding

ANSWER_MINUTES = 15


def authorizations_ending(reader: Reader) -> list[Finding]:
    warn = timedelta(hours=float(reader.shop.policy["authorization_warn_hours"]))
    found = collections.ending(reader.session, reader.shop.id, reader.now + warn)
    return collecting.ending(found, reader.now)


def captures_without_answer(reader: Reader) -> list[Finding]:
    before = reader.now - timedelta(minutes=ANSWER_MINUTES)
    return collecting.unanswered(collections.late(reader.session, reader.shop.id, before))


def refunds_without_answer(reader: Reader) -> list[Finding]:
    late = timedelta(minutes=int(reader.shop.policy["refund_late_minutes"]))
    found = answers.refunds_without_answer(reader.session, reader.shop.id, reader.now - late)
    return collecting.refunds_unanswered(found)
