"""Inputs of the commands that invoice deliveries."""

from __future__ import annotations

from datetime import date

from ar.sales.orders.inputs import ShortText
from kernel.inputs import CommandInput


class InvoiceDelivery(CommandInput):
    """Post the invoice of what was signed for of a delivery. `number` empty: the next one of the company."""

    number: ShortText = ""


class RegisterInvoice(CommandInput):
    """Note the invoice that went with goods before they were signed for; it is posted with the signature."""

    number: ShortText
    invoiced_on: date
