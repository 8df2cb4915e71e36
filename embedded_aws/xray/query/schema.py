"""What the file of the traces holds, and how those of earlier versions become one of today's."""

from __future__ import annotations

from embedded_aws.host.database import Schema
from embedded_aws.xray.query import packs

_SCHEMA_1 = """
CREATE TABLE trace (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    epoch REAL NOT NULL, started REAL NOT NULL, ended REAL NOT NULL, updated REAL NOT NULL,
    revision INTEGER NOT NULL,
    -- The id's time in whole seconds, made exact by the first segment. X-Ray no longer demands that an id
    -- holds a time (W3C ids do not): one that is a day off is no time, and the first segment's counts.
    time REAL NOT NULL GENERATED ALWAYS AS (
        CASE WHEN started >= epoch AND started < epoch + 1 OR abs(started - epoch) > 86400
        THEN started ELSE epoch END) STORED
);
CREATE INDEX trace_time ON trace (time);
CREATE INDEX trace_updated ON trace (updated);
CREATE INDEX trace_ended ON trace (ended);
-- Traces are numbered, and documents belong to the number: ids are random, and a random key costs
-- three times as much to insert as one that grows.
CREATE TABLE document (
    trace INTEGER NOT NULL, id TEXT NOT NULL,
    complete INTEGER NOT NULL, ended REAL NOT NULL, body TEXT NOT NULL,
    UNIQUE (trace, id)
);
"""
# Of both, version 1 had only digests, without facts; digests are worked out again when they are not there.
_SCHEMA_2 = """
CREATE TABLE digest (
    trace INTEGER PRIMARY KEY, revision INTEGER NOT NULL,
    summary TEXT NOT NULL, graph TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE TABLE setting (kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name));
"""
SCHEMA = Schema(
    application_id=0x58524159,
    version=4,
    script=_SCHEMA_1 + _SCHEMA_2 + packs.SCHEMA + packs.FACTS,
    holds="traces",
    upgrades={
        1: f"DROP TABLE digest;\n{_SCHEMA_2}{packs.SCHEMA}{packs.FACTS}",
        2: packs.SCHEMA + packs.FACTS,
        3: packs.FACTS,
    },
)
