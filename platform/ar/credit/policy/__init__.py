"""The company's credit policy: weights, caps, tolerances, which checks are on; versioned."""
