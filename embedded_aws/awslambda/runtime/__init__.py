"""Execution environments: the Runtime API, workers, their pool and what they print."""
