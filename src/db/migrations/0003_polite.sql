-- Politeness that is proven: a clock for each address, and how a host's failures are forgiven.

-- One machine, one line, whatever names it has.
CREATE TABLE addresses (
    address          TEXT PRIMARY KEY,
    next_at          INTEGER NOT NULL,     -- left alone until then
    last_response_ms INTEGER
) STRICT, WITHOUT ROWID;

-- The address at which the host was asked last, or is being asked.
ALTER TABLE hosts ADD COLUMN address TEXT;
-- When the last step of its failures was counted, or forgiven.
ALTER TABLE hosts ADD COLUMN failures_since INTEGER;
-- The gap between two requests to its host that its robots.txt asks for.
ALTER TABLE origins ADD COLUMN gap_ms INTEGER;
-- Connections in a row that broke.
ALTER TABLE hosts ADD COLUMN broken INTEGER NOT NULL DEFAULT 0;

CREATE INDEX hosts_resting ON hosts (next_at) WHERE rest_reason IS NOT NULL;

-- A URL that is taken up stays where it is in this index: one less to write for each request.
DROP INDEX urls_waiting;
DROP INDEX urls_leased;
CREATE INDEX urls_queue ON urls (host_id, rank) WHERE state <= 1;
