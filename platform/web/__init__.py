"""What pages share and no business knows: assets, ids of elements, formatters, paging, filters, guards.

May import kernel, Flask and its extensions; never tenants, ar or app. Invariant: no domain word in here.
"""
