"""Builds the demo companies with fourteen months of history, by the product's own commands.

`play.seed` builds them, `people.sign_ins` says who may sign in. Invariants: a second run finds the companies and only
returns the sign-ins; the same day gives the same companies; nothing here is needed to run the product.
"""
