-- Names (agents, tools, models, projects, branches, paths, …) stand once; 0 means "none".
CREATE TABLE names (
    id    INTEGER PRIMARY KEY,
    value TEXT NOT NULL UNIQUE
);

-- Times are milliseconds since the epoch.
CREATE TABLE sessions (
    key           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    agent         INTEGER NOT NULL,
    project       INTEGER NOT NULL,
    branch        INTEGER NOT NULL,
    model         INTEGER NOT NULL,
    status        INTEGER NOT NULL,            -- 0 active, 1 idle, 2 ended
    state         INTEGER NOT NULL,            -- index into storage.sqlite.sessions.STATES
    started_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    last_event_at INTEGER NOT NULL,            -- the newest event's own time
    seen_at       INTEGER NOT NULL,            -- arrival of the newest live report
    events        INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    tokens_in     INTEGER NOT NULL,
    tokens_out    INTEGER NOT NULL,
    cache_read    INTEGER NOT NULL,
    cache_write   INTEGER NOT NULL,
    cost_nano     INTEGER NOT NULL,            -- 1e-9 US dollars
    unpriced      INTEGER NOT NULL,            -- events with tokens and without a price
    files_edited  INTEGER NOT NULL,
    lines_added   INTEGER NOT NULL,
    lines_removed INTEGER NOT NULL,
    title         TEXT,
    cwd           TEXT,
    activity      TEXT NOT NULL                -- JSON of model.activity.Activity
);
CREATE INDEX sessions_by_status ON sessions (status, last_event_at DESC, agent);
CREATE INDEX sessions_by_state ON sessions (state, status);
CREATE INDEX sessions_by_project ON sessions (project, agent);

CREATE TABLE session_files (
    session INTEGER NOT NULL,
    file    INTEGER NOT NULL,
    PRIMARY KEY (session, file)
) WITHOUT ROWID;

CREATE TABLE events (
    id            INTEGER PRIMARY KEY,         -- given by the writer, in the order of commits
    event_id,                                  -- text; a UUID as its 16 bytes
    session       INTEGER NOT NULL,
    time          INTEGER NOT NULL,            -- own time, or arrival when the sender gave none
    lag           INTEGER,                     -- arrival - time; NULL when the sender gave no time
    agent         INTEGER NOT NULL,
    type          INTEGER NOT NULL,
    status        INTEGER NOT NULL,            -- 0 success, 1 error, 2 timeout
    tool          INTEGER NOT NULL,
    model         INTEGER NOT NULL,
    project       INTEGER NOT NULL,
    branch        INTEGER NOT NULL,
    source        INTEGER NOT NULL,
    tokens_in     INTEGER NOT NULL,
    tokens_out    INTEGER NOT NULL,
    cache_read    INTEGER NOT NULL,
    cache_write   INTEGER NOT NULL,
    duration_ms   INTEGER,
    cost_usd      REAL,
    metadata      TEXT NOT NULL,
    truncated     INTEGER NOT NULL,
    file          INTEGER NOT NULL,
    lines_added   INTEGER NOT NULL,
    lines_removed INTEGER NOT NULL
);

-- Which event ids are stored: the first free one of the hashes of the id. New keys come into a
-- small table, of which each transaction touches few pages, and move on in the order of the keys.
CREATE TABLE event_keys (
    key   INTEGER PRIMARY KEY,
    event INTEGER NOT NULL
);
CREATE TABLE event_keys_recent (
    key   INTEGER PRIMARY KEY,
    event INTEGER NOT NULL
);
CREATE VIEW event_keys_all AS
SELECT key, event FROM event_keys_recent UNION ALL SELECT key, event FROM event_keys;

CREATE INDEX events_by_session ON events (session, time);
CREATE INDEX events_by_time ON events (time);

-- Roll-ups, moved in the transaction that moves the events. level: 0 all, 1 day, 2 hour,
-- 3 minute; bucket: time divided by the level's length (0 at level 0).
CREATE TABLE rollup_usage (
    level INTEGER NOT NULL, bucket INTEGER NOT NULL,
    agent INTEGER NOT NULL, type INTEGER NOT NULL, tool INTEGER NOT NULL,
    model INTEGER NOT NULL, source INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    PRIMARY KEY (level, bucket, agent, type, tool, model, source)
) WITHOUT ROWID;

CREATE TABLE rollup_time (
    level INTEGER NOT NULL, bucket INTEGER NOT NULL, agent INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    PRIMARY KEY (level, bucket, agent)
) WITHOUT ROWID;

CREATE TABLE rollup_project (
    level INTEGER NOT NULL, bucket INTEGER NOT NULL,
    project INTEGER NOT NULL, agent INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    PRIMARY KEY (level, bucket, project, agent)
) WITHOUT ROWID;

CREATE TABLE rollup_branch (
    branch INTEGER NOT NULL, project INTEGER NOT NULL, agent INTEGER NOT NULL,
    events INTEGER NOT NULL, last_time INTEGER NOT NULL,
    PRIMARY KEY (branch, project, agent)
) WITHOUT ROWID;

-- Small transactions append what they change here; now and then it is folded into the roll-ups.
CREATE TABLE rollup_pending (
    minute INTEGER NOT NULL, agent INTEGER NOT NULL, type INTEGER NOT NULL,
    tool INTEGER NOT NULL, model INTEGER NOT NULL, source INTEGER NOT NULL,
    project INTEGER NOT NULL, branch INTEGER NOT NULL, last_time INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL
);

-- What reads use: the roll-ups with what is pending.
CREATE VIEW sums_by_usage AS
SELECT level, bucket, agent, type, tool, model, source,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_usage
UNION ALL SELECT 0, 0, agent, type, tool, model, source,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 1, minute / 1440, agent, type, tool, model, source,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 2, minute / 60, agent, type, tool, model, source,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending;

CREATE VIEW sums_by_time AS
SELECT level, bucket, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_time
UNION ALL SELECT 0, 0, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 1, minute / 1440, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 2, minute / 60, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 3, minute, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending;

CREATE VIEW sums_by_project AS
SELECT level, bucket, project, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_project
UNION ALL SELECT 0, 0, project, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 1, minute / 1440, project, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 2, minute / 60, project, agent,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending;

CREATE VIEW sums_by_branch AS
SELECT branch, project, agent, events, last_time FROM rollup_branch
UNION ALL SELECT branch, project, agent, events, last_time FROM rollup_pending WHERE branch != 0;
