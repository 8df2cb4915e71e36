"""Traces as files: to keep, to send to somebody, to open in other viewers."""
