"""What a debtor may change through a link: ask for a code, enter it, answer once.

May import statements' commands. Invariant: there is nothing else; whatever a link can do goes through here.
"""

from __future__ import annotations

from ar.statements.commands import Answered, answer_statement, enter_code, send_code
from ar.statements.lookups import entered_code

__all__ = ["Answered", "answer_statement", "enter_code", "entered_code", "send_code"]
