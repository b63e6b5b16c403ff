"""Links and codes: stored hashed, carrying their tenant, expiring, revocable; codes counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from kernel import tokens
from kernel.ids import new_id
from kernel.tokens import CODE_LIFE, CODE_TRIES_MAX, CODES_PER_TOKEN_MAX
from tests.support.companies import TestCompany


def _token(company: TestCompany) -> str:
    with company.transaction() as db:
        _id, text = tokens.issue(
            db,
            company.actor(),
            "statement",
            subject_id=new_id(),
            customer_id=new_id(),
            contact_id=None,
            life=timedelta(days=60),
        )
    return text


def test_a_token_opens_its_purpose_in_its_tenant_until_it_expires(
    company: TestCompany, other_company: TestCompany
) -> None:
    text, now = _token(company), company.actor().now
    assert tokens.tenant_of(text) == company.tenant_id
    with company.reading() as db:
        assert tokens.resolve(db, text, "statement", now) is not None
        assert tokens.resolve(db, text, "delivery", now) is None
        assert tokens.resolve(db, text, "statement", now + timedelta(days=61)) is None
        assert tokens.resolve(db, text[:-2] + "zz", "statement", now) is None
        assert tokens.resolve(db, "不是", "statement", now) is None
    with other_company.reading() as db:
        assert tokens.resolve(db, text, "statement", now) is None


def test_a_token_has_one_spelling(company: TestCompany) -> None:
    """The decoder passes over foreign characters and spare bits; a link that opens is the link that was sent."""
    text, now = _token(company), company.actor().now
    for spelling in (text + "=", text[:10] + "!" + text[10:], text + "A", " " + text, text.replace("-", "+")):
        assert spelling == text or tokens.tenant_of(spelling) is None
        with company.reading() as db:
            assert (tokens.resolve(db, spelling, "statement", now) is None) == (spelling != text)


def test_what_is_stored_does_not_open_anything(company: TestCompany) -> None:
    text = _token(company)
    with company.reading() as db:
        kept = db.execute(
            sa.text("SELECT secret_hash FROM access_token WHERE tenant_id = :t"), {"t": company.tenant_id}
        ).scalar_one()
    assert kept not in text
    assert len(kept) == 64


def test_a_code_is_right_once_and_wrong_tries_are_counted(company: TestCompany) -> None:
    text, actor = _token(company), company.actor()
    with company.transaction() as db:
        facts = tokens.resolve(db, text, "statement", actor.now)
        assert facts is not None
        made = tokens.new_code(db, actor, facts.id, "a@b.example")
        assert made is not None
    code_id, code = made
    with company.transaction() as db:
        assert tokens.use_code(db, actor, facts.id, "000000" if code != "000000" else "111111") is None
    with company.transaction() as db:
        assert tokens.use_code(db, actor, facts.id, f" {code} ") == code_id
    with company.transaction() as db:
        assert tokens.use_code(db, actor, facts.id, code) is None


def test_after_too_many_tries_even_the_right_code_is_refused(company: TestCompany) -> None:
    text, actor = _token(company), company.actor()
    with company.transaction() as db:
        facts = tokens.resolve(db, text, "statement", actor.now)
        assert facts is not None
        made = tokens.new_code(db, actor, facts.id, "a@b.example")
        assert made is not None
    wrong = "000000" if made[1] != "000000" else "111111"
    for _ in range(CODE_TRIES_MAX):
        with company.transaction() as db:
            assert tokens.use_code(db, actor, facts.id, wrong) is None
    with company.transaction() as db:
        assert tokens.use_code(db, actor, facts.id, made[1]) is None


def test_an_old_code_is_refused_and_codes_are_rationed(company: TestCompany) -> None:
    text, actor = _token(company), company.actor()
    with company.transaction() as db:
        facts = tokens.resolve(db, text, "statement", actor.now)
        assert facts is not None
        made = tokens.new_code(db, actor, facts.id, "a@b.example")
        assert made is not None
    late = replace(actor, now=actor.now + CODE_LIFE)
    with company.transaction() as db:
        assert tokens.use_code(db, late, facts.id, made[1]) is None
    with company.transaction() as db:
        for _ in range(CODES_PER_TOKEN_MAX - 1):
            assert tokens.new_code(db, actor, facts.id, "a@b.example") is not None
        assert tokens.new_code(db, actor, facts.id, "a@b.example") is None
