"""Orders: confirmed within the limit, billed by invoices of the ledger."""
