"""Whether an invoice was sent, and whether the customer confirmed that it came (R108)."""
