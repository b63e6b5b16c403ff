"""The receivables ledger: entries, open items and allocations; documents, accounts, period end; their rules."""
