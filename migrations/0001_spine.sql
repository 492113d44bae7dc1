-- The spine: alarms and their jobs, decisions, reports, dispositions, people, and the decision log.
-- One text for SQLite and PostgreSQL: TEXT, BIGINT and DOUBLE PRECISION alone. Times are RFC 3339
-- in UTC with nine digits of fraction, so that they sort as text; hashes are hex; yes is 1, no is 0.

CREATE TABLE alarm (
    id              TEXT PRIMARY KEY,
    source          TEXT NOT NULL,
    source_event_id TEXT NOT NULL,
    site            TEXT NOT NULL,
    camera          TEXT NOT NULL,
    kind            TEXT NOT NULL,
    occurred_at     TEXT NOT NULL,
    received_at     TEXT NOT NULL,
    headline        TEXT,
    document        TEXT NOT NULL,
    received_event  TEXT NOT NULL,
    dek_id          TEXT NOT NULL,
    state           TEXT NOT NULL,
    decided_at      TEXT,
    outcome         TEXT,
    outcome_rank    BIGINT,
    severity        TEXT,
    severity_rank   BIGINT,
    avs_level       BIGINT,
    threat_probability DOUBLE PRECISION,
    reason_code     TEXT,
    disposition     TEXT,
    UNIQUE (source, source_event_id)
);
CREATE INDEX alarm_by_camera ON alarm (site, camera, occurred_at);
CREATE INDEX alarm_by_state ON alarm (state, received_at);

CREATE TABLE job (
    id           TEXT PRIMARY KEY,
    alarm_id     TEXT NOT NULL UNIQUE REFERENCES alarm (id) ON DELETE CASCADE,
    urgent       BIGINT NOT NULL,
    created_at   TEXT NOT NULL,
    run_after    TEXT NOT NULL,
    attempt      BIGINT NOT NULL,
    leased_by    TEXT,
    leased_until TEXT,
    error_code   TEXT
);
CREATE INDEX job_by_urgency ON job (urgent, created_at);

-- What the model assessed, what the rules say and what the system suggests, as they were committed.
CREATE TABLE decision (
    alarm_id  TEXT PRIMARY KEY REFERENCES alarm (id) ON DELETE CASCADE,
    document  TEXT NOT NULL,
    entry     BIGINT NOT NULL,
    leaf_hash TEXT NOT NULL
);

CREATE TABLE report (
    alarm_id TEXT PRIMARY KEY REFERENCES alarm (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);

-- What people decided; a later word stands beside an earlier one.
CREATE TABLE disposition (
    id       TEXT PRIMARY KEY,
    alarm_id TEXT NOT NULL REFERENCES alarm (id) ON DELETE CASCADE,
    document TEXT NOT NULL,
    entry    BIGINT NOT NULL UNIQUE
);
CREATE INDEX disposition_by_alarm ON disposition (alarm_id, entry);

CREATE TABLE user_account (
    name          TEXT PRIMARY KEY,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled      BIGINT NOT NULL,
    created_at    TEXT NOT NULL
);

CREATE TABLE user_session (
    token_hash TEXT PRIMARY KEY,
    user_name  TEXT NOT NULL REFERENCES user_account (name) ON DELETE CASCADE,
    expires_at TEXT NOT NULL
);

CREATE TABLE api_token (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
);

-- Who a pseudonym in the log is. Deleting a row makes it nobody.
CREATE TABLE staff_pseudonym (
    name      TEXT PRIMARY KEY,
    pseudonym TEXT NOT NULL UNIQUE
);

-- The log. Rows of log_entry, log_node and log_checkpoint are never changed or removed; triggers
-- that the service sets when it opens the database hold that.
CREATE TABLE log_head (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    size        BIGINT NOT NULL,
    recorded_at TEXT NOT NULL,
    signed      BIGINT NOT NULL
);
INSERT INTO log_head (id, size, recorded_at, signed) VALUES (1, 0, '', 0);

CREATE TABLE log_entry (
    seq         BIGINT PRIMARY KEY,
    alarm_id    TEXT,
    leaf        TEXT NOT NULL,
    leaf_hash   TEXT NOT NULL,
    recorded_at TEXT NOT NULL
);
CREATE INDEX log_entry_by_alarm ON log_entry (alarm_id);

-- Complete subtrees of two leaves and more, each under the entry that completed it.
CREATE TABLE log_node (
    seq   BIGINT NOT NULL,
    level BIGINT NOT NULL,
    hash  TEXT NOT NULL,
    PRIMARY KEY (seq, level)
);

CREATE TABLE log_checkpoint (
    size BIGINT PRIMARY KEY,
    note TEXT NOT NULL
);

-- Personal values that leaves commit to. Ordinary rows: retention and erasure delete them.
CREATE TABLE log_payload (
    seq        BIGINT NOT NULL,
    name       TEXT NOT NULL,
    dek_id     TEXT NOT NULL,
    disclosure TEXT NOT NULL,
    PRIMARY KEY (seq, name)
);
