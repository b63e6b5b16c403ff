"""Messages of the error codes of bills; names of kinds, states and steps."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "bill_not_found": mark("There is no such bill."),
    "bill_exists": mark("The bill %(number)s is on the books already."),
    "bill_customer_unknown": mark("There is no customer %(number)s."),
    "bill_amount_unreadable": mark("“%(amount)s” is not an amount in this currency."),
    "bill_amount_not_positive": mark("The amount must be more than zero."),
    "bill_words_unreadable": mark("“%(words)s” is not an amount in capitals."),
    "bill_words_differ": mark("Capitals and figures differ: the capitals say %(amount)s. Such a bill is void."),
    "bill_maturity_missing": mark("Give the maturity, or the tenor in months or in days."),
    "bill_maturity_differs": mark("By this tenor the bill matures on %(computed_on)s."),
    "bill_tenor_twice": mark("Give the tenor in months or in days, not both."),
    "bill_matures_too_early": mark("A bill matures after the day of its issue."),
    "bill_tenor_long": mark(
        "This is longer than the %(months)s months allowed: at most %(longest_on)s. Tick below if it stands so."
    ),
    "bill_received_ahead": mark("This cannot be after today, %(until_on)s."),
    "bill_received_before_issue": mark("The bill was issued on %(since_on)s only."),
    "bill_received_after_maturity": mark("The bill matured on %(until_on)s; it can no longer be taken in payment."),
    "bill_nothing_chosen": mark("Tick the documents that the bill pays, or choose another way."),
    "bill_chosen_gone": mark("One of the documents is no longer open, or of another currency. Choose again."),
    "bill_moved_on": mark("Somebody else has just done something with bill %(number)s. Look at it again."),
    "bill_step_impossible": mark("This cannot be done with bill %(number)s as it stands."),
    "bill_step_ahead": mark("This cannot be after today, %(until_on)s."),
    "bill_step_before_last": mark("This cannot be before the last step, %(since_on)s."),
    "bill_booked_ahead": mark("It cannot be booked after today, %(until_on)s."),
    "bill_booked_before": mark("It cannot be booked before %(since_on)s."),
    "bill_not_transferable": mark("Bill %(number)s says that it is not transferable."),
    "bill_matured": mark("The bill matured on %(matures_on)s."),
    "bill_not_mature": mark("The bill matures on %(matures_on)s only."),
    "bill_too_late_to_hand_on": mark("After %(last_on)s the bill can no longer be handed on."),
    "bill_no_notice_due": mark("No notice is due for bill %(number)s."),
    "bill_rate_unreadable": mark("“%(rate)s” is not a yearly rate in per cent, such as 1.8."),
    "bill_rate_eats_face": mark("At this rate nothing of the bill is left."),
    "bill_proceeds_unreadable": mark("“%(amount)s” is not an amount in this currency."),
    "bill_proceeds_differ": mark(
        "By rate and %(days)s days the interest is %(interest)s and the bank pays %(proceeds)s. Check rate and days."
    ),
    "bill_nothing_to_undo": mark("The last step of bill %(number)s cannot be undone."),
}

KIND_NAMES: dict[str, str] = {
    "bank": mark("Bank acceptance"),
    "finance_company": mark("Finance-company acceptance"),
    "commercial": mark("Commercial acceptance"),
}

STATE_NAMES: dict[str, str] = {
    "held": mark("In hand"),
    "pledged": mark("Pledged"),
    "endorsed": mark("Endorsed"),
    "discounted": mark("Discounted"),
    "discounted_recourse": mark("Discounted with recourse"),
    "presented": mark("Presented"),
    "honoured": mark("Honoured"),
    "dishonoured": mark("Dishonoured"),
    "cancelled": mark("Entry cancelled"),
}

STATE_TONES: dict[str, str] = {"honoured": "ok", "dishonoured": "late", "presented": "warn"}

EVENT_NAMES: dict[str, str] = {
    "received": mark("Bill received"),
    "pledged": mark("Pledged"),
    "returned": mark("Back from the pledge"),
    "endorsed": mark("Endorsed"),
    "discounted": mark("Discounted without recourse"),
    "discounted_recourse": mark("Discounted with recourse"),
    "presented": mark("Presented for payment"),
    "honoured": mark("Honoured"),
    "dishonoured": mark("Dishonoured"),
    "notified": mark("Notice given"),
    "undone": mark("Last step undone"),
    "cancelled": mark("Entry cancelled"),
}

DUE_NAMES: dict[str, str] = {
    "present": mark("To present"),
    "notice": mark("Notice to give"),
    "outcome": mark("Outcome unknown"),
}

#: URL part → (title of the form, its button).
ACTION_NAMES: dict[str, tuple[str, str]] = {
    "presentation": (mark("Present for payment"), mark("Record the presentation")),
    "payment": (mark("Honoured"), mark("Record the payment")),
    "endorsement": (mark("Endorse"), mark("Record the endorsement")),
    "discount": (mark("Discount the bill"), mark("Record the discount")),
    "pledge": (mark("Pledge"), mark("Record the pledge")),
    "return": (mark("Back from the pledge"), mark("Record the return")),
    "dishonour": (mark("Dishonoured"), mark("Record the refusal")),
    "notice": (mark("Notice to the prior party"), mark("Record the notice")),
    "undoing": (mark("Undo the last step"), mark("Undo")),
    "cancellation": (mark("Entered by mistake"), mark("Cancel the bill")),
}
