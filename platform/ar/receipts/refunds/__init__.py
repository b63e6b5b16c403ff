"""Refunds unapplied credits after approval."""
