-- The events of a session in the order of their times. An index would have each transaction write
-- a page for each session that is at work; this is filled some thousand events at a time, up to
-- listed_upto, and reads add the events after that.
CREATE TABLE session_events (
    session INTEGER NOT NULL, time INTEGER NOT NULL, event INTEGER NOT NULL,
    PRIMARY KEY (session, time, event)
) WITHOUT ROWID;

INSERT INTO session_events SELECT session, time, id FROM events ORDER BY session, time, id;

CREATE TABLE listed_upto (event INTEGER NOT NULL);

INSERT INTO listed_upto SELECT coalesce(max(id), 0) FROM events;

DROP INDEX events_by_session;

CREATE TRIGGER session_event_moved AFTER UPDATE ON events
WHEN (old.session != new.session OR old.time != new.time)
 AND old.id <= (SELECT event FROM listed_upto)
BEGIN
    DELETE FROM session_events
     WHERE session = old.session AND time = old.time AND event = old.id;
    INSERT INTO session_events VALUES (new.session, new.time, new.id);
END;

CREATE TRIGGER session_event_gone AFTER DELETE ON events
WHEN old.id <= (SELECT event FROM listed_upto)
BEGIN
    DELETE FROM session_events
     WHERE session = old.session AND time = old.time AND event = old.id;
END;

-- With those that are not in it yet: they are few, and no index over them helps.
CREATE VIEW session_ids AS
SELECT session, time, event AS id FROM session_events
UNION ALL SELECT session, time, id
  FROM events NOT INDEXED WHERE id > (SELECT event FROM listed_upto);

-- The same with all that is known of them.
CREATE VIEW session_rows AS
SELECT s.event AS id, e.event_id, s.session, s.time, e.lag, e.agent, e.type, e.status, e.tool,
       e.model, e.project, e.branch, e.source, e.tokens_in, e.tokens_out, e.cache_read,
       e.cache_write, e.duration_ms, e.cost_usd, e.metadata, e.truncated, e.file, e.lines_added,
       e.lines_removed, e.channels
  FROM session_events s CROSS JOIN events e ON e.id = s.event
UNION ALL SELECT id, event_id, session, time, lag, agent, type, status, tool,
       model, project, branch, source, tokens_in, tokens_out, cache_read,
       cache_write, duration_ms, cost_usd, metadata, truncated, file, lines_added,
       lines_removed, channels
  FROM events NOT INDEXED WHERE id > (SELECT event FROM listed_upto);
