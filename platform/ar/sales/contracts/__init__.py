"""Quotations and contracts: checked, sealed, kept in three copies."""
