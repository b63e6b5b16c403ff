"""Defines the choices of the mapping page, as (value of the mapping, label)."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from kernel.sheets.mapping import SKIP

SIGNS: Final = (
    ("", mark("The type of document tells")),
    ("owed_positive", mark("Above zero is owed, below zero a credit or payment")),
    ("owed_negative", mark("Below zero is owed, above zero a credit or payment")),
)
RECEIPT_SIGNS: Final = (
    ("", mark("Payments stand above zero")),
    ("owed_positive", mark("Payments stand below zero")),
)
EARLY_DUE: Final = (("keep", mark("Kept as written")), ("document_date", mark("The document date is taken")))
BEFORE_LOCK: Final = (("refuse", mark("An error")), ("opening", mark("Posted on the first open day, as openings")))
UNNUMBERED: Final = (
    ("payments", mark("Payments get one of ours; of others it is an error")),
    ("all", mark("All get one of ours")),
    ("refuse", mark("An error")),
)
HEADINGS: Final = (
    ("", mark("There are none")),
    ("customer_name", mark("The name of their customer")),
    ("customer_no", mark("The number of their customer, then its name")),
    (SKIP, mark("Pass these lines over")),
)
CARRIED: Final = (("", mark("An error")), ("customer_no,customer_name", mark("The customer of the row above")))
REPEATED: Final = (("refuse", mark("An error")), ("pass_over", mark("Passed over, where all values are the same")))
