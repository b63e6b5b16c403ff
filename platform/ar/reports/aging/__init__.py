"""The aging report: page, files, and its tie to the ledger."""
