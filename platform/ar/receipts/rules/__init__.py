"""Decides what a payment pays: legal order of allocation, matching tiers, numbers mentioned in a text."""
