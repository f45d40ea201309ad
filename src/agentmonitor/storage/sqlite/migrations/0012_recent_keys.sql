-- Keys are hashes and so come in no order: each new one would change a page of its own in a large
-- tree. They come into a small table first, and move on together with their neighbours.
CREATE TABLE activity_keys_recent (
    key   INTEGER PRIMARY KEY,
    event INTEGER NOT NULL
);
CREATE VIEW activity_keys_all AS
SELECT key, event FROM activity_keys_recent UNION ALL SELECT key, event FROM activity_keys;
