import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { EndpointGroup, Lease, LeaseRequest } from '@roundhouse/traffic';
import { tn3270Error } from '@roundhouse/tn3270';
import { Line, type Place } from './line.ts';
import { firstScreen, type OpenSession, type SessionProfile, sessionOptions } from './open.ts';
import { peerOf, type SessionTarget } from './target.ts';

/** Endpoints that are tried for one session before its caller hears of the last failure. */
const MAX_ATTEMPTS = 3;
/** The engine's own time-out names the phase that hung, so it goes first by this much, ms. */
const ENGINE_HEAD_START_MS = 250;

/** Where a session is to go. */
export type Destination =
  | { readonly kind: 'target'; readonly target: SessionTarget }
  | {
      readonly kind: 'group';
      /** The group, then those that take over when no endpoint of it can. */
      readonly groups: ReadonlyArray<EndpointGroup<SessionTarget>>;
      readonly endpoint?: string;
      readonly affinityKey?: string;
      /** Endpoints that are out of question, by id. */
      readonly avoid?: readonly string[];
      /** Who waits for a place goes first by this, 0 … 9, 0 the most urgent. Default 5. */
      readonly priorityClass?: number;
    };

export interface Connection {
  readonly profile: SessionProfile;
  readonly destination: Destination;
  /** How far it has to come: the line is up, or the first screen is there. */
  readonly until: 'connected' | 'screen';
  readonly timeoutMs: number;
  /** Called whenever an endpoint has a place for it: it waits for none then. */
  readonly onPlaced?: () => void;
}

/** Makes lines: takes a place in a group, connects, and waits for the first screen. */
export class Connector {
  readonly #openSession: OpenSession;

  constructor(openSession: OpenSession) {
    this.#openSession = openSession;
  }

  /**
   * `life` is the scope of the session that the line is for; `caller` ends the attempt. Raises the last endpoint's
   * failure: a NetError, what the engine says, HOST_SILENT, or what the group says when it has no place.
   */
  async connect(connection: Connection, life: Scope, caller: Scope): Promise<Line> {
    const { destination } = connection;
    if (destination.kind === 'target') return this.#open(connection, { target: destination.target }, life, caller);
    const avoid = [...(destination.avoid ?? [])];
    let failure: unknown;
    for (const group of destination.groups) {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        let lease: Lease<SessionTarget>;
        try {
          lease = await group.acquire(leaseRequest(connection.profile, destination, avoid), caller);
        } catch (error) {
          caller.throwIfEnded();
          // What an endpoint said is worth more than that there is no other.
          failure ??= error;
          break;
        }
        connection.onPlaced?.();
        try {
          const decision = group.explain(lease.decision);
          const place = {
            target: lease.endpoint.target,
            lease,
            decision: decision && { group: group.id, ...decision },
          };
          return await this.#open(connection, place, life, caller);
        } catch (error) {
          failure = error;
          caller.throwIfEnded();
          avoid.push(lease.endpoint.id);
        }
      }
    }
    throw failure;
  }

  async #open(connection: Connection, place: Place, life: Scope, caller: Scope): Promise<Line> {
    const { target, lease } = place;
    const { profile, until, timeoutMs } = connection;
    const scope = life.child();
    using deadline = caller.child({ what: 'The session', timeoutMs: timeoutMs + ENGINE_HEAD_START_MS });
    const leave = deadline.onEnd((reason) => scope.end(reason));
    try {
      const session = await deadline.race(
        this.#openSession(sessionOptions(profile, target, Math.max(timeoutMs, 1)), scope),
      );
      // It may have ended before it came here; a wait says why.
      if (session.connectionState === 'not-connected') await session.waitFor({ for: 'unlocked' }, deadline);
      const line = new Line(session, place, scope);
      if (until === 'screen') await deadline.race(firstScreen(session, deadline));
      leave();
      lease?.succeeded();
      return line;
    } catch (error) {
      leave();
      const reason = silent(error, target, timeoutMs, caller);
      if (isRoundhouseError(reason) && reason.code !== 'CANCELLED') lease?.failed(reason.code);
      lease?.release();
      scope.end();
      throw reason;
    }
  }
}

function leaseRequest(
  { lu }: SessionProfile,
  destination: Extract<Destination, { kind: 'group' }>,
  avoid: readonly string[],
): LeaseRequest {
  const { endpoint, affinityKey, priorityClass } = destination;
  return {
    avoid,
    ...(priorityClass === undefined ? {} : { priorityClass }),
    ...(typeof lu === 'string' ? { demand: { [`lu:${lu}`]: 1 } } : {}),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(affinityKey === undefined ? {} : { key: affinityKey }),
  };
}

/** A deadline that nobody else explained means a host that says nothing; a session that ended, its own reason. */
function silent(error: unknown, target: SessionTarget, timeoutMs: number, caller: Scope): unknown {
  if (!isRoundhouseError(error)) return error;
  if (error.code === 'SESSION_CLOSED' && isRoundhouseError(error.cause)) return error.cause;
  if (error.code !== 'DEADLINE_EXCEEDED' || caller.signal.aborted) return error;
  const details = { peer: peerOf(target), timeout_ms: timeoutMs, phase: 'first screen' };
  return tn3270Error('HOST_SILENT', { details, cause: error });
}
