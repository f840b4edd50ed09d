import type { ApiKeyInput, PrincipalInput } from '@roundhouse/api';
import type { FactProvider } from '@roundhouse/audit/compliance';
import type { Clock } from '@roundhouse/core';
import { ROOT_PRINCIPAL } from '../../identity/identity.ts';
import type { AuthenticationOptions } from '../../identity/options.ts';
import type { Resources } from '../../resource/resources.ts';
import type { Usage } from '../usage.ts';
import { isLocal } from './exposure.ts';

export interface SecondFactorFactsSources {
  readonly authentication: AuthenticationOptions | undefined;
  readonly listeners: ReadonlyArray<{ readonly host: string }>;
  readonly resources: Pick<Resources, 'ids' | 'find'>;
  readonly usage: Usage;
  readonly clock: Clock;
}

const ADMIN = 'admin';
/** The token of root is for emergencies: one that was used within this time is a way in like any other. */
const ROOT_QUIET_MS = 86_400_000;

/** Whether people come in with one factor alone. Programs have keys, and those are no people. */
export function secondFactorFacts(sources: SecondFactorFactsSources): FactProvider {
  return {
    name: 'second factor',
    names: ['mfa.is_required_for_admins', 'mfa.is_required_for_remote'],
    gather() {
      const { listeners, usage, clock } = sources;
      const people = peopleOf(sources.resources);
      const isRootQuiet = clock.now() - (usage.lastUse(ROOT_PRINCIPAL) ?? usage.since) >= ROOT_QUIET_MS;
      const isClosed = (whom: readonly PrincipalInput[]): boolean => isRootQuiet && !hasSingleFactor(whom, sources);
      return Promise.resolve({
        'mfa.is_required_for_admins': isClosed(people.filter(({ roles }) => roles.includes(ADMIN))),
        'mfa.is_required_for_remote': listeners.every(({ host }) => isLocal(host)) || isClosed(people),
      });
    },
  };
}

function peopleOf(resources: SecondFactorFactsSources['resources']): readonly PrincipalInput[] {
  return resources.ids('principal').flatMap((id) => {
    const input = resources.find('principal', id)?.input as PrincipalInput | undefined;
    return input === undefined || input.disabled === true || input.type === 'service' ? [] : [input];
  });
}

/** Directory servers and issuers have people whom nobody knows here: they count for all. */
function hasSingleFactor(
  people: readonly PrincipalInput[],
  { authentication = {}, resources }: SecondFactorFactsSources,
): boolean {
  const { basic, ldap, issuers = [], certificates } = authentication;
  const ids = new Set(people.map(({ id }) => id));
  const hasPassword = basic?.enabled !== false && people.some(({ password_hash: hash }) => hash !== undefined);
  const hasCertificate = certificates !== false && people.some(({ certificates: own = [] }) => own.length > 0);
  const hasKey = resources
    .ids('api_key')
    .some((id) => ids.has((resources.find('api_key', id)?.input as ApiKeyInput | undefined)?.principal ?? ''));
  const hasIssuer = issuers.some(({ type, second_factor: factor }) => type !== 'service' && factor === undefined);
  return hasPassword || hasCertificate || hasKey || hasIssuer || ldap !== undefined;
}
