"""Statements of account: frozen, sent, and confirmed or disputed by the customer."""
