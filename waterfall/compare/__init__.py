"""Are two traces the same? Their normal forms, and what differs; pure but for `modes`, which runs them."""
