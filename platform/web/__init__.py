"""Helpers of pages without business terms: assets, ids of elements, formatters, paging, filters, responses.

Invariant: no term of the domain in here.
"""
