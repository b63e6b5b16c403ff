"""The receivables ledger: what is owed, since when, and the pure rules of due dates, aging and stages."""
