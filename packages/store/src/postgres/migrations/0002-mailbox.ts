import type { Migration } from '../../migration.ts';

/**
 * A message is in the mailbox when `kept_at` is there, and being written before. The text is apart, so that lists and sums
 * do not read through it.
 */
export const mailbox: Migration = {
  name: '0002-mailbox',
  sql: `
CREATE TABLE mail (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  begun_at double precision NOT NULL,
  kept_at double precision,
  bytes bigint NOT NULL,
  pieces integer NOT NULL,
  json text,
  CHECK ((kept_at IS NULL) = (json IS NULL))
);
CREATE INDEX mail_kept ON mail (kept_at) INCLUDE (bytes) WHERE kept_at IS NOT NULL;
CREATE INDEX mail_pending ON mail (begun_at) WHERE kept_at IS NULL;

CREATE TABLE mail_pieces (
  mail bigint NOT NULL REFERENCES mail ON DELETE CASCADE,
  piece integer NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (mail, piece)
);
`,
};
