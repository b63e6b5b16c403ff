"""What others may have statements do: issue, send, enclose, answer, record the outcome of a mail.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.statements.confirmations import Answered, answer_statement, enter_code, send_code
from ar.statements.delivery_outcome import judge_mail
from ar.statements.issuing import Issued, issue, issue_statement, lock_for_statements, send
from ar.statements.links import enclose_statement, find_link

__all__ = [
    "Answered",
    "Issued",
    "answer_statement",
    "enclose_statement",
    "enter_code",
    "find_link",
    "issue",
    "issue_statement",
    "judge_mail",
    "lock_for_statements",
    "send",
    "send_code",
]
