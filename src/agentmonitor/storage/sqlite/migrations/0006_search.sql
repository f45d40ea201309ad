-- The search index is a file of its own and follows this one. It belongs to the database that
-- bears this number.
CREATE TABLE search_source (
    id BLOB NOT NULL
);
INSERT INTO search_source VALUES (randomblob(16));

-- Events that changed or went in a way that a search can see. Triggers, so that whatever changes
-- the tables tells the index; new events cost nothing, they are found by their numbers.
CREATE TABLE search_dirty (
    seq   INTEGER PRIMARY KEY,
    event INTEGER NOT NULL
);

CREATE TRIGGER search_event_changed AFTER UPDATE ON events
WHEN old.metadata IS NOT new.metadata OR old.time != new.time OR old.session != new.session
  OR old.agent != new.agent OR old.type != new.type OR old.tool != new.tool
  OR old.model != new.model OR old.project != new.project OR old.branch != new.branch
BEGIN INSERT INTO search_dirty (event) VALUES (new.id); END;

CREATE TRIGGER search_event_gone AFTER DELETE ON events
BEGIN INSERT INTO search_dirty (event) VALUES (old.id); END;

CREATE TRIGGER search_content_added AFTER INSERT ON contents
BEGIN INSERT INTO search_dirty (event) VALUES (new.event); END;

CREATE TRIGGER search_content_changed AFTER UPDATE ON contents
BEGIN INSERT INTO search_dirty (event) VALUES (new.event); END;
