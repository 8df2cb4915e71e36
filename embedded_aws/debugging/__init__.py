"""Debugging functions: a port of each for an editor, and no time limit while somebody stands at a line."""
