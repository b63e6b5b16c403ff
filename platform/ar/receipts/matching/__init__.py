"""Matching of bank lines to customers and documents: proposals, sure ones, by hand."""
