"""Event sources that invoke functions."""
