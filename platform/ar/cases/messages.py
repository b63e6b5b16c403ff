"""Texts of the error codes of cases, and names of holds."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "policy_not_found": mark("There is no policy “%(policy)s”."),
    "policy_not_published": mark("The policy “%(policy)s” is not published for this company."),
    "policy_step_without_texts": mark(
        "The step “%(step)s” has no texts. A policy can only use steps that have a name and a letter or task text."
    ),
    "action_not_found": mark("This letter or task was not found."),
    "action_decided": mark("%(name)s has already decided this: %(state)s. Nothing was changed."),
    "action_empty": mark("Nothing here is to be chased any more: %(reason)s. It was removed from the queue."),
    "approval_role_needed": mark("This needs the approval of: %(role)s."),
    "approval_first": mark("This task needs its approval before it can be done."),
    "no_dunning_contact": mark("%(customer)s has no contact for reminders with a working e-mail. Add one first."),
    "action_not_yet_due": mark("This is due on %(day)s. It can be approved from that day on."),
    "run_day_passed": mark(
        "The latest run was for %(newest)s, so nothing more can be proposed for %(day)s. Choose that day or a "
        "later one."
    ),
    "deadline_past": mark("The deadline must be after today."),
    "not_a_letter": mark("Only letters go out by e-mail; this is a task."),
    "not_a_task": mark("A letter is approved or skipped; only calls and tasks are marked as done."),
    "letter_claims_nothing": mark("Nothing is left to claim, so this letter is not sent again. Close it instead."),
    "no_address_yet": mark(
        "This customer still has no contact with a working e-mail. Add one first, then mark the task as done."
    ),
    "not_in_doubt": mark("Nothing is in doubt here any more."),
    "block_not_found": mark("This hold was not found."),
    "block_lifted_before": mark("This hold has already been lifted."),
    "block_until_past": mark("The last day of the hold is in the past."),
    "promise_needs_day": mark("A promise needs the day on which payment was promised."),
    "promise_day_past": mark("The promised day is in the past."),
    "promise_too_far": mark("A promise can be noted up to %(last_on)s; for a later day, ask finance to place a hold."),
    "promise_not_chosen": mark("A promised day or amount was entered: choose “Promised to pay”, or empty them."),
    "promise_needs_currency": mark("Choose the currency of the promised amount."),
    "promise_is_the_next_day": mark("A promise is looked at after its own day. Leave the next day empty."),
    "next_day_needed": mark("Nobody was reached: name the day of the next try."),
    "next_day_past": mark("The day of the next try must be after today."),
    "done_by_role": mark("This is done by: %(role)s."),
    "item_not_of_customer": mark("This document does not belong to the customer."),
    "simulation_too_long": mark("Simulate at most %(days)s days at once."),
    "simulation_ends_before": mark("The last day is before the first."),
}

HOLD_NAMES: dict[str, str] = {
    "block": mark("Hold"),
    "dispute": mark("Dispute"),
    "promise": mark("Promise to pay"),
}
