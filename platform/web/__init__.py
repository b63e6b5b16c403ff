"""What pages share and no business knows: assets, ids of elements, formatters, paging, filters, guards.

Invariant: no domain word in here.
"""
