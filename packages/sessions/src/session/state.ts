import type { SessionState } from '@roundhouse/api';
import type { Transitions } from '@roundhouse/core';

/**
 * The life of a session as callers see it: `initializing` until a connection is up, and again while its host was lost
 * and another is sought; `connected` until its first use; `idle` after a time without use; `suspended` keeps the
 * connection and refuses input. `closed` and `error` are final.
 */
export const SESSION_TRANSITIONS: Transitions<SessionState> = {
  initializing: ['connected', 'closed', 'error'],
  connected: ['active', 'idle', 'suspended', 'initializing', 'closed', 'error'],
  active: ['idle', 'suspended', 'initializing', 'closed', 'error'],
  idle: ['active', 'suspended', 'initializing', 'closed', 'error'],
  suspended: ['connected', 'initializing', 'closed', 'error'],
  closed: [],
  error: [],
};
