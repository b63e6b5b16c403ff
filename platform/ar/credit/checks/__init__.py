"""Whether an order may be confirmed, picked, shipped: holds, over-limit requests, proofs of payment."""
