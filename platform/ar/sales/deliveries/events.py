"""Journal events of deliveries: names and sentences."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "delivery_planned": Event(mark("Delivery planned"), mark("%(number)s of order %(order_no)s")),
    "delivery_changed": Event(mark("Delivery note changed"), "%(number)s"),
    "delivery_cancelled": Event(mark("Delivery note cancelled"), "%(number)s: %(reason)s"),
    "delivery_picked": Event(mark("Goods picked"), "%(number)s"),
    "delivery_shipped": Event(mark("Goods shipped"), mark("%(number)s on %(on)s"), tone="ok"),
    "delivery_held": Event(mark("Shipment held"), "%(number)s", tone="late"),
    "delivery_taken_over": Event(mark("Delivery taken over"), mark("%(number)s on %(on)s")),
    "delivery_signed": Event(mark("Goods signed for"), mark("%(number)s on %(on)s by %(by)s"), tone="ok"),
    "delivery_sign_off_countered": Event(mark("Signature taken back"), "%(number)s: %(reason)s", tone="late"),
    "delivery_goods_returned": Event(mark("Goods came back"), "%(number)s: %(reason)s"),
    "delivery_invoice_registered": Event(mark("Invoice went with the goods"), "%(number)s: %(document_no)s"),
    "delivery_invoiced": Event(mark("Delivery invoiced"), "%(number)s: %(document_no)s"),
    "delivery_unsigned_explained": Event(mark("Reason for an unsigned note"), "%(number)s: %(reason)s"),
    "delivery_measure_chosen": Event(mark("Measure for an unsigned note"), mark("%(number)s by %(on)s")),
    "unsigned_deliveries_sent": Event(mark("List of unsigned notes sent"), mark("%(count)s notes, %(people)s people")),
}
