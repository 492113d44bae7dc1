-- Versions of the policies on their way from a draft to being in force, and which was in force when.

-- A version's files never change; whoever changes them makes another version, under another digest.
CREATE TABLE policy (
    digest      TEXT PRIMARY KEY,
    document    TEXT NOT NULL,
    files       TEXT NOT NULL,
    state       TEXT NOT NULL,
    proposed_at TEXT NOT NULL
);
CREATE INDEX policy_by_time ON policy (proposed_at);

-- Each time that a version went into force; the last row is in force. Nobody's name where the system did it.
CREATE TABLE policy_live (
    seq     BIGINT PRIMARY KEY,
    digest  TEXT NOT NULL REFERENCES policy (digest),
    at      TEXT NOT NULL,
    by_name TEXT,
    reason  TEXT NOT NULL
);
