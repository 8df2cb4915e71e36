"""Are two traces the same? Their normal forms, and what differs."""
