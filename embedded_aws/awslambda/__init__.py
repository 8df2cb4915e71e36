"""The Lambda service around the real runtime client."""
