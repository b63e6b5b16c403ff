"""Documents of a customer file: uploaded, verified, archived, rejected, replaced (R022 to R025)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from ar.customers.commands import edit_customer
from ar.customers.file import documents
from ar.customers.file.contents import CustomerFile, customer_file
from ar.customers.file.inputs import (
    ArchiveDocument,
    ConfirmNumber,
    RejectDocument,
    UploadDocument,
    VerifyDocument,
)
from ar.customers.inputs import EditCustomer
from ar.customers.lookups import file_gaps
from ar.customers.rules.customer_file import DocumentKind
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleBroken
from kernel.uploads import UploadedFile
from tests.support.approvals import on, person
from tests.support.world import TODAY, World

SCAN = UploadedFile("执照.pdf", b"%PDF-1.7 licence")
PHOTO = UploadedFile("IMG_0001.JPG", b"\xff\xd8\xff\xe1 blurred")
SEEN = VerifyDocument(original_seen=True)
#: A code of a company registered before 2016, whose check character does not fit.
OLD_CODE = "91350100M000100Y44"


@pytest.fixture(name="seller")
def _seller(world: World) -> Actor:
    return on(person(world, "salesperson"), world, TODAY)


@pytest.fixture(name="clerk")
def _clerk(world: World) -> Actor:
    return on(person(world, "finance"), world, TODAY)


def _upload(world: World, who: Actor, customer: UUID, file: UploadedFile | None = SCAN, **values: object) -> UUID:
    data = UploadDocument.model_validate({"kind": "operator_id", "no_end": True} | values)
    with world.transaction() as db:
        return documents.upload_document(db, who, customer, data, file)


def _file(world: World, customer: UUID) -> CustomerFile:
    with world.reading() as db:
        return customer_file(db, world.tenant_id, customer, TODAY)


def _states(world: World, customer: UUID) -> dict[UUID, str]:
    return {each.id: each.state for each in _file(world, customer).documents}


def test_a_document_opens_the_gate_once_finance_has_seen_the_original(
    world: World, seller: Actor, clerk: Actor
) -> None:
    customer = world.customer("1", entity_type="person")
    document = _upload(world, seller, customer)
    assert [gap.code for gap in _file(world, customer).gaps] == ["unverified:operator_id"]
    with pytest.raises(RuleBroken, match="file_original_needed"), world.transaction() as db:
        documents.verify_document(db, clerk, customer, document, VerifyDocument())
    with world.transaction() as db:
        documents.verify_document(db, clerk, customer, document, SEEN)
    assert not _file(world, customer).gaps
    with world.transaction() as db:
        documents.archive_document(db, clerk, customer, document, ArchiveDocument(place="柜 3，第 12 号"))
    (line,) = _file(world, customer).documents
    assert (line.state, line.verified_by, line.archived_place) == ("archived", clerk.name, "柜 3，第 12 号")
    assert not _file(world, customer).gaps
    with pytest.raises(Conflict, match="document_settled"), world.transaction() as db:
        documents.verify_document(db, clerk, customer, document, SEEN)


def test_nobody_verifies_what_they_uploaded(world: World, clerk: Actor) -> None:
    customer = world.customer("1", entity_type="person")
    document = _upload(world, clerk, customer)
    with pytest.raises(Forbidden, match="file_own_document"), world.transaction() as db:
        documents.verify_document(db, clerk, customer, document, SEEN)


def test_the_older_document_stays_good_until_the_newer_one_is_verified(
    world: World, seller: Actor, clerk: Actor
) -> None:
    customer = world.customer("1", entity_type="person")
    old = _upload(world, seller, customer)
    with world.transaction() as db:
        documents.verify_document(db, clerk, customer, old, SEEN)
    blurred = _upload(world, seller, customer, PHOTO)
    sharp = _upload(world, seller, customer, PHOTO, expires_on=date(2036, 11, 20))
    assert _states(world, customer) == {old: "verified", blurred: "replaced", sharp: "uploaded"}
    assert not _file(world, customer).gaps
    with world.transaction() as db:
        documents.verify_document(db, clerk, customer, sharp, SEEN)
    assert _states(world, customer) == {old: "replaced", blurred: "replaced", sharp: "verified"}
    with world.transaction() as db:
        documents.reject_document(db, clerk, customer, sharp, RejectDocument(reason="照片不是本人"))
    assert [gap.code for gap in _file(world, customer).gaps] == ["missing:operator_id"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"no_end": False}, "file_end_needed"),
        ({"expires_on": "2026-11-19"}, "file_expired"),
        ({"issued_on": "2026-11-21"}, "file_issued_later"),
        ({"issued_on": "2026-11-20", "expires_on": "2026-11-19"}, "file_dates_order"),
    ],
)
def test_days_that_cannot_be_are_refused(world: World, seller: Actor, values: dict[str, object], code: str) -> None:
    customer = world.customer("1", entity_type="person")
    with pytest.raises(RuleBroken, match=code):
        _upload(world, seller, customer, **values)
    assert _upload(world, seller, customer, expires_on="2026-11-20", no_end=False)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (None, "file_no_document"),
        (UploadedFile("执照.pdf", b""), "file_no_document"),
        (UploadedFile("执照.pdf", b"GIF89a"), "file_document_kind"),
        (UploadedFile("执照.exe", b"%PDF-1.7"), "file_document_kind"),
        (UploadedFile("IMG_0001.HEIC", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "file_document_heic"),
        (UploadedFile("执照.jpg", b"\x00\x00\x00\x18ftypmif1"), "file_document_heic"),
        (UploadedFile("执照.pdf", b"%PDF-1.7" + b" " * 12_000_000), "file_document_size"),
    ],
)
def test_what_is_no_scan_or_photo_is_refused(world: World, seller: Actor, file: UploadedFile | None, code: str) -> None:
    customer = world.customer("1", entity_type="person")
    with pytest.raises(RuleBroken, match=code):
        _upload(world, seller, customer, file)


def test_a_true_old_code_that_misfits_is_confirmed_by_a_named_person_and_the_gate_opens(
    world: World, clerk: Actor
) -> None:
    """A changed number is doubted anew, and the system is no named person."""
    customer = world.customer("1", tax_id=OLD_CODE)
    world.complete_file(customer)
    assert _gaps(world, customer) == ["unverified:tax_id"]
    with world.transaction() as db:
        documents.confirm_number(db, clerk, customer, ConfirmNumber(note="登记机关公示信息一致"))
    assert _gaps(world, customer) == []
    assert _file(world, customer).checks[0].checked_by == clerk.name
    other = EditCustomer.model_validate({"name": "客户", "tax_id": "91350100M000100Y45"})
    with world.transaction() as db:
        edit_customer(db, world.actor(), customer, other)
    assert _gaps(world, customer) == ["unverified:tax_id"]


def test_a_number_that_fits_needs_no_confirmation(world: World, clerk: Actor) -> None:
    customer = world.customer("1", tax_id="91350100M000100Y43")
    with pytest.raises(Conflict, match="number_not_doubtful"), world.transaction() as db:
        documents.confirm_number(db, clerk, customer, ConfirmNumber(note="一致"))


def test_other_companies_documents_do_not_exist(world: World, seller: Actor, clerk: Actor) -> None:
    customer, another = world.customer("1"), world.customer("2")
    document = _upload(world, seller, customer, kind=DocumentKind.OTHER)
    with pytest.raises(NotFound), world.transaction() as db:
        documents.verify_document(db, clerk, another, document, SEEN)


def _gaps(world: World, customer: UUID) -> list[str]:
    with world.reading() as db:
        return file_gaps(db, world.tenant_id, [customer], TODAY).get(customer, [])
