"""What was printed, as PDF behind signed links: nobody needs an account to take it to a printer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.bridge import House
from bot.presentation.model import Action
from core.db.bought_labels import label_content, label_order
from core.db.contacts import link_target
from core.db.documents import Document, document_anywhere, document_order
from core.db.picks import printed_as
from core.db.proofs import order_anywhere
from core.domain.access import system
from core.domain.refusals import Refusal
from core.domain.values import dataclass
from core.engine import Caller, Receipt
from core.integrations.invoices import document_pdf
from core.integrations.papers import packing_slips_pdf, pick_list_pdf
from core.integrations.proofs import proof_pdf
from core.queries.documents import DocumentView, ShowDocument
from core.queries.picks import ListPicks, PickQueue
from core.queries.proofs import GatherProof, ProofView
from notifications import links


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of paper: what its button says, what its file is called, and who sets it."""

    label: str
    file: str
    made: Callable[[PickQueue], bytes]


@dataclass(frozen=True, slots=True)
class Paper:
    name: str
    pdf: bytes


DOCUMENT, PROOF, LABEL = "d", "p", "b"
KINDS: Mapping[str, Kind] = {
    "l": Kind("Pick List", "pick-list", pick_list_pdf),
    "s": Kind("Packing Slips", "packing-slips", packing_slips_pdf),
}


def paper_buttons(house: House, receipt: Receipt) -> tuple[Action, ...]:
    """Links to what a print put on paper, one of each kind for every location."""
    prints: Mapping[str, str] = receipt.facts.get("papers", {}) if receipt.ok else {}
    issued: Mapping[str, str] = receipt.facts.get("documents", {}) if receipt.ok else {}
    documents = tuple(document_link(house, number, int(i)) for number, i in issued.items())
    return documents + tuple(
        Action(_label(kind, code if len(prints) > 1 else ""), "print", url=_url(house, mark + name))
        for code, name in prints.items()
        for mark, kind in KINDS.items()
    )


def document_link(house: House, number: str, document_id: int) -> Action:
    """The button that opens an invoice or a credit note."""
    return Action(f"{number} (PDF)", "document", url=_url(house, f"{DOCUMENT}{document_id}"))


def proof_link(house: House, number: str, order_id: int) -> Action:
    """The button that opens what a bank asks for about an order."""
    return Action(f"Proof {number} (PDF)", "proof", url=_url(house, f"{PROOF}{order_id}"))


def label_link(house: House, number: str, label_id: int) -> Action:
    """The button that opens the bought label of a return."""
    return Action(f"Label {number} (PDF)", "label", url=_url(house, f"{LABEL}{label_id}"))


def _label(kind: Kind, code: str) -> str:
    return " ".join(filter(None, (kind.label, code, "(PDF)")))


def _url(house: House, subject: str) -> str:
    token = links.sign("papers", subject, house.clock(), house.settings.secrets)
    return f"{house.settings.base_url.rstrip('/')}/papers/{token}"


async def paper_behind(house: House, token: str) -> Paper | None:
    """The paper of a link as it would be set now; None for every link that opens nothing."""
    try:
        subject = links.read("papers", token, house.clock(), house.settings.secrets).subject
    except Refusal:
        return await _sent_to_customer(house, token)
    if subject[:1] == DOCUMENT:
        return await _document(house, subject[1:])
    if subject[:1] == LABEL:
        return await _bought_label(house, subject[1:])
    if subject[:1] == PROOF:
        return await _proof(house, subject[1:])
    kind, printed = KINDS.get(subject[:1]), await house.read(lambda s: printed_as(s, subject[1:]))
    if kind is None or printed is None:
        return None
    caller = Caller(system(printed.shop_id, "papers"), "web")
    queue: PickQueue = await house.query(ListPicks(printed.location, printed.works), caller)
    return await house.hop(lambda: _set(kind, queue))


async def _sent_to_customer(house: House, token: str) -> Paper | None:
    """The paper of a link in a customer's message, unless the order's links are withdrawn."""
    try:
        link = links.read("document", token, house.clock(), house.settings.secrets)
    except Refusal:
        return None
    kind, word = link.subject[:1], link.subject[1:]
    owner = label_order if kind == LABEL else document_order
    order_id = await house.read(lambda s: owner(s, _number(word)))
    target = await house.read(lambda s: link_target(s, order_id))
    if target is None or target.version != link.version:
        return None
    return await (_bought_label if kind == LABEL else _document)(house, word)


async def _document(house: House, word: str) -> Paper | None:
    found = await house.read(lambda s: document_anywhere(s, _number(word)))
    return None if found is None else await house.hop(lambda: document_paper(found))


def _number(word: str) -> int:
    return int(word) if word.isdigit() else 0


async def _bought_label(house: House, word: str) -> Paper | None:
    """None for a label that was given back: nobody is to send with it."""
    found = await house.read(lambda s: label_content(s, _number(word)))
    return Paper(f"label-{found[0]}.pdf", found[1]) if found else None


async def _proof(house: House, word: str) -> Paper | None:
    """Whoever was given the link may read it, as with every paper."""
    found = await house.read(lambda s: order_anywhere(s, _number(word)))
    if found is None:
        return None
    shop_id, number = found
    view: ProofView = await house.query(
        GatherProof(number), Caller(system(shop_id, "papers"), "web")
    )
    return await house.hop(lambda: Paper(f"proof-{view.order}.pdf", proof_pdf(view)))


async def document_numbered(house: House, number: str, caller: Caller) -> Paper:
    """The document of this number for who may see its order. Raises NotFound."""
    view: DocumentView = await house.query(ShowDocument(number), caller)
    paper = await _document(house, str(view.brief.id))
    if paper is None:
        raise AssertionError("documents are never deleted")
    return paper


def document_paper(document: Document) -> Paper:
    return Paper(f"{document.number}.pdf", document_pdf(document))


def files_of(house: House, receipt: Receipt, caller: Caller) -> list[Paper]:
    """Every paper of a print at once, for who has no browser at hand."""
    works = tuple(receipt.facts["works"])
    queues = [
        house.engine.query(ListPicks(code, works), caller) for code in receipt.facts["papers"]
    ]
    return [_set(kind, queue) for queue in queues for kind in KINDS.values()]


def _set(kind: Kind, queue: PickQueue) -> Paper:
    name = f"{kind.file}-{queue.location}-{queue.at:%Y%m%d-%H%M%S}.pdf"
    return Paper(name, kind.made(queue))
