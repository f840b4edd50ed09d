import type { Migration } from '../../migration.ts';

/**
 * A message is in the mailbox when `kept_at` is there, and being written before. The text is apart, so that lists and sums
 * do not read through it.
 */
export const mailbox: Migration = {
  name: '0002-mailbox',
  sql: `
CREATE TABLE mail (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  begun_at REAL NOT NULL,
  kept_at REAL,
  bytes INTEGER NOT NULL,
  pieces INTEGER NOT NULL,
  json TEXT,
  CHECK ((kept_at IS NULL) = (json IS NULL))
) STRICT;
CREATE INDEX mail_kept ON mail (kept_at, bytes) WHERE kept_at IS NOT NULL;
CREATE INDEX mail_pending ON mail (begun_at) WHERE kept_at IS NULL;

CREATE TABLE mail_pieces (
  mail INTEGER NOT NULL REFERENCES mail ON DELETE CASCADE,
  piece INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (mail, piece)
) STRICT;
`,
};
