"""Guarantees, deposits, mortgages and insurers' cover: registered, watched until they run out."""
