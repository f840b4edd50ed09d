import type { AuditEntry } from './entry.ts';

/** A change of a session, complete. */
export function entryOf(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    class: 'access',
    action: 'session.create',
    code: 'RHA-1001',
    phase: 'completed',
    outcome: 'success',
    actor: { type: 'principal', id: 'ada', authentication: 'jwt' },
    resource: { kind: 'session', id: 's-1' },
    source: { address: '192.0.2.7', port: 50_123 },
    request_id: '01J0000000000000000000000A',
    details: { group: 'production', lu: 'TN000017' },
    ...changes,
  };
}
