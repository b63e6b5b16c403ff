"""Matches bank lines to customers and open items: proposals, sure matches, matching by hand."""
