"""The last requests and invocations, each with what decided about its trace."""
