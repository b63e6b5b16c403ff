"""What other slices may ask of statements: the standing one, its paper, its answers.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.statements.confirmations import active_contact, entered_code, masked
from ar.statements.documents import Sender, page_texts
from ar.statements.mails import PURPOSE
from ar.statements.queries import answer, pdf_of, sender, standing, statement_view
from ar.statements.views import AnswerView, LineView, StatementView

__all__ = [
    "PURPOSE",
    "AnswerView",
    "LineView",
    "Sender",
    "StatementView",
    "active_contact",
    "answer",
    "entered_code",
    "masked",
    "page_texts",
    "pdf_of",
    "sender",
    "standing",
    "statement_view",
]
