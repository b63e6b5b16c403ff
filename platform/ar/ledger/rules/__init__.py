"""The pure decisions of the ledger: due dates, aging, stages, conversion, instalment shares, key figures."""
