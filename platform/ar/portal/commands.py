"""Commands that a portal link allows: request a code, enter it, answer once.

Invariant: a link allows no other command.
"""

from __future__ import annotations

from ar.statements.commands import RecordedAnswer, answer_statement, send_code, verify_code
from ar.statements.lookups import verified_code_address

__all__ = ["RecordedAnswer", "answer_statement", "send_code", "verified_code_address", "verify_code"]
