-- What people let the system do alone, what they look at without being told the verdict, what a site
-- has learned from their words, and signs that its alarms have changed.

-- A suggestion that people do not see before they have judged for themselves: yes is 1.
ALTER TABLE alarm ADD COLUMN blind BIGINT NOT NULL DEFAULT 0;
-- The grant under which the system closed it without a person.
ALTER TABLE alarm ADD COLUMN closed_under TEXT;
-- The few codes and numbers of a decision that drift is measured on; a site's models as they were.
ALTER TABLE decision ADD COLUMN signs TEXT;

-- A grant is never removed; it ends.
CREATE TABLE autonomy_grant (
    id         TEXT PRIMARY KEY,
    site       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    document   TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at   TEXT,
    ended      TEXT
);
CREATE UNIQUE INDEX autonomy_grant_in_force ON autonomy_grant (site, kind, verdict) WHERE ended_at IS NULL;

-- Alarms whose suggestion is hidden: why, and what the person said who did not know it.
CREATE TABLE review (
    alarm_id    TEXT PRIMARY KEY REFERENCES alarm (id) ON DELETE CASCADE,
    reason      TEXT NOT NULL,
    site        TEXT NOT NULL,
    camera      TEXT NOT NULL,
    drawn_at    TEXT NOT NULL,
    grant_id    TEXT,
    original    TEXT,
    answered_at TEXT,
    answer      TEXT
);
CREATE INDEX review_by_site ON review (site, drawn_at);
CREATE INDEX alarm_by_decision ON alarm (site, decided_at);

-- What was learned from a site's labels, version by version, and which version is in force.
CREATE TABLE learned (
    site        TEXT NOT NULL,
    version     BIGINT NOT NULL,
    document    TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    kept_at     TEXT NOT NULL,
    PRIMARY KEY (site, version)
);
-- Version 0 is what ships.
CREATE TABLE learned_in_force (
    site    TEXT PRIMARY KEY,
    version BIGINT NOT NULL
);

-- A sign of drift that was raised; it ends when it is gone.
CREATE TABLE drift (
    id        TEXT PRIMARY KEY,
    site      TEXT NOT NULL,
    sign      TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    ended_at  TEXT
);
CREATE UNIQUE INDEX drift_now ON drift (site, sign) WHERE ended_at IS NULL;
