"""Protocols of subscriptions that something is delivered by here."""

PROTOCOLS = ("lambda", "sqs")
