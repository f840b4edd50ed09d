import { type KindName, KINDS, type Role } from '@roundhouse/api';

/** Who may do what: whoever changes these gives rights away. */
const ACCESS_KINDS = ['principal', 'role', 'api_key'] as const;

/** A worker is run as whoever runs the server: who writes one, or runs commands in its place, may do all that they may. */
const OPERATED_KINDS = ['worker'] as const;

/** Its evidence names principals and what they may do. */
const EVIDENCE_KINDS = ['compliance'] as const;
/** What everybody did, what was done to whom, from where: for those whose office it is. */
const AUDITED_KINDS = ['audit'] as const;

function kindsBut(...others: readonly KindName[]): KindName[] {
  return KINDS.filter((kind) => !others.includes(kind));
}

/** Roles that are always there. Their ids are taken. */
export const BUILT_IN_ROLES = [
  {
    id: 'admin',
    description: 'Everything, principals, roles and API keys included.',
    rules: [{ verbs: ['*'], kinds: ['*'] }],
  },
  {
    id: 'operator',
    description:
      'Everything but principals, roles, API keys and the audit journal, which it does not even see. Workers it runs as they are specified.',
    rules: [
      { verbs: ['*'], kinds: kindsBut(...ACCESS_KINDS, ...OPERATED_KINDS, ...EVIDENCE_KINDS, ...AUDITED_KINDS) },
      { verbs: ['get', 'list', 'watch'], kinds: [...EVIDENCE_KINDS] },
      { verbs: ['get', 'list', 'watch', 'read', 'operate', 'signal', 'reload'], kinds: [...OPERATED_KINDS] },
    ],
  },
  {
    id: 'user',
    description: 'Makes sessions, and uses, moves and closes those that it has made.',
    rules: [
      { verbs: ['create'], kinds: ['session'] },
      { verbs: ['get', 'list', 'read', 'input', 'suspend', 'delete', 'migrate'], kinds: ['session'], own: true },
      // Suspending and migrating answer with an operation, which is followed by reading it.
      { verbs: ['get', 'list'], kinds: ['operation'], own: true },
    ],
  },
  {
    id: 'viewer',
    description:
      'Looks at everything but screens, logs of workers, texts of mail, principals, API keys and the audit journal. Changes nothing.',
    rules: [
      {
        verbs: ['get', 'list', 'watch'],
        kinds: kindsBut('principal', 'api_key', ...AUDITED_KINDS),
      },
    ],
  },
  {
    id: 'auditor',
    description:
      'Looks at everything but screens, logs of workers and texts of mail; who may do what, the audit journal and evidence of compliance included. Changes nothing, and may put on record what it has reviewed.',
    rules: [
      { verbs: ['get', 'list', 'watch'], kinds: ['*'] },
      { verbs: ['assess'], kinds: [...EVIDENCE_KINDS] },
      { verbs: ['export', 'review'], kinds: [...AUDITED_KINDS] },
    ],
  },
] satisfies readonly Role[];
