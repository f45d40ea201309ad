-- Sums by place and model, for usage by branch, and by project and model at once. Levels as in
-- rollup_usage: the hour, and the day once it is over (see folded_upto.sealed_day).
CREATE TABLE rollup_place (
    level INTEGER NOT NULL, bucket INTEGER NOT NULL,
    project INTEGER NOT NULL, branch INTEGER NOT NULL,
    agent INTEGER NOT NULL, model INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    PRIMARY KEY (level, bucket, project, branch, agent, model)
) WITHOUT ROWID;

-- From the events and what is left of pruned ones, without what is pending and folded in later.
INSERT INTO rollup_place
SELECT 2, hour, project, branch, agent, model, total(events), total(errors), total(tokens_in),
       total(tokens_out), total(cache_read), total(cache_write), total(cost_nano),
       total(unpriced), total(unpriced_tokens), total(duration_ms), total(durations)
  FROM (SELECT time / 3600000 AS hour, project, branch, agent, model, 1 AS events,
               status != 0 AS errors, tokens_in, tokens_out, cache_read, cache_write,
               CAST(coalesce(cost_usd, 0) * 1e9 + 0.5 AS INTEGER) AS cost_nano,
               cost_usd IS NULL AND tokens_in + tokens_out + cache_read + cache_write > 0
                   AS unpriced,
               CASE WHEN cost_usd IS NULL
                    THEN tokens_in + tokens_out + cache_read + cache_write ELSE 0 END
                   AS unpriced_tokens,
               coalesce(duration_ms, 0) AS duration_ms, duration_ms IS NOT NULL AS durations
          FROM events
        UNION ALL
        SELECT minute / 60, project, branch, agent, model, events, errors, tokens_in, tokens_out,
               cache_read, cache_write, cost_nano, unpriced, unpriced_tokens, duration_ms,
               durations
          FROM pruned
        UNION ALL
        SELECT minute / 60, project, branch, agent, model, -events, -errors, -tokens_in,
               -tokens_out, -cache_read, -cache_write, -cost_nano, -unpriced, -unpriced_tokens,
               -duration_ms, -durations
          FROM rollup_pending)
 GROUP BY hour, project, branch, agent, model;

-- The roll-ups of tools follow the events at a distance: they hold what the events up to a number
-- add up to, and are moved for some thousands of events at once. Reads add the rest from the
-- events. What stands in the tables already is folded in when the database is opened, by pages.
CREATE TABLE folded_upto (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    event      INTEGER NOT NULL,
    sealed_day INTEGER NOT NULL                -- days before this one are over
);
INSERT INTO folded_upto VALUES (1, 0, 0);

-- What reads may use of places, with what is pending: days that are not over are sums of hours.
CREATE VIEW sums_by_place AS
SELECT level, bucket, project, branch, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_place
UNION ALL SELECT 1, bucket / 24, project, branch, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_place
 WHERE level = 2 AND bucket >= 24 * (SELECT sealed_day FROM folded_upto)
UNION ALL SELECT 1, minute / 1440, project, branch, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending
UNION ALL SELECT 2, minute / 60, project, branch, agent, model,
       events, errors, tokens_in, tokens_out, cache_read, cache_write, cost_nano, unpriced,
       unpriced_tokens, duration_ms, durations
  FROM rollup_pending;

-- What changed in events that are folded in: their sums, negative for what they were.
CREATE TABLE fold_late (
    minute INTEGER NOT NULL, tool INTEGER NOT NULL,
    agent INTEGER NOT NULL, project INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    bins TEXT                                  -- of pruned events, see pruned.bins
);

-- Calls of tools and how long they took, by the hour in one row or more. bins: a character for each
-- duration, whose code is the number of its bin in model.durations plus 1; gone: those that are to
-- be taken off.
CREATE TABLE rollup_tool_hours (
    hour INTEGER NOT NULL, tool INTEGER NOT NULL,
    agent INTEGER NOT NULL, project INTEGER NOT NULL,
    calls INTEGER NOT NULL, failures INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    bins TEXT NOT NULL, gone TEXT NOT NULL
);
CREATE INDEX rollup_tool_hours_by_hour ON rollup_tool_hours (hour);

-- The same by day, once it is over. first, counts: as model.durations packs them.
CREATE TABLE rollup_tool_days (
    day INTEGER NOT NULL, tool INTEGER NOT NULL,
    agent INTEGER NOT NULL, project INTEGER NOT NULL,
    calls INTEGER NOT NULL, failures INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    first INTEGER NOT NULL, counts BLOB NOT NULL,
    PRIMARY KEY (day, tool, agent, project)
) WITHOUT ROWID;

-- The durations of pruned events, in the same writing.
ALTER TABLE pruned ADD COLUMN bins TEXT NOT NULL DEFAULT '';

INSERT INTO fold_late
SELECT minute, tool, agent, project, events, errors, duration_ms, durations, bins
  FROM pruned WHERE tool != 0;

-- How many events were pruned. level: 0 all, 1 day.
CREATE TABLE pruned_sums (
    level INTEGER NOT NULL, bucket INTEGER NOT NULL,
    agent INTEGER NOT NULL, type INTEGER NOT NULL, tool INTEGER NOT NULL, model INTEGER NOT NULL,
    source INTEGER NOT NULL, project INTEGER NOT NULL, branch INTEGER NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (level, bucket, agent, type, tool, model, source, project, branch)
) WITHOUT ROWID;
INSERT INTO pruned_sums
SELECT 1, minute / 1440, agent, type, tool, model, source, project, branch, sum(events)
  FROM pruned GROUP BY 2, 3, 4, 5, 6, 7, 8, 9;
INSERT INTO pruned_sums
SELECT 0, 0, agent, type, tool, model, source, project, branch, sum(events)
  FROM pruned_sums GROUP BY 3, 4, 5, 6, 7, 8, 9;

CREATE TRIGGER fold_event_changed AFTER UPDATE ON events
WHEN old.id <= (SELECT event FROM folded_upto)
 AND (old.time != new.time OR old.tool != new.tool OR old.agent != new.agent
  OR old.project != new.project OR old.status != new.status
  OR old.duration_ms IS NOT new.duration_ms)
BEGIN
    INSERT INTO fold_late SELECT
        old.time / 60000, old.tool, old.agent, old.project, -1, -(old.status != 0),
        -coalesce(old.duration_ms, 0), -(old.duration_ms IS NOT NULL), NULL
     WHERE old.tool != 0;
    INSERT INTO fold_late SELECT
        new.time / 60000, new.tool, new.agent, new.project, 1, new.status != 0,
        coalesce(new.duration_ms, 0), new.duration_ms IS NOT NULL, NULL
     WHERE new.tool != 0;
END;

CREATE TRIGGER fold_event_gone AFTER DELETE ON events
WHEN old.id <= (SELECT event FROM folded_upto)
BEGIN
    INSERT INTO fold_late SELECT
        old.time / 60000, old.tool, old.agent, old.project, -1, -(old.status != 0),
        -coalesce(old.duration_ms, 0), -(old.duration_ms IS NOT NULL), NULL
     WHERE old.tool != 0;
END;

-- What stretches of long sessions add up to, by time and id of their events: from the first
-- event on, up to and without the one at the end. What changes an event drops its stretch; a stretch
-- whose number of events is no longer that of the table does not count.
CREATE TABLE session_parts (
    session    INTEGER NOT NULL,
    start_time INTEGER NOT NULL, start_id INTEGER NOT NULL,
    end_time   INTEGER NOT NULL, end_id INTEGER NOT NULL,
    events     INTEGER NOT NULL,
    body       BLOB,                           -- compressed JSON; NULL while it is being made
    PRIMARY KEY (session, start_time, start_id)
) WITHOUT ROWID;

CREATE TRIGGER part_event_changed AFTER UPDATE ON events
WHEN EXISTS (SELECT 1 FROM session_parts WHERE session IN (old.session, new.session))
BEGIN
    DELETE FROM session_parts WHERE (session = old.session AND start_time <= old.time
       AND end_time >= old.time) OR (session = new.session AND start_time <= new.time
       AND end_time >= new.time);
END;

CREATE TRIGGER part_event_gone AFTER DELETE ON events
WHEN EXISTS (SELECT 1 FROM session_parts WHERE session = old.session)
BEGIN
    DELETE FROM session_parts WHERE session = old.session AND start_time <= old.time
       AND end_time >= old.time;
END;

CREATE TRIGGER part_content_added AFTER INSERT ON contents
WHEN EXISTS (SELECT 1 FROM session_parts)
BEGIN
    DELETE FROM session_parts WHERE session = (SELECT session FROM events WHERE id = new.event)
       AND start_time <= (SELECT time FROM events WHERE id = new.event)
       AND end_time >= (SELECT time FROM events WHERE id = new.event);
END;

CREATE TRIGGER part_content_changed AFTER UPDATE ON contents
WHEN EXISTS (SELECT 1 FROM session_parts)
BEGIN
    DELETE FROM session_parts WHERE session = (SELECT session FROM events WHERE id = new.event)
       AND start_time <= (SELECT time FROM events WHERE id = new.event)
       AND end_time >= (SELECT time FROM events WHERE id = new.event);
END;
