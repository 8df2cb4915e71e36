"""Traces, their list and the service map as lines of a terminal."""
