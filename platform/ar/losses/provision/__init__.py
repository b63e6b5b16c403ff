"""The provision for expected losses: policy, estimate, run and its posting."""
