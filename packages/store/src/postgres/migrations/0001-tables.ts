import type { Migration } from '../../migration.ts';

/**
 * Text is compared by code points (COLLATE "C"), whatever the language of the database. JSON is text, since jsonb neither
 * keeps the order of keys nor knows U+0000. Times are ms since 1970, perhaps with a fraction. Every index ends with the
 * column that pages go by; those of pending and dead deliveries are partial, so that delivered ones cost them nothing.
 */
export const tables: Migration = {
  name: '0001-tables',
  sql: `
-- The clock that leases and times go by: one for all processes, however theirs differ.
CREATE FUNCTION now_ms() RETURNS double precision LANGUAGE sql VOLATILE AS
  $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::double precision $$;

-- Whoever writes locks its one row first, so that transactions go one after another.
CREATE TABLE state (
  one integer PRIMARY KEY CHECK (one = 1),
  revision bigint NOT NULL,
  compacted bigint NOT NULL,
  last_sequence bigint NOT NULL,
  last_delivery bigint NOT NULL
);
INSERT INTO state VALUES (1, 0, 0, 0, 0);

CREATE TABLE resources (
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created_at double precision NOT NULL,
  updated_at double precision NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (kind, id)
);

CREATE TABLE changes (
  revision bigint NOT NULL,
  ordinal integer NOT NULL,
  op text NOT NULL CHECK (op IN ('put', 'delete')),
  kind text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  created_at double precision NOT NULL,
  updated_at double precision NOT NULL,
  json text NOT NULL,
  PRIMARY KEY (revision, ordinal)
);

CREATE TABLE events (
  sequence bigint PRIMARY KEY,
  at double precision NOT NULL,
  type text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  json text NOT NULL
);

CREATE TABLE leases (
  name text COLLATE "C" PRIMARY KEY,
  holder text COLLATE "C",
  token bigint NOT NULL,
  expires_at double precision NOT NULL
);

CREATE TABLE cursors (
  receiver text COLLATE "C" PRIMARY KEY,
  sequence bigint NOT NULL
);

CREATE TABLE deliveries (
  id bigint PRIMARY KEY,
  receiver text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  order_key text COLLATE "C",
  type text COLLATE "C" NOT NULL,
  json text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
  attempts integer NOT NULL,
  created_at double precision NOT NULL,
  next_attempt_at double precision,
  last_error text,
  CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX deliveries_of_receiver ON deliveries (receiver, id);
CREATE INDEX deliveries_due ON deliveries (receiver, id) INCLUDE (next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_next ON deliveries (receiver, next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_dead ON deliveries (receiver, created_at, id) WHERE status = 'dead';

CREATE TABLE attempts (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery bigint NOT NULL REFERENCES deliveries ON DELETE CASCADE,
  at double precision NOT NULL,
  elapsed_ms double precision NOT NULL,
  status integer,
  error text,
  json text NOT NULL
);
CREATE INDEX attempts_of_delivery ON attempts (delivery, number);
`,
};
