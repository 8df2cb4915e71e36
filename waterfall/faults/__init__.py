"""Experiments of AWS FIS."""
