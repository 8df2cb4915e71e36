"""Runs a Pulumi program and turns its resources into AWS API calls."""
