"""Shipped notes that have not come back signed: the list of Monday, reasons and measures."""
