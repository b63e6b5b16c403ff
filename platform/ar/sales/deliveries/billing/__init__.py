"""What was signed for and not invoiced: invoices of deliveries, posted on the day of the signature."""
