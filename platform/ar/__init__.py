"""Receivables: one folder per slice."""
