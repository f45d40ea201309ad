-- The usage ledger: each model request counts once, whatever number of channels reported it.
-- A request is one row of events; its tokens and cost there are the ones that count.

-- Bits of model.usage.Channel: every channel that reported the activity; 0 is plain HTTP alone.
ALTER TABLE events ADD COLUMN channels INTEGER NOT NULL DEFAULT 0;

-- channel: the best one that reported token usage of the session. The two sums are over the
-- requests for which both costs are known.
ALTER TABLE sessions ADD COLUMN channel INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN own_nano INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN client_nano INTEGER NOT NULL DEFAULT 0;

-- What an activity is known by: 64-bit hashes of keys, and the event that shows it.
CREATE TABLE activity_keys (
    key   INTEGER PRIMARY KEY,
    event INTEGER NOT NULL
);

-- Events that turned out to be an activity that another event shows already.
CREATE TABLE activity_merges (
    event  INTEGER PRIMARY KEY,
    target INTEGER NOT NULL
);

-- What the event's row does not say of its request. The figures are those of channel.
CREATE TABLE ledger (
    event          INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL,
    channel        INTEGER NOT NULL,
    counted        INTEGER NOT NULL,           -- 0: a better channel reports the session
    session_wide   INTEGER NOT NULL,
    is_copy        INTEGER NOT NULL,
    approximate    INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    web_searches   INTEGER NOT NULL,
    fast           INTEGER NOT NULL,
    batch          INTEGER NOT NULL,
    own_cost       REAL,                       -- US dollars, by our prices
    client_cost    REAL,                       -- US dollars, as a client said
    client_channel INTEGER NOT NULL            -- who said that
);
CREATE INDEX ledger_session_wide ON ledger (session) WHERE session_wide = 1 AND counted = 1;
CREATE INDEX ledger_two_costs ON ledger (session)
WHERE own_cost IS NOT NULL AND client_cost IS NOT NULL;

-- Reports that do not count: of the same request, but known less well.
CREATE TABLE evidence (
    event       INTEGER NOT NULL,
    channel     INTEGER NOT NULL,
    session     INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    model       INTEGER NOT NULL,
    tokens_in   INTEGER NOT NULL,
    tokens_out  INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cost_usd    REAL,
    PRIMARY KEY (event, channel, session)
) WITHOUT ROWID;

CREATE INDEX events_unpriced ON events (id)
WHERE cost_usd IS NULL AND tokens_in + tokens_out + cache_read + cache_write > 0;
