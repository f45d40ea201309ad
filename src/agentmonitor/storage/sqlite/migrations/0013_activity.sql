-- Sessions by the hour in which they began: of those that have events. Triggers, so that whatever changes a session tells it; most changes leave all of this alone.
CREATE TABLE session_starts (
    hour          INTEGER NOT NULL,
    agent         INTEGER NOT NULL,
    sessions      INTEGER NOT NULL,
    lines_added   INTEGER NOT NULL,
    lines_removed INTEGER NOT NULL,
    files_edited  INTEGER NOT NULL,
    PRIMARY KEY (hour, agent)
) WITHOUT ROWID;

INSERT INTO session_starts
SELECT started_at / 3600000, agent, count(*), total(lines_added), total(lines_removed),
       total(files_edited)
  FROM sessions WHERE events > 0 GROUP BY 1, 2;

CREATE TRIGGER start_added AFTER INSERT ON sessions WHEN new.events > 0
BEGIN
    INSERT INTO session_starts VALUES (new.started_at / 3600000, new.agent, 1, new.lines_added,
        new.lines_removed, new.files_edited)
    ON CONFLICT DO UPDATE SET sessions = sessions + 1,
        lines_added = lines_added + excluded.lines_added,
        lines_removed = lines_removed + excluded.lines_removed,
        files_edited = files_edited + excluded.files_edited;
END;

CREATE TRIGGER start_edited AFTER UPDATE ON sessions
WHEN (old.lines_added != new.lines_added OR old.lines_removed != new.lines_removed
    OR old.files_edited != new.files_edited)
 AND old.started_at = new.started_at AND old.events > 0 AND new.events > 0
BEGIN
    UPDATE session_starts SET lines_added = lines_added + new.lines_added - old.lines_added,
        lines_removed = lines_removed + new.lines_removed - old.lines_removed,
        files_edited = files_edited + new.files_edited - old.files_edited
     WHERE hour = new.started_at / 3600000 AND agent = new.agent;
END;

CREATE TRIGGER start_moved AFTER UPDATE ON sessions
WHEN old.started_at != new.started_at OR (old.events > 0) != (new.events > 0)
BEGIN
    UPDATE session_starts SET sessions = sessions - 1, lines_added = lines_added - old.lines_added,
        lines_removed = lines_removed - old.lines_removed,
        files_edited = files_edited - old.files_edited
     WHERE hour = old.started_at / 3600000 AND agent = old.agent AND old.events > 0;
    INSERT INTO session_starts SELECT new.started_at / 3600000, new.agent, 1, new.lines_added,
        new.lines_removed, new.files_edited WHERE new.events > 0
    ON CONFLICT DO UPDATE SET sessions = sessions + 1,
        lines_added = lines_added + excluded.lines_added,
        lines_removed = lines_removed + excluded.lines_removed,
        files_edited = files_edited + excluded.files_edited;
END;

-- Sums by branch alone, of days that are over (see folded_upto.sealed_day): a tenth or less of the
-- rows that rollup_place has of them. Its hours tell the rest. level: always 1.
CREATE TABLE rollup_branch_days (
    level INTEGER NOT NULL, bucket INTEGER NOT NULL,
    branch INTEGER NOT NULL, agent INTEGER NOT NULL,
    events INTEGER NOT NULL, errors INTEGER NOT NULL,
    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL, unpriced INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, durations INTEGER NOT NULL,
    PRIMARY KEY (level, bucket, branch, agent)
) WITHOUT ROWID;

INSERT INTO rollup_branch_days
SELECT level, bucket, branch, agent, total(events), total(errors), total(tokens_in),
       total(tokens_out), total(cache_read), total(cache_write), total(cost_nano),
       total(unpriced), total(unpriced_tokens), total(duration_ms), total(durations)
  FROM rollup_place WHERE level = 1 GROUP BY bucket, branch, agent;
