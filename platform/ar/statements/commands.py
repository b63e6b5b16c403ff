"""Commands of statements for other slices: issue, send, enclose, answer, record a delivery outcome."""

from __future__ import annotations

from ar.statements.confirmations import RecordedAnswer, answer_statement, send_code, verify_code
from ar.statements.delivery_outcome import record_delivery_outcome
from ar.statements.drawing_up import IssuedStatement
from ar.statements.issuing import issue_statement, send_statement
from ar.statements.links import enclose_statement, find_link, is_link_closed

__all__ = [
    "IssuedStatement",
    "RecordedAnswer",
    "answer_statement",
    "enclose_statement",
    "find_link",
    "is_link_closed",
    "issue_statement",
    "record_delivery_outcome",
    "send_code",
    "send_statement",
    "verify_code",
]
