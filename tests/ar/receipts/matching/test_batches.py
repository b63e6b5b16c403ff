"""Exactly the sure lines that were shown are posted, each with its result, and the batch can be undone."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID, uuid4

import pytest

from ar.receipts.matching import batch_queries
from ar.receipts.matching.batches import post_shown_lines, undo_batch
from ar.receipts.matching.commands import match_lines
from ar.receipts.matching.inputs import PostShownLines, ShownLine, UndoBatch
from ar.receipts.posting.queries import credit_page
from ar.receipts.refunds.commands import request_refund
from ar.receipts.refunds.inputs import RequestRefund
from kernel.errors import Conflict
from tests.support.approvals import person
from tests.support.world import World

ON = date(2026, 11, 18)


def owe(world: World, number: str, minor: int) -> UUID:
    """An invoice of a customer of its own."""
    customer = world.customer(f"C{number}", f"客户{number}号")
    return world.invoice(customer, number=f"INV-{number}", on=date(2026, 10, 1), minor=minor)


def shown(world: World) -> list[ShownLine]:
    with world.reading() as db:
        lines, _total = batch_queries.sure_lines(db, world.actor())
    return [ShownLine(line_id=each.id, proof=each.proof) for each in lines]


def post(world: World, lines: list[ShownLine], key: str = "") -> batch_queries.BatchPage:
    with world.transaction() as db:
        data = PostShownLines(lines=tuple(lines), key=key or uuid4().hex)
        batch_id = post_shown_lines(db, world.actor(), data)
        return batch_queries.batch_page(db, world.tenant_id, batch_id)


def undo(world: World, batch_id: UUID) -> batch_queries.BatchPage:
    with world.transaction() as db:
        undo_batch(db, world.actor(), batch_id, UndoBatch(key=uuid4().hex))
        return batch_queries.batch_page(db, world.tenant_id, batch_id)


def outcomes(page: batch_queries.BatchPage) -> dict[str, tuple[str, str | None]]:
    return {line.remittance: (line.outcome, line.undo_outcome) for line in page.lines}


def test_what_became_sure_after_the_page_was_shown_is_not_posted(world: World) -> None:
    """ "Post 1 sure line" posts that one, although two are sure by now."""
    first = owe(world, "1001", 500_00)
    second = owe(world, "1002", 300_00)
    world.bank_line(on=ON, amount="500.00", text="INV-1001")
    seen = shown(world)
    world.bank_line(on=ON, amount="300.00", text="INV-1002")
    page = post(world, seen)
    assert outcomes(page) == {"INV-1001": ("posted", None)}
    assert (world.open_minor_of(first), world.open_minor_of(second)) == (0, 300_00)


def test_a_line_whose_proposal_changed_or_that_was_decided_is_passed_over_and_said(world: World) -> None:
    owe(world, "1001", 500_00)
    changed = owe(world, "1002", 300_00)
    owe(world, "1003", 90_00)
    _line, _other, taken = world.bank_lines_of(
        ("500.00", "INV-1001"), ("300.00", "INV-1002"), ("90.00", "INV-1003"), on=ON
    )
    seen = shown(world)
    note = world.credit_note(world.open_item(changed).customer_id, number="CN-1", on=ON, minor=1_00)
    world.allocate(changed, note, minor=1_00)
    alone = [each for each in seen if each.line_id == taken]
    post(world, alone)
    page = post(world, seen)
    assert outcomes(page) == {
        "INV-1001": ("posted", None),
        "INV-1002": ("changed", None),
        "INV-1003": ("decided", None),
    }


def test_a_proof_of_other_documents_posts_nothing(world: World) -> None:
    invoice = owe(world, "1001", 500_00)
    world.bank_line(on=ON, amount="500.00", text="INV-1001")
    (line,) = shown(world)
    page = post(world, [ShownLine(line_id=line.line_id, proof="0" * 16)])
    assert [each.outcome for each in page.lines] == ["changed"]
    assert world.open_minor_of(invoice) == 500_00


def test_the_same_form_twice_posts_once(world: World) -> None:
    owe(world, "1001", 500_00)
    world.bank_line(on=ON, amount="500.00", text="INV-1001")
    seen, key = shown(world), uuid4().hex
    assert post(world, seen, key).id == post(world, seen, key).id
    assert world.count_documents("receipt") == 1


def test_a_batch_is_undone_and_its_lines_wait_again(world: World) -> None:
    invoice = owe(world, "1001", 500_00)
    line = world.bank_line(on=ON, amount="500.00", text="INV-1001")
    page = undo(world, post(world, shown(world)).id)
    assert outcomes(page) == {"INV-1001": ("posted", "undone")}
    assert world.open_minor_of(invoice) == 500_00
    assert (world.find_bank_line(line).state, world.balance_of("bank")) == ("open", 0)
    assert world.ledger_findings() == []
    with pytest.raises(Conflict, match="batch_undone"):
        undo(world, page.id)
    with world.transaction() as db:
        assert match_lines(db, world.actor()).sure == 1  # undoing is no refusal of the match


def test_what_something_depends_on_stays(world: World) -> None:
    owe(world, "1001", 500_00)
    owe(world, "1002", 300_00)
    owe(world, "1003", 90_00)
    world.bank_lines_of(("500.00", "INV-1001"), ("300.00", "INV-1002"), ("90.00", "INV-1003"), on=ON)
    batch = post(world, shown(world))
    receipts = {line.remittance: line.receipt_item_id for line in batch.lines}
    changed, refunded = receipts["INV-1001"], receipts["INV-1002"]
    assert changed is not None
    assert refunded is not None
    with world.reading() as db:
        pages = {each: credit_page(db, world.tenant_id, each) for each in (changed, refunded)}
    world.unapply(pages[changed].paid[0].id)
    world.unapply(pages[refunded].paid[0].id)
    for role in ("finance_director", "general_manager"):
        person(world, role, today=world.today)
    with world.transaction() as db:
        asked = {"amount": "300", "payee_name": "x", "reason": "多付", "key": uuid4().hex}
        request_refund(db, world.actor(), refunded, RequestRefund.model_validate(asked))
    assert outcomes(undo(world, batch.id)) == {
        "INV-1001": ("posted", "depends"),
        "INV-1002": ("posted", "depends"),
        "INV-1003": ("posted", "undone"),
    }


def test_the_pages_show_sum_list_and_results(world: World) -> None:
    invoice = owe(world, "1001", 500_00)
    owe(world, "1002", 300_00)
    world.bank_lines_of(("500.00", "INV-1001"), ("300.00", "INV-1002"), on=ON)
    client = world.client("accountant", "en")
    assert "Look at 2 sure lines" in client.get(world.url("/matching/")).text
    page = client.get(world.url("/matching/sure")).text
    for text in ("2 lines", "800.00", "INV-1001", "客户1002号"):
        assert text in page
    ticked = re.findall(r'name="selected" value="([^"]+)"', page)
    answer = client.post(world.url("/matching/sure"), data={"selected": ticked[:1], "key": uuid4().hex})
    assert answer.status_code == 303
    result = client.get(answer.location).text
    assert "1 line posted" in result
    assert "RC-2026-000001" in result
    assert client.post(answer.location + "/undoing", data={"key": uuid4().hex}).status_code == 303
    assert "Undone" in client.get(world.url("/matching/batches")).text
    assert world.open_minor_of(invoice) == 500_00
    again = client.post(answer.location + "/undoing", data={"key": uuid4().hex})
    assert again.status_code == 422
    assert "already undone" in again.text
