-- What is left of events that were pruned: all that totals need, and no more.

-- Sums by session and minute of pruned events. Totals are the events' and these.
CREATE TABLE pruned (
    session INTEGER NOT NULL, minute INTEGER NOT NULL, agent INTEGER NOT NULL,
    type INTEGER NOT NULL, tool INTEGER NOT NULL, model INTEGER NOT NULL,
    source INTEGER NOT NULL, project INTEGER NOT NULL, branch INTEGER NOT NULL,
    wide INTEGER NOT NULL,                     -- channel, if a better one may take these back
    last_time INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    lines_added INTEGER NOT NULL, lines_removed INTEGER NOT NULL,
    own_nano INTEGER NOT NULL, client_nano INTEGER NOT NULL
);
CREATE INDEX pruned_by_session ON pruned (session);
CREATE INDEX pruned_by_minute ON pruned (minute);

-- Files that pruned events edited.
CREATE TABLE pruned_files (
    session INTEGER NOT NULL,
    file    INTEGER NOT NULL,
    PRIMARY KEY (session, file)
) WITHOUT ROWID;

-- Pruned events that other channels may report again, by activity_keys; channels: those that did.
-- Their ids, and those of event_keys whose event is gone, keep repeats from counting anew.
CREATE TABLE pruned_activities (
    event    INTEGER PRIMARY KEY,
    channels INTEGER NOT NULL
);

-- The newest id that was ever pruned: no id comes twice.
CREATE TABLE pruned_upto (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    event INTEGER NOT NULL
);
INSERT INTO pruned_upto VALUES (1, 0);
