"""Texts of late interest: error sentences, names of terms, series and reasons."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "interest_run_not_found": mark("There is no such interest run."),
    "interest_charge_not_found": mark("There is no such interest document."),
    "interest_waiver_not_found": mark("There is no such waiver."),
    "interest_customer_unknown": mark("There is no customer with the number %(number)s."),
    "interest_through_future": mark(
        "Interest runs through today (%(today)s) at the latest: later payments are not known yet."
    ),
    "interest_document_day": mark("The documents must be dated from %(first)s to %(last)s."),
    "interest_nothing": mark("Nothing is left to charge, so no run was posted."),
    "interest_nobody": mark("Tick the customers to charge, or all of them. Nothing was posted."),
    "interest_nothing_to_correct": mark("Choose at least one line. Nothing was posted."),
    "interest_correction_ahead": mark("A correction is dated %(today)s at the latest."),
    "interest_changed": mark("The books have changed since this preview. Check the new figures, then post."),
    "interest_charge_reversed": mark("%(document_no)s has been reversed, so there is nothing to waive."),
    "interest_rate_unknown": mark(
        "No rate is known for %(document_no)s on %(on)s. Record it under reference rates, or state principal only."
    ),
    "interest_rate_missing": mark(
        "The reference rate from %(on)s is not known. Record what was published, or choose to post without the "
        "documents that need it."
    ),
    "interest_rate_days": mark("The last day lies between the first one and today (%(today)s)."),
    "interest_rate_half_year": mark("This rate is set for half-years: it begins on 1 January or 1 July."),
    "interest_rate_ahead": mark("%(on)s is more than a year ahead. Check the year."),
    "interest_minimum_currency": mark("A minimum charge needs a currency."),
    "interest_minimum_unreadable": mark("“%(amount)s” is not an amount in this currency."),
    "interest_smallest_unreadable": mark("“%(amount)s” is not an amount in this currency."),
    "interest_standard_of_company": mark("“Same as the company” is for customers. Choose the company's own terms."),
}

TERMS_NAMES: dict[str, str] = {
    "contract": mark("Contract rate"),
    "lpr": mark("LPR × factor"),
    "sme_daily": mark("0.05 per cent a day (small suppliers)"),
    "statute": mark("Law of a country"),
    "de": mark("Germany, BGB § 288 (2)"),
    "fr": mark("France, Code de commerce L441-10"),
    "be": mark("Belgium, law of 2 August 2002"),
    "nl": mark("Netherlands, BW 6:119a"),
    "at": mark("Austria, UGB § 456"),
    "es": mark("Spain, Ley 3/2004"),
    "it": mark("Italy, D.Lgs. 231/2002"),
    "ie": mark("Ireland, S.I. 580/2012"),
    "eu": mark("EU Directive 2011/7"),
    "uk": mark("UK Act of 1998"),
    "none": mark("No interest"),
    "standard": mark("Same as the company"),
}

TERMS_HINTS: dict[str, str] = {
    "contract": mark("What was agreed comes first. Enter the yearly rate or the daily rate."),
    "lpr": mark("The contract is silent: one-year LPR on the day of default times 1.3 to 1.5."),
    "sme_daily": mark("The debtor is a large company or a public body and the contract is silent."),
    "statute": mark("Reference rate and points as that law has them; the rate changes with the half-year."),
    "eu": mark("Reference rate of the half-year plus 8 points, 40 EUR for each late debt."),
    "uk": mark("Bank Rate before the half-year of default plus 8 points, 40 to 100 GBP for each late debt."),
    "none": mark("Agreed to bear no interest."),
    "standard": mark("From that day this customer follows the company's terms again."),
}

SERIES_NAMES: dict[str, str] = {
    "lpr_1y": mark("One-year LPR"),
    "sme_daily": mark("Daily rate for small suppliers"),
    "ecb_reference": mark("ECB rate of the half-year"),
    "boe_reference": mark("Bank Rate of the half-year"),
    "bgb_base": mark("German base rate (BGB § 247)"),
    "oenb_base": mark("Austrian base rate"),
}

REASON_NAMES: dict[str, str] = {
    "grace": mark("Within the days of grace"),
    "no_rate": mark("No rate is known for %(day)s"),
    "minimum": mark("Below the minimum charge"),
}

#: The publishers as reference_rates.json writes them, so that their names are translated.
PUBLISHERS = (
    mark("National Interbank Funding Center, authorised by the People's Bank of China"),
    mark("State Council, Order 728 art. 15 (2020), Order 802 art. 17 (2025)"),
    mark("European Central Bank, main refinancing operations in force on 1 January and 1 July"),
    mark("Bank of England, Bank Rate in force on 31 December and 30 June"),
    mark("Deutsche Bundesbank, base rate of section 247 of the Civil Code from 1 January and 1 July"),
    mark("Oesterreichische Nationalbank, base rate in force on 1 January and 1 July"),
)
