"""Pulumi's own CLI on an embedded AWS, with state, settings and credentials apart from the user's."""
