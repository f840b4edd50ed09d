import type { Role } from '@roundhouse/api';
import type { MemoryDirectory } from '../identity/directory.ts';
import type { PasswordHistory } from '../identity/passwordHistory.ts';
import { createPolicy, type Policy } from '../policy/policy.ts';
import type { Actuator } from './actuator.ts';

/** The roles in force. */
export class Roles {
  readonly #roles = new Map<string, Role>();
  #policy: Policy | undefined;

  /** What they allow; another one after each change. */
  get policy(): Policy {
    this.#policy ??= createPolicy([...this.#roles.values()]);
    return this.#policy;
  }

  set(role: Role): void {
    this.#roles.set(role.id, role);
    this.#policy = undefined;
  }

  delete(id: string): void {
    this.#roles.delete(id);
    this.#policy = undefined;
  }
}

export function roleActuator(roles: Roles): Actuator<'role'> {
  return {
    kind: 'role',
    // Raises what keeps the rules from being put together.
    check: (input) => void createPolicy([input]),
    apply: (input) => roles.set(input),
    remove: (id) => roles.delete(id),
    show: ({ id, description = null, rules }) => ({ id, description, rules }),
  };
}

/** `passwords`: where hashes are kept for when there are others. */
export function principalActuator(
  accounts: MemoryDirectory,
  passwords: Pick<PasswordHistory, 'note'> | undefined,
): Actuator<'principal'> {
  return {
    kind: 'principal',
    check() {},
    apply(input) {
      accounts.putPrincipal(input);
      if (input.password_hash !== undefined) passwords?.note(input.id, input.password_hash);
    },
    remove: (id) => accounts.deletePrincipal(id),
    show: (input) => ({
      id: input.id,
      description: input.description ?? null,
      type: input.type ?? 'person',
      roles: input.roles,
      disabled: input.disabled ?? false,
      has_password: input.password_hash !== undefined,
      certificates: input.certificates ?? [],
      addresses: input.addresses ?? null,
    }),
  };
}

/** `lastUsedAt`: ms since 1970 of the last use of a key, or undefined. */
export function apiKeyActuator(
  accounts: MemoryDirectory,
  lastUsedAt: (id: string) => number | undefined,
): Actuator<'api_key'> {
  return {
    kind: 'api_key',
    check() {},
    apply(input) {
      // A key without a hash is none: the door makes one.
      if (input.hash !== undefined) accounts.putKey({ ...input, hash: input.hash });
    },
    remove: (id) => accounts.deleteKey(id),
    show(input) {
      const usedAt = lastUsedAt(input.id);
      return {
        id: input.id,
        principal: input.principal,
        description: input.description ?? null,
        roles: input.roles ?? null,
        expires_at: input.expires_at ?? null,
        addresses: input.addresses ?? null,
        last_used_at: usedAt === undefined ? null : new Date(usedAt).toISOString(),
      };
    },
  };
}
