"""Statements: what we say a customer owes, frozen, sent, and confirmed or disputed by the customer."""
