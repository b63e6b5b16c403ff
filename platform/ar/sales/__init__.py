"""Sales before the debt: contracts, orders, deliveries and their sign-off."""
