"""Defines the inputs of the customer file: documents, their verification, the number's check."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ar.customers.rules.customer_file import DocumentKind
from kernel.inputs import CommandInput, OptionalDay
from kernel.texts import OneLine

TEXT_MAX = 500
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_MAX)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT_MAX)]


class UploadDocument(CommandInput):
    """Puts a document into the file. `no_end`: it has no last day, which some kinds have to say."""

    kind: DocumentKind
    number: OneLine = Field(default="", max_length=80)
    issued_on: OptionalDay = None
    expires_on: OptionalDay = None
    no_end: bool = False
    note: Note = ""


class VerifyDocument(CommandInput):
    """Says that a document is true. `original_seen`: the original was held beside the copy (R023)."""

    original_seen: bool = False
    note: Note = ""


class ArchiveDocument(CommandInput):
    """Says where the sealed copy lies."""

    place: OneLine = Field(min_length=1, max_length=TEXT_MAX)


class RejectDocument(CommandInput):
    """Refuses a document, or takes its verification back."""

    reason: Reason


class ConfirmNumber(CommandInput):
    """Says that a doubtful number stands in the register; `source`: which one."""

    source: Literal["gsxt", "licence", "vies", "gleif", "other"] = "gsxt"
    note: Reason
