"""Late interest: terms, runs, charges and waivers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ar.interest import commands, queries, waivers
from ar.interest.inputs import AddRate, PostInterest, ReverseInterest, SetTerms, WaiveInterest
from ar.interest.rates import add_rate
from ar.interest.run_preview import Preview
from tests.support.world.base import Base, fresh_key


class Interest(Base):
    """Makers of late interest."""

    def interest_preview(
        self, through: date | None = None, *, customer_no: str = "", currency: str | None = None
    ) -> Preview:
        """Returns the interest that a run through a day (default today) would charge."""
        with self.reading() as db:
            return commands.preview(db, self.actor(), through or self.today, customer_no, currency)

    def interest_posting(self, through: date | None = None, **values: object) -> PostInterest:
        """Returns the input that charges what is previewed now, without posting it."""
        through = through or self.today
        seen = self.interest_preview(through, customer_no=str(values.get("customer_no", "")))
        given = {"through_on": through, "document_on": self.today, "fingerprint": seen.fingerprint, "key": fresh_key()}
        given |= {"everyone": True, "due_days": 0}
        return PostInterest.model_validate(given | values)

    def post_interest(self, through: date | None = None, **values: object) -> queries.RunPage:
        """Charges what is previewed now; returns the run as its page shows it."""
        data = self.interest_posting(through, **values)
        with self.transaction() as db:
            run = commands.post_run(db, self.actor(), data)
        return self.interest_run(run)

    def interest_run(self, run: UUID) -> queries.RunPage:
        """Returns a run as its page shows it."""
        with self.reading() as db:
            return queries.run_page(db, self.tenant_id, run)

    def interest_charge(self, charge: UUID) -> queries.ChargePage:
        """Returns a charge as its page shows it."""
        with self.reading() as db:
            return queries.charge_page(db, self.tenant_id, charge)

    def interest_terms(self, customer: UUID | None, **values: object) -> UUID:
        """Sets the terms of late interest of a customer (None: of the company), by default from 2020 on."""
        data = SetTerms.model_validate({"from_on": date(2020, 1, 1)} | values)
        with self.transaction() as db:
            return commands.set_terms(db, self.actor(), customer, data)

    def reference_rate(self, series: str, from_on: date, percent: str, **values: object) -> None:
        """Records a published rate."""
        given = {"series": series, "from_on": from_on, "percent": percent, "source": "chinamoney.com.cn"} | values
        with self.transaction() as db:
            add_rate(db, self.actor(), AddRate.model_validate(given))

    def waive_interest(self, charge: UUID, amount: str, **values: object) -> UUID | None:
        """Waives so much of a charge; returns the waiver, or None while it waits for approval."""
        data = WaiveInterest.model_validate({"amount": amount, "reason": "goodwill", "key": fresh_key()} | values)
        with self.transaction() as db:
            return waivers.waive(db, self.actor(), charge, data)

    def reinstate_interest(self, waiver: UUID) -> None:
        """Takes a waiver back."""
        with self.transaction() as db:
            waivers.reinstate(db, self.actor(), waiver, ReverseInterest(reason="not kept"))

    def reverse_interest(self, charge: UUID) -> None:
        """Reverses a charge."""
        with self.transaction() as db:
            waivers.reverse_charge(db, self.actor(), charge, ReverseInterest(reason="wrong rate"))
