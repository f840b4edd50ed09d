import { type Clock, type Logger, Secret } from '@roundhouse/core';
import type { EventJournal } from '../event/journal.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Sealer } from '../resource/secretFields.ts';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import { MemoryDirectory } from './directory.ts';
import type { AuthenticationOptions } from './options.ts';
import { PasswordHistory, type PasswordHistoryDependencies } from './passwordHistory.ts';
import { passwordPolicyOf } from './passwordPolicy.ts';
import { PasswordRules } from './passwordRules.ts';

export interface AccountsDependencies {
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
  readonly journal: Pick<EventJournal, 'publish' | 'watch'>;
  readonly store: PasswordHistoryDependencies['store'];
  readonly sealer: Sealer;
  readonly metrics: Pick<Metrics, 'authentications'>;
  readonly log: Logger;
}

/** Who may call, and the proof of it. */
export interface Accounts {
  /** Fed with principals and keys as they change. */
  readonly directory: MemoryDirectory;
  readonly authenticator: Authenticator;
  /** To be loaded before principals come; undefined where no former passwords are asked for. */
  readonly passwordHistory: PasswordHistory | undefined;
  /** ms since 1970 of the last use of a key, to the minute; undefined when it was not used since the start. */
  readonly lastUsedAt: (key: string) => number | undefined;
}

/** `token` is that of the root principal. What is refused is counted, logged and told; the caller hears less. */
export function createAccounts(
  token: string,
  options: AuthenticationOptions | undefined,
  { clock, randomBytes, journal, store, sealer, metrics, log }: AccountsDependencies,
): Accounts {
  const directory = new MemoryDirectory();
  const policy = passwordPolicyOf(options);
  const passwordHistory =
    policy === undefined || policy.history === 0
      ? undefined
      : new PasswordHistory(policy.history, { store, sealer, log });
  const authenticator = createAuthenticator(
    { ...options, rootTokens: [new Secret(token)] },
    { directory, clock, randomBytes, passwordRules: policy && new PasswordRules(policy, passwordHistory) },
  );
  if (passwordHistory !== undefined) {
    journal.watch(({ type, subject }) => {
      if (type === 'roundhouse.principal.removed') passwordHistory.forget(subject);
    });
  }
  const usedAt = new Map<string, number>();
  authenticator.events.on('keyUsed', ({ key }) => usedAt.set(key, clock.now()));
  authenticator.events.on('refused', ({ method, principal, address, code, reason }) => {
    metrics.authentications.add(1, { method: method ?? 'none', outcome: code });
    log.warn('authentication refused', { method, principal, address, code, reason });
    // A request without credentials is no attempt.
    if (method === null) return;
    journal.publish('authentication.failed', principal ?? address, { method, principal, address, code });
  });
  authenticator.events.on('lockedOut', ({ principal, address }) => {
    journal.publish('authentication.locked_out', principal ?? address ?? 'unknown', { principal, address });
  });
  return { directory, authenticator, passwordHistory, lastUsedAt: (key) => usedAt.get(key) };
}
