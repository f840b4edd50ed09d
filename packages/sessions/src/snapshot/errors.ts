import { defineErrors } from '@roundhouse/core';

/** Codes of snapshots. */
export const snapshotError = defineErrors({
  SNAPSHOT_MALFORMED: {
    message: '{path} is not valid: {reason}',
    hint: 'Take the snapshot again; one that was edited or cut short cannot be used.',
    retryable: false,
    status: 422,
  },
  SNAPSHOT_VERSION_UNSUPPORTED: {
    message: 'The snapshot has version {version}; this program reads version {supported}',
    hint: 'Read it with the release that wrote it, or upgrade this one.',
    retryable: false,
    status: 422,
  },
  SNAPSHOT_TAMPERED: {
    message: 'The snapshot is not as it was written: {reason}',
    hint: 'Take it again from the session. Where a key is used, both sides need the same one.',
    retryable: false,
    status: 422,
  },
  SNAPSHOT_KEY_REQUIRED: {
    message: 'The snapshot needs a key of at least {min_key_bytes} bytes: {reason}',
    hint: 'Pass the key that both sides share, or use a snapshot whose hidden fields are masked.',
    retryable: false,
    status: 422,
  },
});
