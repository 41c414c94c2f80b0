-- The form of a history. Things (findings, identities) have a row of events, one only where something changed; bodies are
-- shared. So a quiet night costs one row.
CREATE TABLE body (
    id     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    text   TEXT NOT NULL
);
CREATE TABLE scan (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    version     TEXT NOT NULL,
    inputs      TEXT NOT NULL,
    complete    INTEGER NOT NULL,
    looked      INTEGER NOT NULL REFERENCES body (id),
    critical    INTEGER NOT NULL,
    high        INTEGER NOT NULL,
    medium      INTEGER NOT NULL,
    low         INTEGER NOT NULL,
    info        INTEGER NOT NULL,
    muted       INTEGER NOT NULL,
    identities  INTEGER NOT NULL,
    raised      INTEGER NOT NULL,
    resolved    INTEGER NOT NULL
);
CREATE TABLE thing (
    id    INTEGER PRIMARY KEY,
    kind  INTEGER NOT NULL,
    name  TEXT NOT NULL,
    first INTEGER NOT NULL REFERENCES scan (id),
    UNIQUE (kind, name)
);
CREATE TABLE event (
    thing  INTEGER NOT NULL REFERENCES thing (id),
    scan   INTEGER NOT NULL REFERENCES scan (id),
    status INTEGER NOT NULL,
    body   INTEGER NOT NULL REFERENCES body (id),
    last   INTEGER NOT NULL REFERENCES scan (id),
    PRIMARY KEY (thing, scan)
) WITHOUT ROWID;
CREATE INDEX event_by_scan ON event (scan);
