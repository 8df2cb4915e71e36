"""The web console: a small JSON API over a Reader, and static files that show it."""
