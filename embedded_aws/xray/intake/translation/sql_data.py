"""The `sql` object, for the database systems that X-Ray calls SQL."""

from __future__ import annotations

from typing import Any

from embedded_aws.xray.intake.translation.spans import Span, text, without_empty

CONSUMED = frozenset({"db.connection_string", "db.system", "db.name", "db.statement", "db.user"})
"""Attributes that never reach metadata when a `sql` object results."""

_SYSTEMS = frozenset(
    {
        "db2", "derby", "hive", "mariadb", "mssql", "mysql", "oracle", "other_sql", "postgresql", "sqlite",
        "teradata",
    }
)  # fmt: skip


def sql(span: Span) -> dict[str, Any] | None:
    """Return X-Ray's `sql` object, or None for a span that is no SQL query."""
    attributes = span.attributes
    system = text(attributes.get("db.system"))
    if system not in _SYSTEMS:
        return None
    connection = text(attributes.get("db.connection_string")) or "localhost"
    return without_empty(
        {
            "url": span.name,
            "connection_string": f"{connection}/{text(attributes.get('db.name'))}",
            "database_type": system,
            "user": text(attributes.get("db.user")),
            "sanitized_query": text(attributes.get("db.statement")),
        }
    )
