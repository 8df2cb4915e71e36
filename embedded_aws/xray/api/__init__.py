"""X-Ray's API, a file for each group of operations."""
