import { KINDS, type Role } from '@roundhouse/api';

/** Who may do what: whoever changes these gives rights away. */
const ACCESS_KINDS = ['principal', 'role', 'api_key'] as const;

/** Roles that are always there. Their ids are taken. */
export const BUILT_IN_ROLES = [
  {
    id: 'admin',
    description: 'Everything, principals, roles and API keys included.',
    rules: [{ verbs: ['*'], kinds: ['*'] }],
  },
  {
    id: 'operator',
    description: 'Everything but principals, roles and API keys, which it does not even see.',
    rules: [{ verbs: ['*'], kinds: KINDS.filter((kind) => !ACCESS_KINDS.some((each) => each === kind)) }],
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
    description: 'Looks at everything but the screens of sessions, principals and API keys. Changes nothing.',
    rules: [
      {
        verbs: ['get', 'list', 'watch'],
        kinds: KINDS.filter((kind) => kind !== 'principal' && kind !== 'api_key'),
      },
    ],
  },
  {
    id: 'auditor',
    description: 'Looks at everything but the screens of sessions; who may do what included. Changes nothing.',
    rules: [{ verbs: ['get', 'list', 'watch'], kinds: ['*'] }],
  },
] satisfies readonly Role[];
