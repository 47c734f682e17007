-- What `verify` and `repair` need: the captures of a file in the order of their bytes, and what is known
-- to be lost.

-- The SHA-256 of a file's committed bytes; null where an older gongkai wrote it.
ALTER TABLE segments ADD COLUMN digest BLOB;

CREATE INDEX captures_place ON captures (segment_id, offset);

-- Records whose bytes are gone for good, so that nobody looks for them again. The row of a payload whose
-- bytes are lost stays, with capture_id 0, until the same bytes are captured anew.
CREATE TABLE losses (
    record_id  BLOB PRIMARY KEY,         -- its UUID
    url        TEXT NOT NULL,
    at         INTEGER,                  -- when it was captured, where that is known
    kind       TEXT NOT NULL,            -- response, revisit, apart, failure
    digest     BLOB,                     -- of its payload
    why        TEXT NOT NULL,
    noticed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
