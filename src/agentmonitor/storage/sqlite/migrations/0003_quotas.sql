-- Quotas as the agents report them. Times are milliseconds since the epoch.

-- The newest report of each window.
CREATE TABLE quotas (
    agent_type     TEXT NOT NULL,
    name           TEXT NOT NULL,               -- the provider's name of the window
    used_percent   REAL NOT NULL,
    at             INTEGER NOT NULL,
    resets_at      INTEGER,
    window_minutes INTEGER,
    PRIMARY KEY (agent_type, name)
) WITHOUT ROWID;

-- When each value was first reported. period: the reset that ends it, to ten minutes; for a
-- report without one, the hour of the report.
CREATE TABLE quota_changes (
    agent_type     TEXT NOT NULL,
    name           TEXT NOT NULL,
    period         INTEGER NOT NULL,
    used_percent   REAL NOT NULL,
    at             INTEGER NOT NULL,
    resets_at      INTEGER,
    window_minutes INTEGER,
    PRIMARY KEY (agent_type, name, period, used_percent)
) WITHOUT ROWID;
