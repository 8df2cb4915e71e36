"""Pulumi components of a traced serverless API."""
