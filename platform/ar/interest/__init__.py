"""Late interest: terms and rates, runs, charges, waivers."""
