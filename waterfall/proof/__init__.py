"""Is a trace still what it was, and as fast? Traces are recorded as text, and checked against it later."""
