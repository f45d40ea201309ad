-- Spans of traces, for the time line of their session. Times are milliseconds since the epoch.
CREATE TABLE spans (
    id          INTEGER PRIMARY KEY,
    trace       TEXT NOT NULL,
    span        TEXT NOT NULL,
    session     TEXT,                            -- null: no span of the trace names one so far
    parent      TEXT,
    name        TEXT NOT NULL,
    start       INTEGER NOT NULL,
    duration_ms INTEGER,
    failed      INTEGER NOT NULL,
    attributes  TEXT NOT NULL,                   -- JSON
    UNIQUE (trace, span)
);
CREATE INDEX spans_session ON spans (session, start);
CREATE INDEX spans_start ON spans (start);
