import type { KindName, Labels, Verb } from '@roundhouse/api';
import type { FastifyRequest } from 'fastify';
import type { Identity } from '../identity/identity.ts';
import { forbidden } from '../policy/forbidden.ts';
import type { AccessRequest, Decision, Policy } from '../policy/policy.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; null where anybody may. */
    identity: Identity | null;
  }
}

/** One thing, as far as roles may ask about it. */
export interface Attributes {
  readonly id?: string;
  readonly labels?: Labels;
  /** Principal that has made it. */
  readonly owner?: string | null;
}

/** Verbs upon all things of a kind: what is not for the caller's eyes is left out by whoever answers. */
export const COLLECTIVE: ReadonlySet<Verb> = new Set(['list', 'watch', 'create']);

const FOR_SOME: Decision = Object.freeze({
  allowed: true,
  reason: 'allowed for some, by their labels, ids or owner',
  role: null,
  rule: null,
});

/** What the caller of a request may do. */
export class Access {
  readonly #policy: () => Policy;

  /** `policy` gives the one in force. */
  constructor(policy: () => Policy) {
    this.#policy = policy;
  }

  decide(identity: Identity, verb: Verb, kind: KindName, attributes: Attributes): Decision {
    return this.#policy().decide(identity.roles, requestOf(identity, verb, kind, attributes));
  }

  allows(request: FastifyRequest, verb: Verb, kind: KindName, attributes: Attributes): boolean {
    return this.decide(identityOf(request), verb, kind, attributes).allowed;
  }

  /** What is so for a kind as a whole, as the guard has it: some things of it are enough for what is about many. */
  decideAny(identity: Identity, verb: Verb, kind: KindName): Decision {
    const decision = this.decide(identity, verb, kind, {});
    if (decision.allowed || !COLLECTIVE.has(verb) || !this.#policy().couldAllow(identity.roles, verb, kind))
      return decision;
    return FOR_SOME;
  }

  /** Whether there may be things of a kind that the caller may do this to. */
  couldAllow(request: FastifyRequest, verb: Verb, kind: KindName): boolean {
    return this.#policy().couldAllow(identityOf(request).roles, verb, kind);
  }

  /** Raises FORBIDDEN. */
  require(request: FastifyRequest, verb: Verb, kind: KindName, attributes: Attributes): void {
    const identity = identityOf(request);
    const asked = requestOf(identity, verb, kind, attributes);
    const policy = this.#policy();
    const decision = policy.decide(identity.roles, asked);
    if (!decision.allowed) throw forbidden(policy, asked, decision);
  }

  /** Raises FORBIDDEN when nothing of the kind is the caller's to do this to. */
  requireAny(request: FastifyRequest, verb: Verb, kind: KindName): void {
    if (!this.couldAllow(request, verb, kind)) this.require(request, verb, kind, {});
  }
}

/** Of a request behind the guard. */
export function identityOf({ identity }: FastifyRequest): Identity {
  if (identity === null) throw new Error('nobody was asked who calls');
  return identity;
}

function requestOf(identity: Identity, verb: Verb, kind: KindName, { id, labels, owner }: Attributes): AccessRequest {
  return { verb, kind, id, labels, isOwn: owner === identity.principal };
}
