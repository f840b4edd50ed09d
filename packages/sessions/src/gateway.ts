import type {
  CreateSession,
  DrainRequest,
  MigrateRequest,
  Operation as OperationResource,
  Explanation,
  Labels,
  SuspendRequest,
  Takeover,
} from '@roundhouse/api';
import { type Clock, coreError, type Logger, type Scope, systemClock } from '@roundhouse/core';
import { Directory, type DirectoryDependencies } from './endpoint/directory.ts';
import { groupProfile } from './endpoint/settings.ts';
import { sessionsError } from './errors.ts';
import type { Events } from './event/events.ts';
import { Failover, type FailoverPolicy } from './failover/failover.ts';
import { Tickets } from './frontDoor/tickets.ts';
import { migrate, type MigrationDependencies } from './migration/migration.ts';
import type { NavigationScript } from './navigation/script.ts';
import type { SecretSource } from './navigation/secret.ts';
import { OperationLog } from './operation/log.ts';
import type { Operation } from './operation/operation.ts';
import { Connector, type Destination } from './session/connector.ts';
import { numbersOn } from './screen/numbers.ts';
import type { SessionEntry, Sight } from './session/entry.ts';
import type { Line, PlacementDecision } from './session/line.ts';
import type { OpenSession } from './session/open.ts';
import { type CreateOptions, SessionRegistry, type SessionRegistryOptions } from './session/registry.ts';
import { route } from './session/route.ts';
import { namedTarget } from './session/target.ts';
import { isServedWarm, WarmPool } from './pool/warmPool.ts';
import { serializeSnapshot } from './snapshot/serialize.ts';
import { takeSnapshot } from './snapshot/snapshot.ts';
import { Relocation } from './migration/relocation.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const ID_BYTES = 18;
const MIGRATION_TIMEOUT_MS = 30_000;
/** How long a ticket of the front door is good, ms. */
const TICKET_MS = 60_000;
const SUSPEND_TIMEOUT_MS = 3_600_000;
const DRAIN_DEADLINE_MS = 60_000;

/** Limits of a gateway; all can change while it runs. */
export interface GatewayOptions {
  /** Default 10,000. */
  readonly maxSessions?: number;
  /** Sessions that one `user` may have. Default: no limit. */
  readonly maxSessionsPerUser?: number;
  /** Default 300,000. */
  readonly idleAfterMs?: number;
  /** How long a session that ended by itself stays visible, ms. Default 60,000. */
  readonly retainEndedMs?: number;
}

/** Where numbers of cards and social security numbers are masked; fixed for the life of a gateway. Default: nowhere. */
export interface NumberMasking {
  /** In every view of a screen, snapshots too. */
  readonly screens: boolean;
  /** In snapshots, whatever becomes of other views. */
  readonly snapshots: boolean;
}

export interface GatewayDependencies {
  readonly openSession: OpenSession;
  readonly events: Events;
  readonly log: Logger;
  readonly randomBytes: (size: number) => Buffer;
  /** 0 … 1, as Math.random. */
  readonly random: () => number;
  /** The life of the gateway. */
  readonly scope: Scope;
  readonly clock?: Clock;
  /** Where navigation scripts get their secrets. Default: there are none. */
  readonly secrets?: SecretSource;
  readonly probeOf?: DirectoryDependencies['probeOf'];
  readonly masking?: NumberMasking;
}

/** Pools, balances, moves and watches sessions to hosts. */
export class Gateway {
  readonly events: Events;
  readonly operations: OperationLog;
  readonly directory: Directory;
  readonly sessions: SessionRegistry;
  readonly masking: NumberMasking;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #connector: Connector;
  readonly #secrets: SecretSource;
  readonly #failover: Failover;
  readonly #relocation: Relocation;
  readonly #tickets: Tickets;
  /** Shared with the registry, which looks at them each time. */
  readonly #limits: Mutable<SessionRegistryOptions>;
  /** Ends of the drains that go on. */
  readonly #drains = new Map<Operation, () => void>();

  /** Opens nothing. */
  constructor(options: GatewayOptions, deps: GatewayDependencies) {
    const { scope, log, random, randomBytes, probeOf } = deps;
    const clock = deps.clock ?? systemClock;
    const newId = (prefix: string): string => `${prefix}_${randomBytes(ID_BYTES).toString('base64url')}`;
    this.#clock = clock;
    this.#scope = scope;
    this.#secrets = deps.secrets ?? noSecrets;
    this.masking = deps.masking ?? { screens: false, snapshots: false };
    this.#connector = new Connector(deps.openSession);
    this.#tickets = new Tickets(clock, randomBytes);
    this.events = deps.events;
    this.operations = new OperationLog({ clock, events: this.events, newId });
    this.directory = new Directory({
      clock,
      random,
      events: this.events,
      scope,
      secrets: this.#secrets,
      ...(probeOf === undefined ? {} : { probeOf }),
      createPool: (plan) =>
        new WarmPool(plan, {
          connector: this.#connector,
          secrets: this.#secrets,
          events: this.events,
          clock,
          random,
          log,
          scope,
        }),
    });
    this.#limits = limitsOf(options);
    this.sessions = new SessionRegistry(this.#limits, {
      connector: this.#connector,
      route: (request) => route(request, this.directory),
      leaseWarm: (request, life) => this.#leaseWarm(request, life),
      masksNumbers: this.masking.screens,
      clock,
      log,
      events: this.events,
      newId,
      scope,
      onLost: (entry, line, error) => this.#failover.lost(entry, line, error),
      onMoveWanted: (entry, line) => {
        // One without a group has nowhere to go.
        if (this.#failoverPolicy(entry, line) !== undefined) this.#relocation.want(entry, line);
      },
    });
    this.#failover = new Failover({
      connector: this.#connector,
      events: this.events,
      operations: this.operations,
      secrets: this.#secrets,
      policyOf: (entry, line) => this.#failoverPolicy(entry, line),
      answers: (line, scope) => this.directory.answers(line.target, scope),
      end: (entry, error) => this.sessions.end(entry, error),
    });
    this.#relocation = new Relocation({
      clock,
      operations: this.operations,
      canNavigate: (entry) => this.#scriptOf(entry) !== undefined,
      move: (entry, line, operation) => this.#moveAway(entry, line, operation),
    });
  }

  /**
   * Takes other limits; what is left out has its default. A smaller one refuses those who come and ends no session.
   */
  configure(options: GatewayOptions): void {
    Object.assign(this.#limits, limitsOf(options));
  }

  /** Opens a session. See `SessionRegistry.create`. */
  create(request: CreateSession, caller: Scope, options?: CreateOptions): Promise<SessionEntry> {
    return this.sessions.create(request, caller, options);
  }

  /** Raises SESSION_NOT_FOUND and what `SessionEntry.suspend` does. */
  suspend(id: string, { timeout_ms: timeoutMs = SUSPEND_TIMEOUT_MS }: SuspendRequest): OperationResource {
    const entry = this.sessions.get(id);
    entry.suspend(timeoutMs, () => void this.sessions.remove(id).catch(() => {}));
    return this.#done('suspend', entry);
  }

  /** Raises SESSION_NOT_FOUND, SESSION_NOT_SUSPENDED. */
  resume(id: string): OperationResource {
    const entry = this.sessions.get(id);
    entry.resume();
    return this.#done('resume', entry);
  }

  /**
   * Begins to move a session; the operation goes on behind the answer. Raises SESSION_NOT_FOUND, SESSION_NOT_READY,
   * SESSION_MIGRATING, ENDPOINT_NOT_FOUND, MIGRATION_SAME_ENDPOINT, MIGRATION_NEEDS_SCRIPT.
   */
  migrate(id: string, request: MigrateRequest): OperationResource {
    const entry = this.sessions.get(id);
    if (entry.line === undefined || entry.hasEnded) {
      throw sessionsError('SESSION_NOT_READY', { details: { session_id: id } });
    }
    if (request.endpoint !== undefined && request.endpoint === entry.target?.endpoint) {
      throw sessionsError('MIGRATION_SAME_ENDPOINT', { details: { session_id: id, endpoint: request.endpoint } });
    }
    const destination = this.#destination(entry, request);
    const script = this.#scriptOf(entry);
    const mode = request.mode ?? 'navigate';
    if (mode === 'navigate' && script === undefined) {
      throw sessionsError('MIGRATION_NEEDS_SCRIPT', { details: { session_id: id } });
    }
    const plan = {
      destination,
      script: mode === 'navigate' ? script : undefined,
      fields: request.fields ?? [],
      timeoutMs: request.timeout_ms ?? MIGRATION_TIMEOUT_MS,
    };
    const operation = this.operations.begin('migrate', id);
    try {
      entry.beginMove(operation.id);
    } catch (error) {
      operation.fail(error);
      throw error;
    }
    void migrate(entry, operation, plan, this.#migrationDeps());
    return operation.resource();
  }

  /** A name under which a terminal gets this session at the front door. Raises SESSION_NOT_FOUND, SESSION_NOT_READY. */
  issueTicket(id: string): Takeover {
    const entry = this.sessions.get(id);
    if (entry.line === undefined) throw sessionsError('SESSION_NOT_READY', { details: { session_id: id } });
    const { lu, expiresAt } = this.#tickets.issue(id, TICKET_MS);
    this.events.publish('session.takeover_offered', id, {});
    return { session_id: id, lu, expires_at: new Date(expiresAt).toISOString() };
  }

  /** The session that a ticket is for, awake; undefined for any other name. The ticket is void then. */
  redeemTicket(lu: string): SessionEntry | undefined {
    const id = this.#tickets.redeem(lu);
    if (id === undefined) return undefined;
    const entry = this.sessions.get(id);
    if (entry.state === 'suspended') entry.resume();
    this.events.publish('session.taken_over', id, {});
    return entry;
  }

  /** The present screen as a document; hidden text is masked. Raises SESSION_NOT_FOUND, SESSION_NOT_READY. */
  snapshot(id: string, { isUnmasked = false }: Sight = {}): string {
    const entry = this.sessions.get(id);
    const { line } = entry;
    if (line === undefined) throw sessionsError('SESSION_NOT_READY', { details: { session_id: id } });
    const { metadata = {} } = entry.request;
    const { screens, snapshots } = this.masking;
    const starred = (screens || snapshots) && !isUnmasked ? numbersOn(line.session) : undefined;
    return serializeSnapshot(
      takeSnapshot(line.session, { clock: this.#clock, metadata, ...(starred !== undefined && { starred }) }),
    );
  }

  /** Of a session: those of its group and of the endpoint where it is. */
  labelsOf(entry: SessionEntry): Labels {
    return this.directory.labelsOf({ group: entry.group, endpoint: entry.target?.endpoint ?? null });
  }

  /** Why a session is where it is. Raises SESSION_NOT_FOUND. */
  explain(id: string): Explanation {
    const entry = this.sessions.get(id);
    const decision = entry.line?.decision;
    return {
      session_id: id,
      endpoint: entry.target?.endpoint ?? null,
      decision: decision === undefined ? null : decisionView(decision),
    };
  }

  /** Stops new sessions on an endpoint and moves those there are, or undoes that. Raises ENDPOINT_NOT_FOUND. */
  drain(id: string, { deadline_ms: deadlineMs = DRAIN_DEADLINE_MS, undo = false }: DrainRequest): OperationResource {
    const traffic = this.directory.trafficOf(id);
    const operation = this.operations.begin('drain', null);
    operation.endpoint = id;
    operation.move('in_progress');
    if (undo) {
      this.directory.undrain(id);
      for (const [other, finish] of this.#drains) if (other.endpoint === id) finish();
      operation.move('completed');
      return operation.resource();
    }
    // None where the endpoint has been removed meanwhile: its sessions are told to move all the same.
    const active = (): number => traffic.viewOf(id)?.active ?? 0;
    const finish = (): void => {
      if (operation.hasFinished) return;
      leave();
      timer.cancel();
      this.#drains.delete(operation);
      const left = active();
      if (left === 0) operation.move('completed');
      else operation.fail(sessionsError('DRAIN_INCOMPLETE', { details: { endpoint: id, active_sessions: left } }));
    };
    const leave = traffic.on('drained', ({ endpoint }) => {
      if (endpoint === id) finish();
    });
    const timer = this.#clock.setTimer(deadlineMs + MIGRATION_TIMEOUT_MS, finish);
    this.#drains.set(operation, finish);
    traffic.drain(id, { deadlineMs });
    if (active() === 0) finish();
    return operation.resource();
  }

  /** Closes all sessions and ends all probes. Idempotent. */
  async close(): Promise<void> {
    // First, so that what sessions give back is closed as well.
    const pools = this.directory.closePools();
    await this.sessions.close();
    for (const finish of this.#drains.values()) finish();
    await pools;
    this.#relocation.close();
    this.#tickets.clear();
    this.directory.close();
  }

  #done(kind: 'suspend' | 'resume', entry: SessionEntry): OperationResource {
    const operation = this.operations.begin(kind, entry.id);
    operation.endpoint = entry.target?.endpoint ?? null;
    operation.move('in_progress');
    operation.move('completed');
    return operation.resource();
  }

  #destination(entry: SessionEntry, { endpoint, host, port }: MigrateRequest): Destination {
    if (endpoint !== undefined) return { kind: 'group', groups: [this.directory.trafficOf(endpoint)], endpoint };
    // The schema has checked that there are both.
    return { kind: 'target', target: namedTarget(host as string, port as number, entry.request) };
  }

  #leaseWarm(request: CreateSession, life: Scope): Line | undefined {
    if (request.group === undefined) return undefined;
    const { pool, input } = this.directory.group(request.group);
    return isServedWarm(request, groupProfile(input)) ? pool?.lease(life) : undefined;
  }

  #scriptOf(entry: SessionEntry): NavigationScript | undefined {
    return entry.group === null ? undefined : this.directory.findGroup(entry.group)?.script;
  }

  /** Moves a session to another endpoint of its group. */
  #moveAway(entry: SessionEntry, line: Line, operation: Operation): Promise<void> {
    const policy = this.#failoverPolicy(entry, line);
    // Its group was removed meanwhile.
    if (policy === undefined) throw sessionsError('GROUP_NOT_FOUND', { details: { group: entry.group } });
    const { destination, timeoutMs, turns, script } = policy;
    const plan = { destination, script, fields: [], timeoutMs };
    return turns.run(() => migrate(entry, operation, plan, this.#migrationDeps()), this.#scope);
  }

  #migrationDeps(): MigrationDependencies {
    return { connector: this.#connector, events: this.events, secrets: this.#secrets };
  }

  #failoverPolicy(entry: SessionEntry, line: Line): FailoverPolicy | undefined {
    const group = entry.group === null ? undefined : this.directory.findGroup(entry.group);
    if (group === undefined || line.lease === undefined) return undefined;
    const { settings, script, turns } = group;
    const { endpoint } = line.lease;
    const { affinity_key: affinityKey } = entry.request;
    return {
      ...settings.failover,
      script,
      turns,
      destination: {
        kind: 'group',
        groups: this.directory.chain(group.input.id),
        // One that leads elsewhere now is another host.
        avoid: this.directory.leadsTo(endpoint.target) ? [endpoint.id] : [],
        ...(affinityKey === undefined ? {} : { affinityKey }),
      },
    };
  }
}

function limitsOf(options: GatewayOptions): SessionRegistryOptions {
  return {
    maxSessions: options.maxSessions ?? 10_000,
    maxSessionsPerUser: options.maxSessionsPerUser ?? Infinity,
    idleAfterMs: options.idleAfterMs ?? 300_000,
    retainEndedMs: options.retainEndedMs ?? 60_000,
  };
}

function decisionView({ at, group, strategy, affinity, reason, candidates }: PlacementDecision) {
  return {
    at: new Date(at).toISOString(),
    group,
    strategy,
    affinity,
    reason,
    candidates: candidates.map(({ id, eligible, score, reason: why }) => ({
      endpoint: id,
      eligible,
      score,
      reason: eligible ? 'eligible' : why,
    })),
  };
}

const noSecrets: SecretSource = async (name) => {
  throw coreError('NOT_SUPPORTED', { details: { what: `The secret ${name}` } });
};
