import type { Migration } from '../../migration.ts';

/**
 * Times are ms since 1970, perhaps with a fraction, hence REAL. Every index ends with the column that pages go by; those
 * of pending and dead deliveries are partial, so that delivered ones, by far the most, cost them nothing.
 */
export const tables: Migration = {
  name: '0001-tables',
  sql: `
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  revision INTEGER NOT NULL,
  compacted INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  last_delivery INTEGER NOT NULL
) STRICT;
INSERT INTO state VALUES (1, 0, 0, 0, 0);

CREATE TABLE resources (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE changes (
  revision INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('put', 'delete')),
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (revision, ordinal)
) STRICT;

CREATE TABLE events (
  sequence INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  json TEXT NOT NULL
) STRICT;

CREATE TABLE leases (
  name TEXT PRIMARY KEY NOT NULL,
  holder TEXT,
  token INTEGER NOT NULL,
  expires_at REAL NOT NULL
) STRICT;

CREATE TABLE cursors (
  receiver TEXT PRIMARY KEY NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  receiver TEXT NOT NULL,
  message_id TEXT NOT NULL,
  order_key TEXT,
  type TEXT NOT NULL,
  json TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
  attempts INTEGER NOT NULL,
  created_at REAL NOT NULL,
  next_attempt_at REAL,
  last_error TEXT,
  CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
) STRICT;
CREATE INDEX deliveries_of_receiver ON deliveries (receiver, id);
CREATE INDEX deliveries_due ON deliveries (receiver, id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_next ON deliveries (receiver, next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_dead ON deliveries (receiver, created_at, id) WHERE status = 'dead';

CREATE TABLE attempts (
  number INTEGER PRIMARY KEY,
  delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
  at REAL NOT NULL,
  elapsed_ms REAL NOT NULL,
  status INTEGER,
  error TEXT,
  json TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_of_delivery ON attempts (delivery, number);
`,
};
