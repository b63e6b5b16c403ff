"""Receivables: one folder per slice (customers, ledger, statements, cases, portal, imports, reports)."""
