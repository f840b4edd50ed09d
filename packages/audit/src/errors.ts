import { defineErrors } from '@roundhouse/core';

/** Codes of the audit journal. */
export const auditError = defineErrors({
  AUDIT_ENTRY_INVALID: {
    message: 'The audit entry cannot be recorded: `{field}` must be {expected}',
    hint: 'Correct the caller: what is recorded must be complete. The contract of AuditEntry names the forms.',
    retryable: false,
    status: 422,
  },
  AUDIT_OPTIONS_INVALID: {
    message: 'The audit journal cannot be opened: {option} must be {expected}',
    hint: 'Correct the option.',
    retryable: false,
    status: 422,
  },
  AUDIT_UNAVAILABLE: {
    message: 'The audit journal cannot keep records: {reason}',
    hint: 'See that the disk of the journal has room and can be written. The journal goes on by itself; what was refused has not happened and may be tried again.',
    retryable: true,
    status: 503,
  },
  AUDIT_BUSY: {
    message: '{waiting} audit records wait to be kept already',
    hint: 'Try again later. If this lasts, the disk of the journal is too slow for what is recorded.',
    retryable: true,
    status: 503,
  },
  AUDIT_SINK_LAGGING: {
    message: 'No checkpoint has reached {sink} for {lag_ms} ms, and records of class {class} are refused without',
    hint: 'See that the sink can be reached and takes checkpoints; its last failure is in the status of the journal.',
    retryable: true,
    status: 503,
  },
  AUDIT_CLOSED: {
    message: 'The audit journal is closed',
    hint: 'The process is ending; try again when it is back.',
    retryable: true,
    status: 503,
  },
  AUDIT_LOCKED: {
    message: 'Another process (pid {pid}) writes the audit journal in {directory}',
    hint: 'End that process, or give this one a directory of its own: a journal has one writer.',
    retryable: true,
    status: 503,
  },
  AUDIT_DAMAGED: {
    message: 'The audit journal is damaged in segment {segment} at byte {offset}: {reason}',
    hint: 'Keep a copy of the directory before anything else, run roundhouse-verify on it, and compare with checkpoints kept elsewhere. Nothing is repaired.',
    retryable: false,
    status: 500,
  },
  AUDIT_KEY_LOST: {
    message: 'The audit journal in {directory} cannot be continued: {reason}',
    hint: 'Restore the file from where it was moved to, or begin a journal in an empty directory and keep this one: what it holds can still be verified.',
    retryable: false,
    status: 500,
  },
  AUDIT_ERASED: {
    message: 'The records of segment {segment} cannot be read: their key has been erased',
    hint: 'This is what the erasure was for. That the records were there, and in which order, can still be verified.',
    retryable: false,
    status: 410,
  },
  AUDIT_PRUNED: {
    message: 'Record {seq} is not kept; the journal begins with {first}',
    hint: 'Look for it in the archive.',
    retryable: false,
    status: 410,
  },
  AUDIT_RANGE_INVALID: {
    message: '{argument} must be {expected}',
    hint: 'Ask for what the journal has: its status says how many records there are.',
    retryable: false,
    status: 422,
  },
  AUDIT_SINK_SAME_FILE_SYSTEM: {
    message: 'The checkpoints in {directory} would be on the file system of the journal itself',
    hint: 'Name a directory on another mount, or allow it in words: who can change the journal could change these too.',
    retryable: false,
    status: 422,
  },
  AUDIT_SINK_FAILED: {
    message: 'The checkpoint sink {sink} does not take a checkpoint: {reason}',
    hint: 'See that it can be reached and written. It is tried again by itself.',
    retryable: true,
    status: 502,
  },
  AUDIT_QUERY_INVALID: {
    message: '{field} must be {expected}',
    hint: 'Correct what is asked for. Words are sought as they are; "in quotes" as a phrase, with * behind three letters as a beginning.',
    retryable: false,
    status: 422,
  },
  AUDIT_INDEX_UNAVAILABLE: {
    message: 'The index of the audit cannot be asked: {reason}',
    hint: 'It makes itself anew when it can: see that the disk has room. An export without a query does not need it.',
    retryable: true,
    status: 503,
  },
  AUDIT_INDEX_BEHIND: {
    message: '{behind} records are not in the index of the audit yet, and would be missing',
    hint: 'Try again when the status of the index is current. An export without a query does not need it.',
    retryable: true,
    status: 503,
  },
  AUDIT_ARCHIVE_FAILED: {
    message: 'Segment {segment} is not archived: {reason}',
    hint: 'The original stays where it is. See that the directory of the archive has room and can be written; what is damaged, keep a copy of, and run roundhouse-verify on it.',
    retryable: true,
    status: 500,
  },
  AUDIT_DISABLED: {
    message: 'This server keeps no audit journal',
    hint: 'Take `enabled: false` out of `audit` in the configuration, and start the server again.',
    retryable: false,
    status: 404,
  },
});
