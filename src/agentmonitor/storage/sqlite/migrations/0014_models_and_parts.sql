-- Sums by model: a tenth of the rows that rollup_usage has of them, for the question asked most.
CREATE TABLE rollup_model (
    level INTEGER NOT NULL, bucket INTEGER NOT NULL,
    agent INTEGER NOT NULL, model INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    PRIMARY KEY (level, bucket, agent, model)
) WITHOUT ROWID;

INSERT INTO rollup_model
SELECT level, bucket, agent, model, total(events), total(errors), total(tokens_in),
       total(tokens_out), total(cache_read), total(cache_write), total(cost_nano),
       total(unpriced), total(unpriced_tokens), total(duration_ms), total(durations)
  FROM rollup_usage GROUP BY level, bucket, agent, model;

-- With what is pending, as the other views.
CREATE VIEW sums_by_model AS
SELECT level, bucket, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_model
UNION ALL SELECT 0, 0, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 1, minute / 1440, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 2, minute / 60, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending;

-- Parts of sessions end with turns from now on; they are made anew.
DELETE FROM session_parts;

-- Sessions of which only signals are known: few, and to be left out of counts.
CREATE INDEX sessions_empty ON sessions (last_event_at, started_at) WHERE events = 0;
