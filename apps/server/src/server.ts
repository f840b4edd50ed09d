import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { AUTHENTICATION_METHODS, buildOpenApi, type KindName, type ResourceKindName } from '@roundhouse/api';
import {
  type Clock,
  createKeyRing,
  createScope,
  isRoundhouseError,
  type KeyRing,
  type Scope,
  systemClock,
} from '@roundhouse/core';
import {
  type FrontDoorOptions,
  Gateway,
  type GatewayDependencies,
  type GatewayOptions,
  openFrontDoor,
  type OpenSession,
  type TerminalInput,
} from '@roundhouse/sessions';
import { type CertificateFiles, nodeTlsOptions, setServerTls } from '@roundhouse/net';
import { createMemoryStore, type Store } from '@roundhouse/store';
import type { Supervisor } from '@roundhouse/workers';
import type { Host } from '@roundhouse/tn3270/host';
import type { Server as TlsServer } from 'node:tls';
import type { AuditJournal, Retention, SearchIndex } from '@roundhouse/audit';
import { alertFilter, type AlertsOptions, startAlerts } from './alert/alerts.ts';
import { createMailer, type MailerOptions } from './alert/mailer.ts';
import { recordEvents } from './audit/events.ts';
import { fieldDigest, terminalEntry } from './audit/input.ts';
import { noteSubmitted, provideNotes } from './audit/notes.ts';
import { auditRequests } from './audit/requests.ts';
import { custodyOf } from './audit/custody.ts';
import { auditReviewRoutes } from './http/auditReviewRoutes.ts';
import { auditRoutes } from './http/auditRoutes.ts';
import { retentionRoutes } from './http/retentionRoutes.ts';
import { Certificates } from './tls/certificates.ts';
import type { FastifyInstance } from 'fastify';
import { type Compliance, type ComplianceSources, createCompliance } from './compliance/compliance.ts';
import type { ComplianceOptions } from './compliance/options.ts';
import type { Configuration } from './configuration/configuration.ts';
import { serverError } from './errors.ts';
import { type EventJournal, type JournalOptions, openEventJournal } from './event/journal.ts';
import type { MailReceiver, MailReceiverOptions } from './mail/receiver.ts';
import { serverRuntime } from './net/runtime.ts';
import { endpointProbeOf } from './net/urlProbe.ts';
import { labelled } from './event/labelled.ts';
import { Access, type Attributes } from './http/access.ts';
import { addRoutes, createApp } from './http/app.ts';
import { complianceRoutes } from './http/complianceRoutes.ts';
import { configurationRoutes } from './http/configurationRoutes.ts';
import type { ConnectionBounds, ConnectionBoundsOptions } from './http/connectionBounds.ts';
import { credentialsOf } from './http/credentials.ts';
import { createCursors } from './http/cursor.ts';
import { endpointRoutes } from './http/endpointRoutes.ts';
import { eventRoutes } from './http/eventRoutes.ts';
import { guard, routeNameOf } from './http/guard.ts';
import { createIdempotency } from './http/idempotency.ts';
import { identityRoutes } from './http/identityRoutes.ts';
import { mailRoutes } from './http/mailRoutes.ts';
import { observationRoutes } from './http/observationRoutes.ts';
import { operationRoutes } from './http/operationRoutes.ts';
import { createOverloadGuard, type OverloadOptions } from './http/overload.ts';
import { processPressure } from './http/processPressure.ts';
import { createRateLimits, type RateLimitsOptions } from './http/rateLimits.ts';
import { resourceRoutes } from './http/resourceRoutes.ts';
import { sessionRoutes } from './http/sessionRoutes.ts';
import { webhookRoutes } from './http/webhookRoutes.ts';
import { workerGroupRoutes } from './http/workerGroupRoutes.ts';
import { workerLogRoutes } from './http/workerLogRoutes.ts';
import { workerRoutes } from './http/workerRoutes.ts';
import { createAccounts } from './identity/accounts.ts';
import type { AuthenticationOptions } from './identity/options.ts';
import type { Log } from './log/log.ts';
import { Masking, type MaskingOptions } from './masking/masking.ts';
import type { Metrics } from './metrics/metrics.ts';
import { createObservation } from './observation.ts';
import type { MetricSources } from './metrics/sources.ts';
import { BUILT_IN_ROLES } from './policy/builtIn.ts';
import { apiKeyActuator, principalActuator, roleActuator, Roles } from './resource/accountActuators.ts';
import { endpointActuator, groupActuator } from './resource/endpointActuators.ts';
import { preparation } from './resource/preparation.ts';
import { Resources } from './resource/resources.ts';
import type { Sealer } from './resource/secretFields.ts';
import { webhookActuator } from './resource/webhookActuator.ts';
import { workerActuator } from './resource/workerActuator.ts';
import { traceOperations } from './trace/operations.ts';
import { traceOf, traceRequests } from './trace/requests.ts';
import { traceFields } from './trace/traceparent.ts';
import { noTracer, type Tracer } from './trace/tracer.ts';
import { createWebhooks, type WebhooksOptions } from './webhook/dispatcher.ts';
import { workersError } from './worker/errors.ts';
import { publishWorkers } from './worker/events.ts';
import { workerFigures } from './worker/figures.ts';
import { logWorkers } from './worker/log.ts';

export interface ServerOptions extends GatewayOptions {
  /** A door for terminal emulators. Default: none. */
  readonly frontDoor?: FrontDoorOptions;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Bearer token of the root principal. */
  readonly token: string;
  readonly authentication?: AuthenticationOptions;
  /** Files of the certificates. Default: plain. */
  readonly tls?: CertificateFiles;
  /** Of the front door: TLS from the first byte, and STARTTLS. */
  readonly frontDoorTls?: CertificateFiles;
  readonly frontDoorStartTls?: CertificateFiles;
  readonly connections?: ConnectionBoundsOptions;
  readonly rateLimits?: RateLimitsOptions;
  readonly overload?: OverloadOptions;
  /** Resident memory that counts as all there is, bytes. Default: what the system gives. */
  readonly memoryBytes?: number;
  /** Share of a limit from which on its use is told. Default 0.8. */
  readonly warnRatio?: number;
  readonly events?: JournalOptions;
  readonly webhooks?: WebhooksOptions;
  /** Letters about events. Default: none. */
  readonly alerts?: AlertsOptions & { readonly mail: MailerOptions };
  /** Mail that is received, kept and told. Default: none. */
  readonly mail?: MailReceiverOptions;
  readonly workers?: WorkersOptions;
  readonly compliance?: ComplianceOptions;
  /** Of numbers of cards and social security numbers. Default: nowhere. */
  readonly masking?: MaskingOptions;
  /** Version of the product, for the OpenAPI document. */
  readonly version: string;
}

interface WorkersOptions {
  /** What becomes of them when the server stops. Default `stop`, dependants first; with `leave` they go on, and the next start finds them. */
  atStop?: 'leave' | 'stop';
}

export interface ServerDependencies {
  readonly openSession: OpenSession;
  /** Masks its own lines. */
  readonly log: Pick<Log, 'logger' | 'levels' | 'counts'> & Partial<Pick<Log, 'masksNumbers'>>;
  /** Stays the caller's. Default: one that ends with the server. */
  readonly store?: Store;
  /** What secrets are sealed with where they are stored. Default: a key that ends with the server. */
  readonly keyRing?: KeyRing;
  /** Signs cursors, 32 bytes. Default: a key that ends with the server. */
  readonly cursorKey?: Uint8Array;
  readonly clock?: Clock;
  readonly randomBytes?: (size: number) => Buffer;
  /** 0 … 1, as Math.random. */
  readonly random?: () => number;
  /** Where navigation scripts and webhooks get their secrets. */
  readonly secrets?: NonNullable<GatewayDependencies['secrets']>;
  readonly tracer?: Tracer;
  /** What requests and events are recorded in; stays the caller's. Default: they are not. */
  readonly audit?: AuditJournal;
  /** What finds records in it; stays the caller's. Default: it can be exported, and not searched. */
  readonly auditIndex?: SearchIndex;
  /** Where it is, and which of its sinks are on another host. Default: nothing verifies or looks through it here. */
  readonly auditPlace?: {
    readonly directory: string;
    readonly offHostSinks: readonly string[];
    /** Whether records have digests of what was typed into fields that are shown. Default false. */
    readonly fieldDigests?: boolean;
  };
  /** How long it is kept; stays the caller's. Default: for ever. */
  readonly auditRetention?: Retention;
  /** Opened, begun and closed by the server. Without one there are no workers. */
  readonly supervisor?: Supervisor;
  readonly compliance?: ComplianceSources;
}

interface ServerAddress {
  readonly url: string;
  readonly port: number;
  /** Port of the front door; null without one. */
  readonly frontPort: number | null;
  /** Port of the mail receiver; null without one. */
  readonly mailPort: number | null;
}

export interface Server extends AsyncDisposable {
  /** For configuration from within the process. */
  readonly gateway: Gateway;
  readonly resources: Resources;
  readonly journal: EventJournal;
  /** The configuration that callers may see and reload. Default: none. */
  configuration: Configuration | undefined;
  /** What receives mail, once it listens. */
  readonly mail: Pick<MailReceiver, 'configure'> | undefined;
  readonly compliance: Pick<Compliance, 'configure' | 'monitor'>;
  /** May be changed at any time. */
  readonly workers: Required<WorkersOptions>;
  /** Longest time that a stop takes now, ms. */
  readonly stopMs: number;
  /** Listens; gives the address. Raises PORT_IN_USE. */
  start(): Promise<ServerAddress>;
  /** Stops accepting, closes the sessions, ends within 5 s; where workers are stopped too, when they have. Idempotent. */
  stop(): Promise<void>;
}

/** Labels of a caller that was let in, by method. */
const ACCEPTED = Object.fromEntries(
  AUTHENTICATION_METHODS.map((method) => [method, { method, outcome: 'accepted' }]),
) as Readonly<Record<(typeof AUTHENTICATION_METHODS)[number], { readonly method: string; readonly outcome: string }>>;

/** Where the options say nothing. */
const MAX_CONNECTIONS = 10_000;
const MAX_WAITING_EVENTS = 50_000;

/** Bounds of a clean stop: for the goodbyes to the hosts, then for answers on their way, ms. */
const CLOSE_SESSIONS_MS = 3_000;
const LAST_ANSWERS_MS = 1_000;
/** Of the first: for messages under way, and for what was not told yet. */
const CLOSE_MAIL_MS = 2_000;
const WEBHOOK_FIGURES_MS = 10_000;
/** Longest wait for workers that are stopped with the server, ms: their own grace is what counts. */
const CLOSE_WORKERS_MS = 600_000;
/** How often old changes of resources are forgotten, ms, and how many revisions are kept for those who watch. */
const COMPACT_MS = 3_600_000;
const KEPT_REVISIONS = 10_000;

/** Puts the whole together from what the store has; listens to nothing before `start`. Raises STORE_UNAVAILABLE. */
export async function createServer(options: ServerOptions, deps: ServerDependencies): Promise<Server> {
  const clock = deps.clock ?? systemClock;
  const random = deps.random ?? Math.random;
  const bytes = deps.randomBytes ?? randomBytes;
  const tracer = deps.tracer ?? noTracer;
  const log = deps.log.logger;
  const logOf = (module: string) => log.child({ module });
  const { supervisor } = deps;
  const workers: Required<WorkersOptions> = { atStop: 'stop', ...options.workers };
  const host = options.host ?? '127.0.0.1';
  const masking = new Masking(options.masking);
  const startedAt = clock.now();
  const scope = createScope({ clock });
  // Streams never end by themselves: they go first when the server stops.
  const streams = scope.child();
  await using parts = new AsyncDisposableStack();

  const store = deps.store ?? parts.use(createMemoryStore({ clock }));
  const journal = parts.use(
    await openEventJournal(options.events ?? {}, { store, clock, random, log: logOf('events') }),
  );
  const { secrets } = deps;
  const gateway = new Gateway(options, {
    openSession: deps.openSession,
    probeOf: endpointProbeOf,
    masking: { screens: masking.masks('screens'), snapshots: masking.masks('recordings') },
    events: labelled(journal, {
      session: (id) => {
        const entry = gateway.sessions.find(id);
        return entry && gateway.labelsOf(entry);
      },
      place: (place) => gateway.directory.labelsOf(place),
    }),
    clock,
    log: logOf('sessions'),
    scope,
    randomBytes: bytes,
    random,
    ...(secrets === undefined ? {} : { secrets }),
  });
  traceOperations(tracer, journal);
  if (deps.audit !== undefined) recordEvents(journal, deps.audit);
  const certificates = new Certificates({
    log: logOf('tls'),
    publish: (type, subject, data) => void journal.publish(type, subject, data),
    scope,
  });
  // Figures may be asked for before the doors are there.
  let bounds: ConnectionBounds | undefined;
  let webhookFigures: ReturnType<NonNullable<MetricSources['webhooks']>> = [];
  const { limits, metrics, history } = createObservation(
    {
      version: options.version,
      maxConnections: options.connections?.maxConnections ?? MAX_CONNECTIONS,
      maxWaitingEvents: options.events?.maxWaiting ?? MAX_WAITING_EVENTS,
      memoryBytes: options.memoryBytes,
      warnRatio: options.warnRatio,
    },
    {
      gateway,
      journal,
      connections: () => bounds?.connections ?? 0,
      certificates: () => certificates.figures(),
      webhooks: () => webhookFigures,
      workers: supervisor && (() => supervisor.list().map(workerFigures)),
      logLines: deps.log.counts,
      log: logOf('limits'),
      clock,
      scope,
    },
  );

  const webhooks = createWebhooks(
    { userAgent: `Roundhouse/${options.version}`, ...options.webhooks },
    {
      store,
      journal,
      clock,
      random,
      log: logOf('webhooks'),
      secrets: (reference) => secretOf(reference),
      shown: (event) => masking.event(event),
      onAttempt: (_webhook, { error, elapsedMs }) => {
        metrics.webhookAttempts.add(1, { outcome: error ?? 'delivered' });
        metrics.webhookDeliveries.observe(elapsedMs / 1_000);
      },
    },
  );
  const roles = new Roles();
  const keyRing = deps.keyRing ?? createKeyRing(new Map([['process', bytes(32)]]), 'process');
  const sealer: Sealer = {
    seal: (text, context) => keyRing.seal(text, context),
    open: (sealed, context) => keyRing.open(sealed, context).reveal(),
  };
  const accounts = createAccounts(options.token, options.authentication, {
    clock,
    randomBytes: bytes,
    journal,
    store,
    sealer,
    metrics,
    log: logOf('authentication'),
  });
  const authenticator = parts.use(accounts.authenticator);
  const { passwordHistory } = accounts;
  parts.defer(() => passwordHistory?.settled());

  const { directory } = gateway;
  const resources = new Resources({
    store,
    commit: (writes, facts) => journal.commit(writes, facts),
    actuators: {
      role: roleActuator(roles),
      principal: principalActuator(accounts.directory, passwordHistory),
      api_key: apiKeyActuator(accounts.directory, accounts.lastUsedAt),
      endpoint_group: groupActuator(directory),
      endpoint: endpointActuator(directory),
      webhook: webhookActuator(webhooks),
      worker: workerActuator(supervisor),
    },
    sealer,
    clock,
    log: logOf('configuration'),
    builtIn: { role: BUILT_IN_ROLES },
  });
  if (supervisor !== undefined) {
    parts.defer(publishWorkers(supervisor, journal, masking.line));
    parts.defer(logWorkers(supervisor, logOf('workers')));
    await supervisor.open(scope);
    parts.defer(() => closeWorkers());
  }
  await passwordHistory?.load();
  await resources.load();
  passwordHistory?.retain(resources.ids('principal'));
  if (options.alerts !== undefined) {
    const runtime = serverRuntime({ clock, random, log: logOf('alerts'), tracer, observer: metrics.net });
    const send = createMailer(options.alerts.mail, { clock, runtime, secrets: (reference) => secretOf(reference) });
    parts.use(
      startAlerts(options.alerts, {
        journal,
        store,
        clock,
        random,
        log: logOf('alerts'),
        shown: (event) => masking.event(event),
        send,
      }),
    );
  }

  const digest = fieldDigest(deps.auditPlace?.fieldDigests === true, bytes);
  let door: Host | undefined;
  let mail: MailReceiver | undefined;
  let stopping: Promise<void> | undefined;
  let openApi: string | undefined;
  const access = new Access(() => roles.policy);
  const attributesOf = (kind: KindName, id: string): Attributes | undefined =>
    attributesIn({ gateway, resources }, kind, id);
  const cursors = createCursors(deps.cursorKey ?? bytes(32));
  const overload = createOverloadGuard(
    options.overload ?? {},
    {
      clock,
      pressure: processPressure(scope),
      onChange: (level, reason) => logOf('limits').warn('overload', { level, reason }),
    },
    scope,
  );
  const tls =
    options.tls &&
    (await certificates.follow('api', options.tls, (next) => setServerTls(app.server as unknown as TlsServer, next)));
  const { fastify: app, connections } = createApp(
    {
      ...(options.connections && { connections: options.connections }),
      ...(tls && { tls: nodeTlsOptions(tls) }),
    },
    logOf('api'),
  );
  bounds = connections;
  traceRequests(app, tracer);
  guard(app, {
    authenticate: (credentials) => authenticator.authenticate(credentials, scope),
    credentialsOf,
    access,
    attributesOf,
    overload,
    rateLimits: createRateLimits(options.rateLimits ?? {}, { clock }),
    onAuthenticated: ({ method, principal }) => {
      metrics.authentications.add(1, ACCEPTED[method]);
      compliance.noteUse(principal);
    },
    isStopping: () => stopping !== undefined,
  });
  const idempotency = createIdempotency({}, { clock, principalOf: ({ identity }) => identity?.principal ?? '' });
  app.addHook('preHandler', idempotency.preHandler);
  provideNotes(app);
  if (deps.audit !== undefined) auditRequests(app, deps.audit, scope);
  settleFirst(app, journal);
  app.addHook('onSend', idempotency.onSend);
  measure(app, metrics, logOf('api'));
  const { verification, reviewer } = custodyOf(deps.audit, deps.auditPlace, {
    store,
    clock,
    log: logOf('audit'),
    scope,
    onChange: () => compliance.changed(),
  });
  const compliance = createCompliance(options.compliance, {
    sources: { ...deps.compliance },
    audit: {
      journal: deps.audit,
      index: deps.auditIndex,
      retention: deps.auditRetention,
      verification,
      reviewer,
      offHostSinks: deps.auditPlace?.offHostSinks ?? [],
    },
    mailed: options.alerts && alertFilter(options.alerts),
    listeners: listenersOf(options),
    frontDoor: options.frontDoor,
    masking: { channels: masking, hasMaskedLog: deps.log.masksNumbers === true },
    authentication: options.authentication,
    certificates: () => certificates.figures(),
    token: options.token,
    resources,
    policy: () => roles.policy,
    gateway,
    limits,
    journal,
    store,
    hasConfiguration: () => server.configuration !== undefined,
    configurationFiles: () => server.configuration?.current.document.paths ?? [],
    clock,
    log: logOf('compliance'),
    scope,
  });
  const server: Server = {
    gateway,
    resources,
    journal,
    compliance,
    configuration: undefined,
    get mail() {
      return mail;
    },
    workers,
    get stopMs() {
      return CLOSE_SESSIONS_MS + LAST_ANSWERS_MS + (workers.atStop === 'stop' ? CLOSE_WORKERS_MS : 0);
    },
    start,
    stop: () => (stopping ??= stop()),
    [Symbol.asyncDispose]: () => server.stop(),
  };
  addRoutes(app, {
    livez: (_request, reply) => reply.send({ status: 'live' }),
    readyz: (_request, reply) => reply.send({ status: 'ready' }),
    getMetrics: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()),
    getOpenApi: (_request, reply) => {
      openApi ??= JSON.stringify(buildOpenApi(options.version));
      return reply.header('content-type', 'application/json; charset=utf-8').send(openApi);
    },
    ...sessionRoutes({
      gateway,
      metrics,
      access,
      cursors,
      attributesOf,
      scope,
      isExempt: (roles) => masking.isExempt(roles),
      ...(deps.audit !== undefined && {
        noteInput: (request) => ({ digest, onSubmit: (input) => noteSubmitted(request, input) }),
      }),
    }),
    ...endpointRoutes(gateway),
    ...operationRoutes({ gateway, access, cursors, attributesOf }),
    ...eventRoutes({
      journal,
      access,
      shown: (event) => masking.event(event),
      clock,
      log: logOf('events'),
      scope: streams,
    }),
    ...resourceRoutes({ resources, access, cursors, prepare: preparation(bytes) }),
    ...webhookRoutes({ webhooks, deliveries: store.deliveries, resources, access, cursors, scope }),
    ...mailRoutes({ mailbox: store.mailbox, access, cursors }),
    ...workerRoutes({ supervisor: supervised, resources, scope }),
    ...workerGroupRoutes({ supervisor: supervised, workers: () => supervisor?.list() ?? [], access, cursors, scope }),
    ...workerLogRoutes({
      supervisor: supervised,
      journal,
      access,
      shown: masking.line,
      clock,
      log: logOf('workers'),
      scope: streams,
    }),
    ...identityRoutes({ access, unlock: (whom) => authenticator.unlock(whom), attributesOf }),
    ...observationRoutes({ metrics, history, limits, refused: () => overload.refused, levels: deps.log.levels, clock }),
    ...complianceRoutes({ monitor: () => compliance.monitor(), version: options.version }),
    ...configurationRoutes(() => server.configuration, { clock, startedAt }),
    ...retentionRoutes({ retention: deps.auditRetention, scope }),
    ...auditReviewRoutes({ reviewer, verification, resources, scope }),
    ...auditRoutes({
      audit: deps.audit,
      index: deps.auditIndex,
      retention: deps.auditRetention,
      events: journal,
      cursors,
      log: logOf('audit'),
      scope,
      streams,
    }),
  });
  webhooks.start();
  compliance.start();
  reviewer?.start();
  verification?.start();
  every(WEBHOOK_FIGURES_MS, scope, async () => {
    webhookFigures = (await webhooks.statuses()).map(({ id, pending, dead }) => ({ webhook: id, pending, dead }));
  });
  every(COMPACT_MS, scope, async () => store.compact(Math.max(0, (await store.revision()) - KEPT_REVISIONS)));
  const running = parts.move();

  function secretOf(reference: string): Promise<string> {
    if (secrets === undefined) return Promise.reject(serverError('SECRET_UNKNOWN', { details: { reference } }));
    return secrets(reference, scope);
  }

  /** Raises WORKERS_UNAVAILABLE. */
  function supervised(): Supervisor {
    if (supervisor === undefined) throw workersError('WORKERS_UNAVAILABLE');
    return supervisor;
  }

  async function closeWorkers(): Promise<void> {
    using deadline = scope.child({ what: 'Closing the workers', timeoutMs: CLOSE_WORKERS_MS });
    await supervisor?.close(workers.atStop, deadline);
  }

  async function stop(): Promise<void> {
    streams.end();
    const closed = app.close();
    using deadline = scope.child({ what: 'Closing the sessions', timeoutMs: CLOSE_SESSIONS_MS });
    await deadline.race(closeSessions()).catch(() => log.warn('sessions were cut'));
    const timer = clock.setTimer(LAST_ANSWERS_MS, () => app.server.closeAllConnections());
    await closed;
    timer.cancel();
    await webhooks.stop();
    await running.disposeAsync();
    scope.end();
  }

  async function closeSessions(): Promise<void> {
    const posted = mail?.close(CLOSE_MAIL_MS);
    await door?.close();
    await gateway.close();
    await posted;
  }

  async function openDoor(doorOptions: FrontDoorOptions): Promise<Host> {
    try {
      const { frontDoorTls, frontDoorStartTls } = options;
      const tls =
        frontDoorTls && (await certificates.follow('front_door', frontDoorTls, (next) => door?.setTls({ tls: next })));
      const startTls =
        frontDoorStartTls &&
        (await certificates.follow('front_door_starttls', frontDoorStartTls, (next) =>
          door?.setTls({ startTls: next }),
        ));
      const secured = { ...doorOptions, ...(tls && { tls }), ...(startTls && { startTls }) };
      const { audit } = deps;
      const noter = audit && { onInput: (input: TerminalInput) => audit.record(terminalEntry(input)) };
      const parts = { gateway, clock, log: logOf('frontDoor'), ...noter, ...(digest !== undefined && { digest }) };
      return await openFrontDoor(secured, parts, scope);
    } catch (cause) {
      if (!isRoundhouseError(cause) || cause.code !== 'ADDRESS_IN_USE') throw cause;
      const { port, host: address = '127.0.0.1' } = doorOptions;
      throw serverError('PORT_IN_USE', { details: { port, host: address, variable: 'ROUNDHOUSE_FRONT_PORT' }, cause });
    }
  }

  async function openMail(mailOptions: MailReceiverOptions): Promise<MailReceiver> {
    const { openMailReceiver } = await import('./mail/receiver.ts');
    const runtime = serverRuntime({ clock, random, log: logOf('mail'), tracer, observer: metrics.net });
    const mailDeps = { journal, store, certificates, runtime, clock, random, log: logOf('mail') };
    try {
      return await openMailReceiver(mailOptions, mailDeps, scope);
    } catch (cause) {
      if (!isRoundhouseError(cause) || cause.code !== 'ADDRESS_IN_USE') throw cause;
      const { port, host: address = '127.0.0.1' } = mailOptions;
      throw serverError('PORT_IN_USE', { details: { port, host: address, variable: 'mail.port' }, cause });
    }
  }

  async function start(): Promise<ServerAddress> {
    if (options.frontDoor !== undefined) door = await openDoor(options.frontDoor);
    try {
      if (options.mail !== undefined) mail = await openMail(options.mail);
      await app.listen({ host, port: options.port });
    } catch (cause) {
      await Promise.all([door?.close(), mail?.close(0)]);
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
      const details = { port: options.port, host, variable: 'ROUNDHOUSE_PORT' };
      throw serverError('PORT_IN_USE', { details, cause });
    }
    await supervisor?.begin();
    const { port } = app.server.address() as AddressInfo;
    const url = `${options.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    log.info('listening', { url });
    return { url, port, frontPort: door?.port ?? null, mailPort: mail?.port ?? null };
  }

  return server;
}

/** Where this server listens, and whether it takes TLS alone there. */
function listenersOf({ host = '127.0.0.1', tls, frontDoor, frontDoorTls, mail }: ServerOptions) {
  const door = frontDoor && { name: 'front_door', host: frontDoor.host ?? '127.0.0.1', tls: frontDoorTls };
  const post = mail && {
    name: 'mail',
    host: mail.host ?? '127.0.0.1',
    tls: mail.tls ?? (mail.requiresTls === true ? mail.startTls : undefined),
  };
  return [{ name: 'api', host, tls }, ...[door, post].filter((each) => each !== undefined)];
}

/** Does something again and again until the scope ends; a failure waits for the next time. */
function every(intervalMs: number, scope: Scope, work: () => Promise<void>): void {
  const turn = async (): Promise<void> => {
    for (;;) {
      await scope.sleep(intervalMs);
      await work().catch(() => {});
    }
  };
  // The end of the scope ends it.
  turn().catch(() => {});
}

/** What roles may ask of a thing that a path names; undefined when there is none. */
function attributesIn(
  { gateway, resources }: { readonly gateway: Gateway; readonly resources: Resources },
  kind: KindName,
  id: string,
): Attributes | undefined {
  const ofSession = (session: string): Attributes | undefined => {
    const entry = gateway.sessions.find(session);
    return entry && { id: session, labels: gateway.labelsOf(entry), owner: entry.owner };
  };
  if (kind === 'session') return ofSession(id);
  if (kind === 'operation') {
    const operation = gateway.operations.find(id);
    if (operation === undefined) return undefined;
    const { sessionId, endpoint } = operation;
    // Of a drain, which is of an endpoint: its labels.
    if (sessionId === null) return { id, labels: gateway.directory.labelsOf({ endpoint }) };
    return { ...ofSession(sessionId), id };
  }
  if (kind === 'mail') return { id };
  const kept = resources.find(kind as ResourceKindName, id);
  if (kept === undefined) return undefined;
  const { labels } = kept.input as { readonly labels?: Attributes['labels'] };
  return { id, ...(labels === undefined ? {} : { labels }) };
}

/** What a change has told is durable before its caller hears that it is done. Keystrokes do not wait. */
function settleFirst(app: FastifyInstance, journal: EventJournal): void {
  app.addHook('onSend', async (request) => {
    const isChange = request.method === 'POST' || request.method === 'PUT' || request.method === 'DELETE';
    if (isChange && routeNameOf(request) !== 'sendInput' && journal.state === 'ok') await journal.settled();
  });
  // Nothing is begun of which there is no room to tell.
  app.addHook('preHandler', (request, _reply, done) => {
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') journal.admit();
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

function measure(app: FastifyInstance, metrics: Metrics, log: Log['logger']): void {
  app.addHook('onError', (_request, _reply, error, done) => {
    const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    metrics.errors.add(1, { code });
    if (code === 'RATE_LIMITED') metrics.rateLimited.add(1, { limit: 'requests' });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unmatched';
    metrics.request(method, route, reply.statusCode, reply.elapsedTime);
    log.debug('request', {
      request_id: request.id,
      method,
      route,
      status: reply.statusCode,
      elapsed_ms: reply.elapsedTime,
      ...traceFields(traceOf(request)),
    });
    done();
  });
}
