"""Refunds of money that was paid too much, by approval."""
