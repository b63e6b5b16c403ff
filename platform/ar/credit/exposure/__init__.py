"""What a customer owes or will owe, against the limit."""
