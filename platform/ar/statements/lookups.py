"""Lookups of statements for other slices: the statements in force, their PDFs and their answers."""

from __future__ import annotations

from ar.statements.confirmations import active_contact, mask_address, verified_code_address
from ar.statements.documents import Sender, page_texts
from ar.statements.list_queries import UnconfirmedStatement, oldest_unconfirmed
from ar.statements.mails import PURPOSE
from ar.statements.queries import find_answer, sender, standing_statements, statement_view, stored_pdf
from ar.statements.views import AnswerView, LineView, StatementView

__all__ = [
    "PURPOSE",
    "AnswerView",
    "LineView",
    "Sender",
    "StatementView",
    "UnconfirmedStatement",
    "active_contact",
    "find_answer",
    "mask_address",
    "oldest_unconfirmed",
    "page_texts",
    "sender",
    "standing_statements",
    "statement_view",
    "stored_pdf",
    "verified_code_address",
]
