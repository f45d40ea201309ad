-- What transactions add to activity_keys, until it is enough to be worth a change of those tables:
-- one row for each transaction, a JSON object of keys and events.
CREATE TABLE activity_key_log (
    id     INTEGER PRIMARY KEY,
    claims TEXT NOT NULL
);

CREATE VIEW activity_keys_written AS
SELECT key, event FROM activity_keys_recent UNION ALL SELECT key, event FROM activity_keys;

DROP VIEW activity_keys_all;

CREATE VIEW activity_keys_all AS
SELECT CAST(j.key AS INTEGER) AS key, j.value AS event
  FROM activity_key_log l CROSS JOIN json_each(l.claims) j
UNION ALL SELECT key, event FROM activity_keys_written;
