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

-- Grows whenever the sums of tools by day change. They are of days that are over, so readers
-- remember what they add up to as long as it stays.
CREATE TABLE tool_days_version (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
);
INSERT INTO tool_days_version VALUES (1, 0);

CREATE TRIGGER tool_day_made AFTER INSERT ON rollup_tool_days
BEGIN UPDATE tool_days_version SET number = number + 1; END;

CREATE TRIGGER tool_day_changed AFTER UPDATE ON rollup_tool_days
BEGIN UPDATE tool_days_version SET number = number + 1; END;

CREATE TRIGGER tool_day_gone AFTER DELETE ON rollup_tool_days
BEGIN UPDATE tool_days_version SET number = number + 1; END;

-- The turns that begin and end in the stretch, as queries/session_turns.py packs them; empty: there
-- are none, NULL: not made. Stretches without them are made again.
ALTER TABLE session_parts ADD COLUMN turns BLOB;
DELETE FROM session_parts;
