-- How far sources have been read, kept in the transaction of what was read.
CREATE TABLE file_marks (
    path        TEXT PRIMARY KEY,
    agent_type  TEXT NOT NULL,
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    offset      INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    state       BLOB NOT NULL,
    lines       INTEGER NOT NULL,
    unreadable  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE series_marks (
    key   BLOB PRIMARY KEY,
    start INTEGER,
    value REAL NOT NULL,
    count INTEGER NOT NULL,
    time  INTEGER
) WITHOUT ROWID;
