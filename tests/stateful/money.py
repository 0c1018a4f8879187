"""The machine of money: everything that gives something back, in any order, beside a slow gateway.

What the gateway really paid is kept here, apart from our books.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import event as note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.commands.access import ChangeConnection
from core.commands.choosing import Units
from core.commands.claims import AcceptClaim, ClaimOrder, RejectClaim
from core.commands.counter import ReturnHere
from core.commands.crediting import AddCredit, TakeCredit, UseCredit
from core.commands.disputing import RecordDispute
from core.commands.documents import IssueInvoice
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.exchanging import CancelExchange, ExchangeOrder, Goes, SettleExchanges
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.outside import RecordChannelRefund
from core.commands.paying import RecordPaid
from core.commands.payouts import SettleRefundPart
from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.refunding import (
    ApproveOrderRefund,
    ApproveRefund,
    RefundOrder,
    RetryRefund,
    To,
    WithdrawRefund,
)
from core.commands.refunds import RecordOrderRefund, RecordRefund
from core.commands.replacing import ResendOrder, Sure, Why
from core.commands.return_decisions import (
    ApproveReturn,
    CancelReturn,
    ChangeWish,
    RejectReturn,
)
from core.commands.returned_goods import MoveReturnOn
from core.commands.returns import RequestReturn, ReturnedLine
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.rows import micros
from core.domain.access import Role
from core.domain.claims import ClaimReason, Remedy
from core.domain.disputes import DisputeState
from core.domain.refund_wish import What
from core.domain.returning.dispositions import Disposition
from core.domain.returns import Wish
from tests.shop import CHANNEL, SHOP, SHOPIFY, SKUS, staff
from tests.stateful.channel import one
from tests.stateful.world import World, breakers

PICK = st.integers(0, 20)
FEW = st.integers(1, 2)
SKU = st.sampled_from(("mug-red", "tee-black-m"))
NOT_HERE = "what is due is somebody's task"  # here it may be a gateway's: see _nobodys
OPEN = ("planned", "sent", "unknown", "failed")
OTHER = staff(Role.OWNER, "Otto")


class MoneyMachine(RuleBasedStateMachine):
    """`world` gives the URL of an empty shop."""

    world: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.w = World(self.stack.enter_context(self.world()))
        self.stack.callback(self.w.close)
        self.next = 1001
        self.paid: dict[str, tuple[str, int, str]] = {}  # by key: (its id, amount, our order)
        self.told = 0

    def teardown(self) -> None:
        self.stack.close()

    # --- helps -----------------------------------------------------------------------------------

    def rows(self, table: Any, **where: Any) -> list[dict[str, Any]]:
        return self.w.shop.rows(table, **where)

    def staff(self, command: Any, caller: Any = None) -> Any:
        receipt = self.w.do(command, caller) if caller else self.w.do(command)
        note(f"{type(command).__name__} {receipt.outcome} {receipt.code}")
        return receipt

    def number(self, pick: int) -> str:
        return one([row["number"] for row in self.rows(t.orders)], pick)

    def rma(self, pick: int) -> str:
        return one([row["number"] for row in self.rows(t.rma)] or ["R1001-1"], pick)

    # --- orders ----------------------------------------------------------------------------------

    @initialize(gateway=st.booleans(), approve=st.booleans())
    def open_the_shop(self, gateway: bool, approve: bool) -> None:
        if gateway:
            assert self.w.do(ChangeConnection("nordlicht", {"refunds": True})).ok
        if approve:
            assert self.w.do(SetPolicy("refund_approve_above", "3000")).ok
        self.place(paid=True, shipping=490)
        self.send(0)

    @rule(paid=st.booleans(), shipping=st.sampled_from((0, 490)))
    def place(self, paid: bool, shipping: int) -> None:
        number, self.next = str(self.next), self.next + 1
        lines = (("mug-red", 3), ("tee-black-m", 1))
        total = 4 * 1990 + shipping
        more = {"shipping": shipping, "total": total, "captured": total if paid else 0}
        assert self.w.hear(self.w.shop.order(number, *lines, **more)).ok

    @rule(pick=PICK)
    def send(self, pick: int) -> None:
        number = self.number(pick)
        if self.w.do(ShipWork(number, f"T{number}", "DHL")).ok:
            self.staff(DeliverParcel(number))

    @rule(pick=PICK, sku=SKU, units=FEW)
    def cancel_part(self, pick: int, sku: str, units: int) -> None:
        self.staff(CancelOrder(self.number(pick), "less", (Units(sku, units),)))

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        self.staff(CancelOrder(self.number(pick), "changed mind"))

    @rule(pick=PICK, words=st.sampled_from(("mug-red 1", "tee-black-m 0", "add mug-blue 1")))
    def edit(self, pick: int, words: str) -> None:
        number = self.number(pick)
        if self.staff(EditOrder(number, words)).ok:
            self.staff(ConfirmEdit(number))

    @rule(pick=PICK)
    def resend(self, pick: int) -> None:
        self.staff(ResendOrder(self.number(pick), Why.LOST))

    @rule(pick=PICK)
    def pays(self, pick: int) -> None:
        self.staff(RecordPaid(self.number(pick), f"bank-{pick}"))

    @rule(pick=PICK)
    def invoice(self, pick: int) -> None:
        self.staff(IssueInvoice(self.number(pick)))

    @rule()
    def undo(self) -> None:
        self.staff(UndoLast())

    # --- money by hand ---------------------------------------------------------------------------

    @rule(
        pick=PICK,
        what=st.sampled_from(("mug-red", "tee-black-m", "5.00 late", "shipping", "all")),
        to=st.sampled_from(To),
    )
    def refund(self, pick: int, what: str, to: To) -> None:
        number = self.number(pick)
        if what in SKUS:
            self.staff(RefundOrder(number, (Units(what, 1),), to=to, sure=Sure.AGAIN))
        elif what in ("shipping", "all"):
            self.staff(RefundOrder(number, what=What(what), to=to, sure=Sure.AGAIN))
        else:
            self.staff(RefundOrder(number, reason=what, to=to, sure=Sure.AGAIN))

    @rule(pick=PICK, rma=st.booleans())
    def approve_refund(self, pick: int, rma: bool) -> None:
        ask = ApproveRefund(self.rma(pick)) if rma else ApproveOrderRefund(self.number(pick))
        self.staff(ask, OTHER)

    @rule(pick=PICK, rma=st.booleans())
    def refunded(self, pick: int, rma: bool) -> None:
        self.told += 1
        name = f"bank-{self.told}"
        if rma:
            self.staff(RecordRefund(self.rma(pick), name), OTHER)
        else:
            self.staff(RecordOrderRefund(self.number(pick), name), OTHER)

    @rule(pick=PICK, amount=st.sampled_from(("", "5.00", "-5.00", "0", "1e9")))
    def use_credit(self, pick: int, amount: str) -> None:
        self.staff(UseCredit(self.number(pick), amount))

    @rule(amount=st.sampled_from(("5.00", "-5.00", "99999999999")), give=st.booleans())
    def credit(self, amount: str, give: bool) -> None:
        who = "anna@example.org"
        self.staff(AddCredit(who, amount, "sorry") if give else TakeCredit(who, amount, "twice"))

    # --- returns, claims, exchanges --------------------------------------------------------------

    @rule(pick=PICK, sku=SKU, units=FEW, wish=st.sampled_from(Wish))
    def ask_return(self, pick: int, sku: str, units: int, wish: Wish) -> None:
        self.staff(RequestReturn(self.number(pick), wish=wish, lines=(ReturnedLine(sku, units),)))

    @rule(pick=PICK, sku=SKU, units=FEW)
    def at_the_counter(self, pick: int, sku: str, units: int) -> None:
        self.staff(ReturnHere(self.number(pick), sku, units, "BER"))

    @rule(pick=PICK)
    def approve(self, pick: int) -> None:
        self.staff(ApproveReturn(self.rma(pick), "goodwill"))

    @rule(pick=PICK)
    def reject(self, pick: int) -> None:
        self.staff(RejectReturn(self.rma(pick), "worn"))

    @rule(pick=PICK)
    def cancel_return(self, pick: int) -> None:
        self.staff(CancelReturn(self.rma(pick)))

    @rule(pick=PICK, wish=st.sampled_from(Wish))
    def wish(self, pick: int, wish: Wish) -> None:
        self.staff(ChangeWish(self.rma(pick), wish))

    @rule(pick=PICK, part=st.booleans(), to=st.sampled_from(Disposition))
    def receive(self, pick: int, part: bool, to: Disposition) -> None:
        rma = self.rma(pick)
        if not part:
            self.staff(ReceiveReturn(rma, "BER", disposition=to))
            return
        self.staff(ReceiveReturn(rma, "BER", lines=(CountedLine("mug-red", 1, disposition=to),)))

    @rule(pick=PICK, sku=SKU, to=st.sampled_from(Disposition))
    def move_on(self, pick: int, sku: str, to: Disposition) -> None:
        self.staff(MoveReturnOn(self.rma(pick), sku, 1, to))

    @rule(pick=PICK, sku=SKU, units=FEW, wish=st.sampled_from(Remedy))
    def claim(self, pick: int, sku: str, units: int, wish: Remedy) -> None:
        asked = (Units(sku, units),)
        self.staff(ClaimOrder(self.number(pick), ClaimReason.DAMAGED, asked, wish))

    @rule(pick=PICK, remedy=st.sampled_from((None, *Remedy)))
    def settle_claim(self, pick: int, remedy: Remedy | None) -> None:
        known = [row["number"] for row in self.rows(t.claim)] or ["CL1001-1"]
        self.staff(AcceptClaim(one(known, pick), remedy) if pick else RejectClaim(known[-1], "no"))

    @rule(
        pick=PICK,
        units=FEW,
        new=st.sampled_from(("for mug-blue", "for mug-blue 2", "for mug-blue 1, sock-grey 2")),
        goes=st.sampled_from((None, Goes.FIRST)),
        rma=st.booleans(),
    )
    def exchange(self, pick: int, units: int, new: str, goes: Goes | None, rma: bool) -> None:
        if rma:
            self.staff(ExchangeOrder(self.rma(pick), new, goes=goes))
            return
        wanted = (Units("mug-red", units),)
        self.staff(ExchangeOrder(self.number(pick), new, wanted, goes=goes))

    @rule(pick=PICK)
    def cancel_exchange(self, pick: int) -> None:
        self.staff(CancelExchange(self.number(pick)))

    @rule(days=st.sampled_from((0, 1, 15)))
    def exchanges_go_on(self, days: int) -> None:
        self.w.clock.advance(days=days)
        assert self.w.do(SettleExchanges(), CHANNEL).ok

    # --- the gateway -----------------------------------------------------------------------------

    def effects(self, *states: str) -> list[dict[str, Any]]:
        rows = self.rows(t.outbox, kind="shopify.refund")
        return [row for row in rows if row["state"] in states]

    def outbox(self, row_id: int, **values: Any) -> None:
        if values["state"] in ("done", "dead"):
            values["ended_at"] = micros(self.w.clock())
        clause = t.outbox.update().where(t.outbox.c.id == row_id).values(**values)
        self.w.shop.engine.chore(lambda uow: uow.session.connection.execute(clause), SHOP)

    @rule(pick=PICK, pays=st.booleans(), said=st.sampled_from(("yes", "lost", "slow")))
    def gateway(self, pick: int, pays: bool, said: str) -> None:
        """It is asked once more, or for the first time; what it says may be lost or late."""
        able = self.effects("waiting", "leased")
        if not able:
            return
        row = one(able, pick)
        ask = json.loads(row["payload"])
        (part,) = self.rows(t.refund_part, id=ask["part"])
        if part["state"] not in OPEN:
            self.outbox(row["id"], state="done")
            return
        self.outbox(row["id"], state="leased")
        if said == "slow":
            return
        if row["key"] not in self.paid and pays:
            self.paid[row["key"]] = (f"re_{len(self.paid)}", ask["amount"], ask["order"])
        if said == "lost":
            self.settle(part, "unknown")
            self.outbox(row["id"], state="waiting", unknown=1)
        elif row["key"] in self.paid:
            self.settle(part, "refunded", self.paid[row["key"]][0])
            self.outbox(row["id"], state="done")
        else:
            self.settle(part, "failed")
            self.outbox(row["id"], state="dead")

    def settle(self, part: dict[str, Any], state: Any, name: str = "") -> None:
        assert self.w.do(SettleRefundPart(part["id"], state, name, "said so"), CHANNEL).ok

    @rule(pick=PICK, named=st.booleans())
    def gateway_tells(self, pick: int, named: bool) -> None:
        """What it has paid, by a message of its own: before its answer, after it, or again."""
        if self.paid:
            key, (name, amount, number) = one(list(self.paid.items()), pick)
            self.hear_refund(number, name, amount, key if named else "")

    def hear_refund(self, number: str, name: str, amount: int, words: str = "") -> None:
        said = RecordChannelRefund(
            SHOPIFY, f"gid-{number}", name, amount, "EUR", self.w.clock(), note=words
        )
        self.w.do(said, CHANNEL)

    @rule(pick=PICK, amount=st.sampled_from((1990, 3980, 500)))
    def refund_in_the_shop(self, pick: int, amount: int) -> None:
        self.told += 1
        self.hear_refund(self.number(pick), f"shop_{self.told}", amount)

    @rule(pick=PICK, amount=st.sampled_from((1990, 3980)), state=st.sampled_from(DisputeState))
    def bank(self, pick: int, amount: int, state: DisputeState) -> None:
        number = self.number(pick)
        said = RecordDispute(
            SHOPIFY,
            f"dp_{number}",
            amount,
            "EUR",
            state,
            self.w.clock(),
            order=f"gid-{number}",
        )
        self.w.do(said, CHANNEL)

    @rule(pick=PICK)
    def withdraw(self, pick: int) -> None:
        """By its id, as a program may: only what was given by somebody's word is taken back."""
        known = self.rows(t.refund)
        if known:
            row = one(known, pick)
            (order,) = self.rows(t.orders, id=row["order_id"])
            self.staff(WithdrawRefund(order["number"], row["id"]), OTHER)

    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        self.staff(RetryRefund(self.number(pick)))

    @rule(minutes=st.sampled_from((1, 60)))
    def wait(self, minutes: int) -> None:
        self.w.clock.now += timedelta(minutes=minutes)

    # --- what must be true -----------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        told = self.w.shop.engine.read(breakers) + self.w.trouble.seen
        broken = [x for x in told if not x.startswith(NOT_HERE)] + self.broken()
        assert not broken, "\n".join(broken)

    def broken(self) -> list[str]:
        parts = self.rows(t.refund_part)
        refunds = {row["id"]: row for row in self.rows(t.refund)}
        cases = self.rows(t.cases)
        lines = self.rows(t.order_line)
        found = []
        for order in self.rows(t.orders):
            mine = [p for p in parts if p["order_id"] == order["id"]]
            warned = any(
                c["kind"] == "outside_refund" and c["order_id"] == order["id"] for c in cases
            )
            found += [] if warned else self._too_much(order, mine)
            found += self._unseen_debt(order, refunds, lines)
        found += self._nobodys(parts, cases)
        found += self._units(refunds, lines)
        found += self._credit(parts)
        return found

    def _too_much(self, order: dict[str, Any], parts: list[dict[str, Any]]) -> list[str]:
        """Money that really left: by the gateway, by hand, or as credit."""
        gone = sum(amount for _, amount, number in self.paid.values() if number == order["number"])
        names = {name for name, _, _ in self.paid.values()}
        by_hand = [p for p in parts if p["state"] == "refunded" and p["key"] not in self.paid]
        gone += sum(p["amount"] for p in by_hand if p["external_id"] not in names)
        return [] if gone <= order["captured"] else [f"{order['number']} paid {gone}"]

    def _unseen_debt(
        self, order: dict[str, Any], refunds: dict[int, Any], lines: list[dict[str, Any]]
    ) -> list[str]:
        """What is kept of a customer's money has goods or shipping against it."""
        if order["canceled_at"] is None:
            return []
        if any(x["shipped"] for x in lines if x["order_id"] == order["id"]):
            return []
        owed = sum(
            r["amount"] - r["bonus"] - r["paid"]
            for r in refunds.values()
            if r["order_id"] == order["id"] and r["state"] == "due"
        )
        left = order["captured"] - order["refunded"] - owed - self._lost(order)
        return [f"{order['number']} keeps {left} of a canceled order"] if left > 0 else []

    def _nobodys(self, parts: list[dict[str, Any]], cases: list[dict[str, Any]]) -> list[str]:
        """A share that is owed is somebody's: a case's, or its gateway's."""
        open_ = {(c["kind"], c["subject"]) for c in cases if c["state"] != "resolved"}
        asked = {row["key"]: row["state"] for row in self.effects("waiting", "leased", "done")}
        found = []
        for part in parts:
            subject = f"refund:{part['refund_id']}"
            kinds = {"planned": "refund_approval", "failed": "refund_failed"}
            kind = kinds.get(part["state"])
            if part["state"] == "sent" and part["gateway"] == "manual":
                kind = "refund_task"
            if kind and (kind, subject) not in open_:
                found.append(f"{part['key']} is {part['state']} and nobody's")
            is_theirs = part["connection_id"] is not None and part["state"] == "sent"
            if is_theirs and asked.get(part["key"]) not in ("waiting", "leased"):
                found.append(f"{part['key']} is asked of nobody")
        return found

    def _units(self, refunds: dict[int, Any], lines: list[dict[str, Any]]) -> list[str]:
        """Money went back for units that were canceled, came back, were claimed, or that a
        person named: for none of them twice, and for all of them while there is money."""
        due = self._made_good()
        paid, by_hand = Counter[int](), Counter[int]()
        for refund in refunds.values():
            theirs = refund["note"] or refund["change_id"] or not refund["asked_by"]
            for item in json.loads(refund["items"]) if refund["state"] != "canceled" else []:
                if item["kind"] == "line":
                    paid[item["line"]] += item["quantity"]
                    by_hand[item["line"]] += item["quantity"] if theirs else 0
        full = {row["id"] for row in self.rows(t.orders) if self._has_money(row, refunds)}
        found = []
        for line in lines:
            least = line["canceled"] + due[line["id"]]
            got, most = paid[line["id"]], min(line["ordered"], least + by_hand[line["id"]])
            if got > most or (line["order_id"] in full and got < min(line["ordered"], least)):
                found.append(f"{line['sku']} {line['id']}: money for {got} of {least}")
        return found

    def _made_good(self) -> Counter[int]:
        """By line, returned units whose money is due and claimed ones that money was chosen for."""
        found = Counter[int]()
        for row in self.rows(t.rma_line):
            found[row["line_id"]] += row["paid"]
        for row in self.rows(t.claim, remedy="refund"):
            for line in self.rows(t.claim_line, claim_id=row["id"]):
                found[line["line_id"]] += line["quantity"]
        return found

    def _has_money(self, order: dict[str, Any], refunds: dict[int, Any]) -> bool:
        """It was paid in full, and not all of that has gone back or is owed."""
        mine = [r for r in refunds.values() if r["order_id"] == order["id"]]
        owed = sum(r["amount"] - r["bonus"] - r["paid"] for r in mine if r["state"] == "due")
        left = order["captured"] - order["refunded"] - owed - self._lost(order)
        return order["captured"] == order["total"] and left > 0 and not self._edited(order)

    def _lost(self, order: dict[str, Any]) -> int:
        """What the customer's bank has kept."""
        lost = self.rows(t.dispute, order_id=order["id"], state="lost")
        return sum(row["amount"] for row in lost)

    def _edited(self, order: dict[str, Any]) -> bool:
        return any(
            row["status"] == "confirmed"
            for row in self.rows(t.order_change)
            if row["order_id"] == order["id"]
        )

    def _credit(self, parts: list[dict[str, Any]]) -> list[str]:
        """Credit came from a refund or from a person's word, and went to an order or a person."""
        entries = self.rows(t.credit_entry)
        issued = sum(x["amount"] for x in entries if x["refund_id"] is not None)
        refunded = sum(
            p["amount"] for p in parts if p["gateway"] == "credit" and p["state"] == "refunded"
        )
        spent = -sum(x["amount"] for x in entries if x["kind"] == "spent")
        taken = sum(p["captured"] for p in self.rows(t.payment, gateway="credit"))
        found = [] if issued == refunded else [f"credit of {issued}, refunds of {refunded}"]
        return found + ([] if spent == taken else [f"{spent} spent, {taken} taken"])
