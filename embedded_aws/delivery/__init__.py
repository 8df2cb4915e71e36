"""How services of AWS deliver to others: what a target is called with, retries, dead letters."""
