from __future__ import annotations

import pytest
from opentelemetry.trace import SpanKind

from tests.embedded_aws.xray.sdk_spans import document

QUERY = {
    "db.system": "postgresql",
    "db.connection_string": "postgresql://h",
    "db.name": "orders",
    "db.statement": "SELECT 1",
    "db.user": "u",
}


def test_a_query_becomes_an_sql_object_and_its_attributes_are_consumed() -> None:
    """The URL is the span's name; nothing is left for metadata."""
    found = document(QUERY, name="SELECT orders", kind=SpanKind.CLIENT)
    assert found["sql"] == {
        "url": "SELECT orders",
        "connection_string": "postgresql://h/orders",
        "database_type": "postgresql",
        "user": "u",
        "sanitized_query": "SELECT 1",
    }
    assert "metadata" not in found


def test_an_unknown_server_is_localhost() -> None:
    """The connection string is never empty."""
    assert document({"db.system": "sqlite", "db.name": "x"})["sql"]["connection_string"] == "localhost/x"


@pytest.mark.parametrize(
    "system",
    [
        "db2", "derby", "hive", "mariadb", "mssql", "mysql", "oracle", "other_sql", "postgresql", "sqlite",
        "teradata",
    ],
)  # fmt: skip
def test_sql_systems(system: str) -> None:
    """The eleven systems that count as SQL."""
    assert document({"db.system": system})["sql"]["database_type"] == system


def test_other_databases_keep_their_attributes() -> None:
    """DynamoDB is no SQL; its db.* stay in metadata."""
    found = document({"db.system": "dynamodb", "db.statement": "x"})
    assert "sql" not in found
    assert found["metadata"] == {"default": {"db.system": "dynamodb", "db.statement": "x"}}
