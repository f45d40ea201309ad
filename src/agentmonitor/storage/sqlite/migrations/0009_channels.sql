-- Events by the channels that reported them: a number of bits as in events.channels, 0 for plain
-- HTTP alone. Moved in the transaction that moves the events.
CREATE TABLE channel_sums (
    agent    INTEGER NOT NULL,
    channels INTEGER NOT NULL,
    events   INTEGER NOT NULL,
    pruned   INTEGER NOT NULL,                 -- those of events that are gone
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (agent, channels)
) WITHOUT ROWID;

INSERT INTO channel_sums
SELECT agent, channels, count(*), 0, max(time + min(coalesce(lag, 0), 0))
  FROM events GROUP BY agent, channels;
