import { defineErrors, type RoundhouseError } from '@roundhouse/core';

/** Codes of the store. */
export const storeError = defineErrors({
  STORE_UNAVAILABLE: {
    message: 'The store does not answer: {reason}',
    hint: 'See that the database runs and can be reached; the store goes on by itself. Whether a write that met this has happened can be read.',
    retryable: true,
    status: 503,
  },
  STORE_CLOSED: {
    message: 'The store is closed',
    hint: 'The process is ending; ask again when it is back.',
    retryable: false,
    status: 503,
  },
  STORE_BUSY: {
    message: '{waiting} writes wait for the store already',
    hint: 'Try again later. If this lasts, the disk of the database is too slow for what is asked of it.',
    retryable: true,
    status: 503,
  },
  STORE_FULL: {
    message: 'The store has no room left: {reason}',
    hint: 'Free space on the disk of the database, or forget old events and deliveries.',
    retryable: true,
    status: 507,
  },
  STORE_LOCKED: {
    message: 'Another process uses the store {file}',
    hint: 'End the process that has the file open (`fuser {file}` names it), or give this one a file of its own. For several at a time use PostgreSQL.',
    retryable: true,
    status: 503,
  },
  STORE_CORRUPT: {
    message: 'The store is damaged: {reason}',
    hint: 'Stop, keep a copy of the database, and go back to the last backup. Look at the disk.',
    retryable: false,
    status: 500,
  },
  STORE_SCHEMA_NEWER: {
    message: 'The store has schema {found}, and this version knows up to {known}',
    hint: 'A newer version of the product has used this store. Run that one, or go back to the backup from before.',
    retryable: false,
    status: 500,
  },
  STORE_SCHEMA_DIFFERS: {
    message: 'Migration {migration} of the store is not the one that this version has',
    hint: 'The store comes from a build that was never released. Go back to a backup, or begin with an empty store.',
    retryable: false,
    status: 500,
  },
  STORE_REFUSED: {
    message: 'The database refuses: {reason}',
    hint: 'See that user, password and database of the store URL are right, and that the user may create and use the schema.',
    retryable: false,
    status: 500,
  },
  STORE_URL_INVALID: {
    message: 'The store URL is not valid: {reason}',
    hint: 'Use memory:, sqlite:/path/to/file.db or postgres://user:password@host:port/database.',
    retryable: false,
    status: 422,
  },
  VERSION_CONFLICT: {
    message: '{kind} {id}: expected version {expected}, found {found}',
    hint: 'Someone else has changed it meanwhile. Read it again, and repeat the change on what you find.',
    retryable: false,
    status: 409,
  },
  REVISION_COMPACTED: {
    message: 'Changes behind revision {after} are not kept; the store has those behind {compacted} up to {revision}',
    hint: 'List again, and watch from the revision of that list.',
    retryable: false,
    status: 410,
  },
  EVENT_SEQUENCE_CONFLICT: {
    message: 'Event {found} does not follow event {last}',
    hint: 'Another writer has numbered events meanwhile. Read the range, and number from there.',
    retryable: false,
    status: 409,
  },
  MAIL_CONFLICT: {
    message: 'Message {message} is not being written, or goes on elsewhere',
    hint: 'Each message is written once, piece by piece from 0, and then kept. Begin another with a name of its own.',
    retryable: false,
    status: 409,
  },
  ILLEGAL_ARGUMENT: {
    message: '{argument} must be {expected}',
    hint: 'Correct the argument; the contract of the store names its limits.',
    retryable: false,
    status: 422,
  },
});

export function mailConflict(message: string): RoundhouseError {
  return storeError('MAIL_CONFLICT', { details: { message } });
}
