"""What the file of the traces holds, how traces are put there, and how earlier versions become today's."""

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
# A fingerprint of each minute: an hour has hundreds of thousands of traces, which to count takes too long.
# Statements end with a semicolon and a newline, so those of a trigger do not.
_OLD = "number = CAST(old.time / 60 AS INTEGER)"
_LESS = f"""
    UPDATE minute SET
        traces = traces - 1, numbers = numbers - old.number, revisions = revisions - old.revision
    WHERE {_OLD}; DELETE FROM minute WHERE {_OLD} AND traces = 0;"""  # noqa: S608 - a condition of ours
_MORE = """
    INSERT INTO minute VALUES (CAST(new.time / 60 AS INTEGER), 1, new.number, new.revision, new.updated)
    ON CONFLICT (number) DO UPDATE SET
        traces = traces + 1, numbers = numbers + excluded.numbers,
        revisions = revisions + excluded.revisions, updated = max(updated, excluded.updated);"""
_MINUTES = f"""
CREATE TABLE minute (
    number INTEGER PRIMARY KEY, traces INTEGER NOT NULL, numbers INTEGER NOT NULL,
    revisions INTEGER NOT NULL, updated REAL NOT NULL
);
INSERT INTO minute
SELECT CAST(time / 60 AS INTEGER), count(*), sum(number), sum(revision), max(updated) FROM trace GROUP BY 1;
CREATE TRIGGER trace_comes AFTER INSERT ON trace BEGIN {_MORE} END;
CREATE TRIGGER trace_changes AFTER UPDATE ON trace BEGIN {_LESS} {_MORE} END;
CREATE TRIGGER trace_goes AFTER DELETE ON trace BEGIN {_LESS} END;
"""  # noqa: S608 - statements of ours
_SCHEMA_3 = packs.SCHEMA + _MINUTES
SCHEMA = Schema(
    application_id=0x58524159,
    version=3,
    script=_SCHEMA_1 + _SCHEMA_2 + _SCHEMA_3,
    holds="traces",
    upgrades={1: f"DROP TABLE digest;\n{_SCHEMA_2}{_SCHEMA_3}", 2: _SCHEMA_3},
)

# X-Ray keeps one in-progress and one complete copy of an id, and the complete one counts. Among equals the
# later end counts, then the longer document, so that the order of arrival decides nothing.
PUT_DOCUMENT = """
INSERT INTO document (trace, id, complete, ended, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (trace, id) DO UPDATE
SET complete = excluded.complete, ended = excluded.ended, body = excluded.body
WHERE (excluded.complete, excluded.ended, length(excluded.body), excluded.body)
    > (complete, ended, length(body), body)
"""
PUT_TRACES = """
INSERT INTO trace (id, epoch, started, ended, updated, revision) VALUES %s
ON CONFLICT (id) DO UPDATE SET
    started = min(started, excluded.started), ended = max(ended, excluded.ended),
    updated = max(updated, excluded.updated), revision = revision + excluded.revision
RETURNING id, number, revision, time
"""
