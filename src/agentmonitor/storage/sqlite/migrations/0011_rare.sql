-- Events with a type, tool or model that is rare among the events around them, so that a page of
-- them need not go through all others. Rows are hints: reads look whether an event is still what
-- the hint says, and whether all that the roll-ups count were found. Made beside the writer.
CREATE TABLE rare_events (
    name  INTEGER NOT NULL,                    -- of the type, tool or model
    hour  INTEGER NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (name, hour, event)
) WITHOUT ROWID;

-- The event up to which that was done.
CREATE TABLE rare_upto (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    event INTEGER NOT NULL
);
INSERT INTO rare_upto VALUES (1, 0);
