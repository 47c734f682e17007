-- The frontier and the catalogue, in one file so that an outcome is one transaction.
-- Times are milliseconds since the Unix epoch, durations milliseconds, digests 32 bytes.

CREATE TABLE seeds (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL                 -- the file, or the URL given on the command line
) STRICT;

CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,                  -- null: running, or killed
    ending     TEXT,                     -- done, max-pages, max-time, SIGINT, SIGTERM, killed, failed: …
    software   TEXT NOT NULL,
    pages      INTEGER NOT NULL DEFAULT 0,
    reports    INTEGER NOT NULL DEFAULT 0,
    failures   INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The unit of politeness: one line each.
CREATE TABLE hosts (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL UNIQUE,
    active           INTEGER NOT NULL DEFAULT 1,  -- asked in the current run
    known            INTEGER NOT NULL DEFAULT 0,  -- URLs of it
    dropped          INTEGER NOT NULL DEFAULT 0,  -- URLs not taken in: scope.max_pages_per_host
    waiting          INTEGER NOT NULL DEFAULT 0,  -- URLs of it in state waiting
    in_flight        INTEGER NOT NULL DEFAULT 0,  -- leases granted and not yet committed
    lease_run        INTEGER REFERENCES runs,     -- the run that holds them
    next_at          INTEGER NOT NULL DEFAULT 0,  -- left alone until then
    rest_reason      TEXT,                        -- why, where it is more than its pace
    failures         INTEGER NOT NULL DEFAULT 0,  -- in a row
    delay_ms         INTEGER NOT NULL DEFAULT 0,  -- its pace, as last reckoned
    last_response_ms INTEGER,
    seed_delay_ms    INTEGER,
    crawl_delay_ms   INTEGER
) STRICT;
CREATE INDEX hosts_ready ON hosts (next_at) WHERE waiting > 0 AND active = 1;

-- What the robots.txt of an origin (scheme, host, port) says; RFC 9309.
CREATE TABLE origins (
    id         INTEGER PRIMARY KEY,
    origin     TEXT NOT NULL UNIQUE,
    host_id    INTEGER NOT NULL REFERENCES hosts,
    standing   TEXT NOT NULL,            -- rules, allow, disallow, redirect
    why        TEXT NOT NULL,
    robots     BLOB,                     -- the file, where standing is rules
    location   TEXT,                     -- where to ask next, where standing is redirect
    redirects  INTEGER NOT NULL DEFAULT 0,
    fetched_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    failures   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE urls (
    id            INTEGER PRIMARY KEY,
    hash          INTEGER NOT NULL,      -- 64 bits of the canonical URL's SHA-256
    url           TEXT NOT NULL,         -- canonical
    spelling      TEXT,                  -- as first seen, where that differs
    host_id       INTEGER NOT NULL REFERENCES hosts,
    seed_id       INTEGER REFERENCES seeds,
    via_id        INTEGER REFERENCES urls,
    depth         INTEGER NOT NULL,
    redirects     INTEGER NOT NULL DEFAULT 0,
    score         INTEGER NOT NULL,
    score_why     TEXT NOT NULL,
    rank          INTEGER NOT NULL,      -- its place in its host's queue
    state         INTEGER NOT NULL,      -- frontier::UrlState
    reason        TEXT,
    detail        TEXT,
    due_at        INTEGER,
    attempts      INTEGER NOT NULL DEFAULT 0,
    interval_ms   INTEGER,
    etag          TEXT,
    last_modified TEXT,
    payload_id    INTEGER REFERENCES payloads,
    found_at      INTEGER NOT NULL,
    visited_at    INTEGER
) STRICT;
CREATE INDEX urls_hash ON urls (hash);
CREATE INDEX urls_waiting ON urls (host_id, rank) WHERE state = 0;
CREATE INDEX urls_leased ON urls (host_id) WHERE state = 1;
CREATE INDEX urls_due ON urls (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE segments (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,         -- of the sealed file
    length INTEGER NOT NULL,             -- bytes committed
    sealed INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE payloads (
    id         INTEGER PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE,
    length     INTEGER NOT NULL,
    capture_id INTEGER NOT NULL          -- the capture whose response record holds it
) STRICT;

CREATE TABLE captures (
    id         INTEGER PRIMARY KEY,
    url_id     INTEGER NOT NULL REFERENCES urls,
    run_id     INTEGER NOT NULL REFERENCES runs,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,            -- response, revisit, failure
    status     INTEGER,
    mime       TEXT,
    payload_id INTEGER REFERENCES payloads,
    segment_id INTEGER NOT NULL REFERENCES segments,
    offset     INTEGER NOT NULL,         -- of the response, revisit or metadata record
    length     INTEGER NOT NULL,
    record_id  BLOB NOT NULL,            -- its UUID
    elapsed_ms INTEGER NOT NULL,
    address    TEXT,
    truncated  TEXT,
    failure    TEXT
) STRICT;
CREATE INDEX captures_url ON captures (url_id, at);
CREATE INDEX captures_payload ON captures (payload_id) WHERE payload_id IS NOT NULL;

CREATE TABLE reports (
    id         INTEGER PRIMARY KEY,
    url_id     INTEGER NOT NULL REFERENCES urls,
    capture_id INTEGER NOT NULL REFERENCES captures,
    kind       TEXT NOT NULL,            -- report, report_file
    title      TEXT,
    agency     TEXT,
    year       INTEGER,
    division   TEXT,
    published  TEXT,
    format     TEXT,
    json       TEXT NOT NULL,            -- gongkai-report/1
    UNIQUE (url_id, capture_id)
) STRICT;
CREATE INDEX reports_year ON reports (year, agency);
