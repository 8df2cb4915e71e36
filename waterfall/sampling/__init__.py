"""Sampling rules, and what they cost."""
