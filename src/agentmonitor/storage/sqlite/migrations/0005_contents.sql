-- Metadata of which the event's row has only a summary: compressed JSON.
CREATE TABLE contents (
    event INTEGER PRIMARY KEY,
    body  BLOB NOT NULL
);
