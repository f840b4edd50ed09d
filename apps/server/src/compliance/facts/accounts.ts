import { type ApiKeyInput, KINDS, type PrincipalInput, type Role, VERBS } from '@roundhouse/api';
import type { FactProvider } from '@roundhouse/audit/compliance';
import type { Clock } from '@roundhouse/core';
import type { Store } from '@roundhouse/store';
import { ROOT_PRINCIPAL } from '../../identity/identity.ts';
import type { AuthenticationOptions } from '../../identity/options.ts';
import { needsRehash } from '../../identity/password.ts';
import { passwordPolicyOf } from '../../identity/passwordPolicy.ts';
import { isConditional, type Policy } from '../../policy/policy.ts';
import type { Resources } from '../../resource/resources.ts';
import type { Usage } from '../usage.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Whoever was not seen in use for so long, while we looked, is not in use. */
const LONG_DAYS = 90;
/** Without a policy all but the empty password are taken. */
const SHORTEST = 1;

/** Names that systems are delivered with. */
const VENDOR_DEFAULTS = new Set(
  'admin administrator default demo guest ibmuser operator root superuser sysadmin test user'.split(' '),
);
/** Names of functions and groups besides. */
const FUNCTIONS = new Set(
  'all anonymous backup common developer developers devops everyone generic group helpdesk it office operators ops public service shared staff support system team tester tests users'.split(
    ' ',
  ),
);
const GROUP_PART = /^(shared|generic|team|group|common)[-_.]|[-_.](shared|team|group|users)$/;

export interface AccountFactsSources {
  readonly resources: Pick<Resources, 'ids' | 'find'>;
  readonly authentication: AuthenticationOptions | undefined;
  /** The one in force. */
  readonly policy: () => Pick<Policy, 'couldAllow'>;
  readonly usage: Usage;
  /** What is kept in memory alone is not known to the next process. */
  readonly store: Pick<Store, 'isDurable'>;
  readonly clock: Clock;
}

/** Principals, their keys and passwords, and what they may do. */
export function accountFacts({
  resources,
  authentication = {},
  policy,
  usage,
  store,
  clock,
}: AccountFactsSources): FactProvider {
  return {
    name: 'accounts',
    names: [
      'defaults.accounts',
      'keys.items',
      'lockout.lock_minutes',
      'lockout.max_failures',
      'password.history',
      'password.local_accounts',
      'password.min_length',
      'password.needs_letters_and_digits',
      'password.outdated_hashes',
      'policy.is_default_deny',
      'policy.wildcard_admins',
      'principals.accounts',
      'principals.generic',
      'principals.root_quiet_hours',
    ],
    async gather() {
      const now = clock.now();
      const accounts = enabledPrincipals(resources);
      await usage.keep([ROOT_PRINCIPAL, ...accounts.map(({ input }) => input.id)]);
      const inputs = accounts.map(({ input }) => input);
      const idsOf = (isMeant: (input: PrincipalInput) => boolean): string[] =>
        inputs.filter(isMeant).map(({ id }) => id);
      const isLocal = (input: PrincipalInput): boolean =>
        authentication.basic?.enabled !== false && input.password_hash !== undefined;
      const passwords = passwordPolicyOf(authentication);
      const wildcards = wildcardRoles(resources);
      const { max_failures: maxFailures = 10, lock_ms: lockMs = 1_800_000 } = authentication.lockout ?? {};
      return {
        'defaults.accounts': idsOf((input) => isLocal(input) && VENDOR_DEFAULTS.has(input.id.toLowerCase())),
        'keys.items': keysOf(resources, new Set(inputs.map(({ id }) => id)), now),
        'lockout.lock_minutes': lockMs / 60_000,
        'lockout.max_failures': maxFailures,
        'password.history': store.isDurable ? (passwords?.history ?? 0) : 0,
        'password.local_accounts': idsOf(isLocal),
        'password.min_length': passwords?.minLength ?? SHORTEST,
        'password.needs_letters_and_digits': passwords?.needsLettersAndDigits ?? false,
        'password.outdated_hashes': idsOf(({ password_hash: hash }) => hash !== undefined && needsRehash(hash)),
        'policy.is_default_deny': isDefaultDeny(policy()),
        'policy.wildcard_admins': idsOf(({ roles }) => roles.some((role) => wildcards.has(role))),
        'principals.accounts': accounts.map(({ input: { id, type = 'person' }, createdAt }) => {
          const unusedDays = unusedDaysOf(usage, id, createdAt, now);
          return { id, type, ...(unusedDays === undefined ? {} : { unused_days: unusedDays }) };
        }),
        'principals.generic': idsOf(({ id, type = 'person' }) => type === 'person' && isGeneric(id)),
        'principals.root_quiet_hours': (now - (usage.lastUse(ROOT_PRINCIPAL) ?? usage.since)) / HOUR_MS,
      };
    },
  };
}

function enabledPrincipals(resources: AccountFactsSources['resources']) {
  return resources.ids('principal').flatMap((id) => {
    const kept = resources.find('principal', id);
    if (kept === undefined) return [];
    const input = kept.input as PrincipalInput;
    return input.disabled === true ? [] : [{ input, createdAt: kept.createdAt }];
  });
}

/** The longest that it can have been without use; undefined where it may be in use, and was not seen yet. */
function unusedDaysOf(usage: Usage, id: string, createdAt: number, now: number): number | undefined {
  const used = usage.lastUse(id);
  if (used !== undefined) return (now - used) / DAY_MS;
  const age = (now - createdAt) / DAY_MS;
  const observed = (now - usage.since) / DAY_MS;
  if (age < LONG_DAYS || createdAt >= usage.since) return age;
  return observed >= LONG_DAYS ? observed : undefined;
}

function keysOf(resources: AccountFactsSources['resources'], principals: ReadonlySet<string>, now: number) {
  return resources.ids('api_key').flatMap((id) => {
    const kept = resources.find('api_key', id);
    if (kept === undefined) return [];
    const { principal, expires_at: expiresAt } = kept.input as ApiKeyInput;
    const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= now;
    if (isOver || !principals.has(principal)) return [];
    return [{ id, principal, age_days: Math.max(0, now - kept.createdAt) / DAY_MS }];
  });
}

/** Whether whoever has no role may do nothing. */
function isDefaultDeny(policy: Pick<Policy, 'couldAllow'>): boolean {
  return VERBS.every((verb) => KINDS.every((kind) => !policy.couldAllow([], verb, kind)));
}

function wildcardRoles(resources: AccountFactsSources['resources']): ReadonlySet<string> {
  return new Set(
    resources.ids('role').filter((id) => {
      const { rules = [] } = (resources.find('role', id)?.input ?? {}) as Partial<Role>;
      return rules.some(
        (rule) =>
          rule.effect !== 'deny' && rule.verbs.includes('*') && rule.kinds.includes('*') && !isConditional(rule),
      );
    }),
  );
}

function isGeneric(id: string): boolean {
  const name = id.toLowerCase();
  const bare = name.replace(/\d+$/, '');
  return VENDOR_DEFAULTS.has(bare) || FUNCTIONS.has(bare) || GROUP_PART.test(name);
}
