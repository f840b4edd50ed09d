import type { SessionState } from '@roundhouse/api';
import type { Transitions } from '@roundhouse/core';

/**
 * The life of a session as callers see it: `initializing` until the connection is up, `connected` until its first use,
 * `idle` after a time without use. `closed` and `error` are final. Nothing leads to `suspended` yet.
 */
export const SESSION_TRANSITIONS: Transitions<SessionState> = {
  initializing: ['connected', 'closed', 'error'],
  connected: ['active', 'idle', 'closed', 'error'],
  active: ['idle', 'closed', 'error'],
  idle: ['active', 'closed', 'error'],
  suspended: ['connected', 'closed', 'error'],
  closed: [],
  error: [],
};
