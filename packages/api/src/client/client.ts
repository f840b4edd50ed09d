import type { Clock } from '@roundhouse/core';
import type { NewApiKey } from '../apiKey.ts';
import type { ComplianceFormat, ComplianceReportResource, ComplianceRules } from '../compliance.ts';
import type {
  ConfigurationResource,
  OverrideInput,
  OverrideList,
  ReloadPlan,
  ReloadRequest,
} from '../configuration.ts';
import type { DrainRequest, EndpointHealthResource } from '../endpoint.ts';
import type { EventRecord, EventsQuery } from '../event.ts';
import type { Explanation } from '../explain.ts';
import type { InputRequest } from '../input.ts';
import { DEFAULTS } from '../limits.ts';
import type { MigrateRequest, Operation, OperationList, SuspendRequest, Takeover } from '../operation.ts';
import type { CanI, CanIQuery, IdentityResource, UnlockRequest } from '../identity.ts';
import { type Resource, RESOURCE_KINDS, type ResourceInput, type ResourceKindName } from '../kinds.ts';
import type { LogLevelRequest, LogLevels, MetricsExport, MetricsQuery, Usage } from '../observation.ts';
import { type Route, ROUTES } from '../routes.ts';
import type { DeliveriesQuery, DeliveryPage, DeliveryResource, NewWebhook, ReplayRequest } from '../webhook.ts';
import type { InputResult, ScreenCells, ScreenView } from '../screen.ts';
import type { CreateSession, ListSessionsQuery, SessionList, SessionResource } from '../session.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ScreenFormat } from '../vocabulary.ts';
import { type AuditCalls, createAuditCalls } from './audit.ts';
import { createMailCalls, type MailCalls } from './mail.ts';
import { type EventStreamOptions, streamEvents } from './events.ts';
import { type Call, HttpConnection } from './http.ts';
import { createWorkerCalls, type WorkerCalls } from './workers.ts';

export interface ClientOptions {
  /** `http://host:port`, without a path. */
  readonly url: string;
  readonly token: string;
  /** Time that the server has beyond the wait that a call asks for, ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** PEM of the authorities to trust instead of the public ones, for https. */
  readonly ca?: string;
  readonly clock?: Clock;
  /** 0 … 1, as Math.random, its default: spreads the attempts to connect again. */
  readonly random?: () => number;
}

export interface ScreenWait {
  /** Waits for a screen newer than this version. */
  readonly after?: number;
  readonly timeoutMs?: number;
}

export interface ResourcePage<K extends ResourceKindName> {
  readonly items: ReadonlyArray<Resource<K>>;
  readonly next_cursor: string | null;
}

export type Created<K extends ResourceKindName> = K extends 'api_key'
  ? NewApiKey
  : K extends 'webhook'
    ? NewWebhook
    : Resource<K>;

export interface WriteOptions {
  /** The write happens to this version alone; else PRECONDITION_FAILED is raised. Default: to any. */
  readonly version?: number;
  readonly signal?: AbortSignal;
}

/** What a test of a webhook, and a reload, may take, ms. */
const LONGEST_ATTEMPT_MS = 60_000;
const RELOAD_MS = 60_000;
/** Facts are gathered within ten seconds; digests of installed files take longest. */
const ASSESS_MS = 20_000;

/**
 * Calls the API over kept connections. A problem body is raised as the RoundhouseError that the server had; besides
 * API_UNREACHABLE, API_TIMEOUT and API_ANSWER_INVALID.
 */
export interface Client extends Disposable {
  readonly workers: WorkerCalls;
  readonly audit: AuditCalls;
  readonly mail: MailCalls;

  createSession(request: CreateSession, signal?: AbortSignal): Promise<SessionResource>;
  listSessions(query?: ListSessionsQuery, signal?: AbortSignal): Promise<SessionList>;
  getSession(id: string, signal?: AbortSignal): Promise<SessionResource>;
  deleteSession(id: string, signal?: AbortSignal): Promise<void>;
  getScreen(id: string, wait?: ScreenWait, signal?: AbortSignal): Promise<ScreenView>;
  getScreenCells(id: string, wait?: ScreenWait, signal?: AbortSignal): Promise<ScreenCells>;
  /** The screen as a page of text or HTML. */
  getScreenPage(id: string, format: 'text' | 'html', wait?: ScreenWait, signal?: AbortSignal): Promise<string>;
  sendInput(id: string, request: InputRequest, signal?: AbortSignal): Promise<InputResult>;
  suspendSession(id: string, request?: SuspendRequest, signal?: AbortSignal): Promise<Operation>;
  resumeSession(id: string, signal?: AbortSignal): Promise<Operation>;
  /** The operation goes on behind the answer: `getOperation` tells how far it is. */
  migrateSession(id: string, request: MigrateRequest, signal?: AbortSignal): Promise<Operation>;
  getSnapshot(id: string, signal?: AbortSignal): Promise<Snapshot>;
  takeOverSession(id: string, signal?: AbortSignal): Promise<Takeover>;
  explainSession(id: string, signal?: AbortSignal): Promise<Explanation>;

  listResources<K extends ResourceKindName>(
    kind: K,
    query?: ListSessionsQuery,
    signal?: AbortSignal,
  ): Promise<ResourcePage<K>>;
  getResource<K extends ResourceKindName>(kind: K, id: string, signal?: AbortSignal): Promise<Resource<K>>;
  /** The answer shows what is shown but once: the API key, the secret that was made for a webhook. */
  createResource<K extends ResourceKindName>(
    kind: K,
    input: ResourceInput<K>,
    signal?: AbortSignal,
  ): Promise<Created<K>>;
  putResource<K extends ResourceKindName>(
    kind: K,
    id: string,
    input: Omit<ResourceInput<K>, 'id'>,
    options?: WriteOptions,
  ): Promise<Resource<K>>;
  deleteResource(kind: ResourceKindName, id: string, options?: WriteOptions): Promise<void>;

  getEndpointHealth(id: string, signal?: AbortSignal): Promise<EndpointHealthResource>;
  /** The operation goes on behind the answer, as that of a migration. */
  drainEndpoint(id: string, request?: DrainRequest, signal?: AbortSignal): Promise<Operation>;

  listDeliveries(webhook: string, query?: DeliveriesQuery, signal?: AbortSignal): Promise<DeliveryPage>;
  getDelivery(webhook: string, delivery: number, signal?: AbortSignal): Promise<DeliveryResource>;
  listDeadLetters(query?: Omit<DeliveriesQuery, 'status'>, signal?: AbortSignal): Promise<DeliveryPage>;
  /** Gives how many are sent again. */
  replayDeliveries(webhook: string, request?: ReplayRequest, signal?: AbortSignal): Promise<number>;
  testWebhook(webhook: string, signal?: AbortSignal): Promise<DeliveryResource>;

  whoAmI(signal?: AbortSignal): Promise<IdentityResource>;
  canI(query: CanIQuery, signal?: AbortSignal): Promise<CanI>;
  /** Gives whether there was anything to forget. */
  unlock(request: UnlockRequest, signal?: AbortSignal): Promise<boolean>;
  getUsage(signal?: AbortSignal): Promise<Usage>;
  getConfiguration(signal?: AbortSignal): Promise<ConfigurationResource>;
  reloadConfiguration(request?: ReloadRequest, signal?: AbortSignal): Promise<ReloadPlan>;
  listOverrides(signal?: AbortSignal): Promise<OverrideList>;
  putOverride(request: OverrideInput, signal?: AbortSignal): Promise<ReloadPlan>;
  deleteOverride(path: string, signal?: AbortSignal): Promise<ReloadPlan>;
  getLogLevels(signal?: AbortSignal): Promise<LogLevels>;
  putLogLevel(module: string, request: LogLevelRequest, signal?: AbortSignal): Promise<LogLevels>;
  /** Default profile: that of the configuration. */
  getComplianceReport(profile?: string, signal?: AbortSignal): Promise<ComplianceReportResource>;
  /** The report as it is in that format, to be kept or shown. */
  getComplianceReportText(format: ComplianceFormat, profile?: string, signal?: AbortSignal): Promise<string>;
  listComplianceRules(signal?: AbortSignal): Promise<ComplianceRules>;

  exportMetrics(query?: Omit<MetricsQuery, 'format'>, signal?: AbortSignal): Promise<MetricsExport>;
  exportMetricsCsv(query?: Omit<MetricsQuery, 'format'>, signal?: AbortSignal): Promise<string>;

  listOperations(query?: ListSessionsQuery, signal?: AbortSignal): Promise<OperationList>;
  getOperation(id: string, signal?: AbortSignal): Promise<Operation>;

  /**
   * Events as they happen. A lost connection is made again, with growing waits, and resumed behind the last event; what
   * keeps the first one from being made is raised, and so is what no further attempt can mend.
   */
  streamEvents(query?: EventsQuery, options?: EventStreamOptions): AsyncIterable<EventRecord>;

  /** Closes the kept connections. Idempotent. */
  close(): void;
}

/** Raises API_URL_INVALID. Opens nothing before the first call. */
export function createClient(options: ClientOptions): Client {
  return new HttpClient(options);
}

class HttpClient implements Client {
  readonly #http: HttpConnection;
  readonly #random: () => number;
  readonly workers: WorkerCalls;
  readonly audit: AuditCalls;
  readonly mail: MailCalls;

  constructor({ random = Math.random, ...options }: ClientOptions) {
    this.#http = new HttpConnection(options);
    this.#random = random;
    this.workers = createWorkerCalls(this.#http);
    this.audit = createAuditCalls(this.#http);
    this.mail = createMailCalls(this.#http);
  }

  createSession(request: CreateSession, signal?: AbortSignal): Promise<SessionResource> {
    const waitMs = request.timeout_ms ?? DEFAULTS.createTimeoutMs;
    return this.#http.json(ROUTES.createSession, { body: request, waitMs, signal });
  }

  listSessions(query: ListSessionsQuery = {}, signal?: AbortSignal): Promise<SessionList> {
    return this.#http.json(ROUTES.listSessions, { query, signal });
  }

  getSession(id: string, signal?: AbortSignal): Promise<SessionResource> {
    return this.#http.json(ROUTES.getSession, { id, signal });
  }

  async deleteSession(id: string, signal?: AbortSignal): Promise<void> {
    await this.#http.text(ROUTES.deleteSession, { id, signal });
  }

  // The format of the query decides which of the route's answers comes.
  getScreen(id: string, wait: ScreenWait = {}, signal?: AbortSignal): Promise<ScreenView> {
    return this.#http.json(ROUTES.getScreen, screenCall(id, 'json', wait, signal)) as Promise<ScreenView>;
  }

  getScreenCells(id: string, wait: ScreenWait = {}, signal?: AbortSignal): Promise<ScreenCells> {
    return this.#http.json(ROUTES.getScreen, screenCall(id, 'cells', wait, signal)) as Promise<ScreenCells>;
  }

  getScreenPage(id: string, format: 'text' | 'html', wait: ScreenWait = {}, signal?: AbortSignal): Promise<string> {
    return this.#http.text(ROUTES.getScreen, screenCall(id, format, wait, signal));
  }

  sendInput(id: string, request: InputRequest, signal?: AbortSignal): Promise<InputResult> {
    // An input may stand in the queue as long as it may wait.
    const waitMs = 2 * (request.wait?.timeout_ms ?? DEFAULTS.inputTimeoutMs);
    return this.#http.json(ROUTES.sendInput, { id, body: request, waitMs, signal });
  }

  suspendSession(id: string, request: SuspendRequest = {}, signal?: AbortSignal): Promise<Operation> {
    return this.#http.json(ROUTES.suspendSession, { id, body: request, signal });
  }

  resumeSession(id: string, signal?: AbortSignal): Promise<Operation> {
    return this.#http.json(ROUTES.resumeSession, { id, signal });
  }

  migrateSession(id: string, request: MigrateRequest, signal?: AbortSignal): Promise<Operation> {
    return this.#http.json(ROUTES.migrateSession, { id, body: request, signal });
  }

  getSnapshot(id: string, signal?: AbortSignal): Promise<Snapshot> {
    return this.#http.json(ROUTES.getSnapshot, { id, signal });
  }

  takeOverSession(id: string, signal?: AbortSignal): Promise<Takeover> {
    return this.#http.json(ROUTES.takeOverSession, { id, signal });
  }

  explainSession(id: string, signal?: AbortSignal): Promise<Explanation> {
    return this.#http.json(ROUTES.explainSession, { id, signal });
  }

  async listResources<K extends ResourceKindName>(
    kind: K,
    query: ListSessionsQuery = {},
    signal?: AbortSignal,
  ): Promise<ResourcePage<K>> {
    const { Many } = RESOURCE_KINDS[kind];
    return (await this.#http.json(ROUTES[`list${Many}`] as Route, { query, signal })) as ResourcePage<K>;
  }

  async getResource<K extends ResourceKindName>(kind: K, id: string, signal?: AbortSignal): Promise<Resource<K>> {
    const { One } = RESOURCE_KINDS[kind];
    return (await this.#http.json(ROUTES[`get${One}`] as Route, { id, signal })) as Resource<K>;
  }

  async createResource<K extends ResourceKindName>(
    kind: K,
    input: ResourceInput<K>,
    signal?: AbortSignal,
  ): Promise<Created<K>> {
    const { One } = RESOURCE_KINDS[kind];
    return (await this.#http.json(ROUTES[`create${One}`] as Route, { body: input, signal })) as Created<K>;
  }

  async putResource<K extends ResourceKindName>(
    kind: K,
    id: string,
    input: Omit<ResourceInput<K>, 'id'>,
    { version, signal }: WriteOptions = {},
  ): Promise<Resource<K>> {
    const { One } = RESOURCE_KINDS[kind];
    const call = { id, body: input, headers: conditionOf(version), signal };
    return (await this.#http.json(ROUTES[`put${One}`] as Route, call)) as Resource<K>;
  }

  async deleteResource(kind: ResourceKindName, id: string, { version, signal }: WriteOptions = {}): Promise<void> {
    const { One } = RESOURCE_KINDS[kind];
    await this.#http.text(ROUTES[`delete${One}`], { id, headers: conditionOf(version), signal });
  }

  getEndpointHealth(id: string, signal?: AbortSignal): Promise<EndpointHealthResource> {
    return this.#http.json(ROUTES.getEndpointHealth, { id, signal });
  }

  drainEndpoint(id: string, request: DrainRequest = {}, signal?: AbortSignal): Promise<Operation> {
    return this.#http.json(ROUTES.drainEndpoint, { id, body: request, signal });
  }

  listDeliveries(id: string, query: DeliveriesQuery = {}, signal?: AbortSignal): Promise<DeliveryPage> {
    return this.#http.json(ROUTES.listDeliveries, { id, query, signal });
  }

  getDelivery(id: string, delivery: number, signal?: AbortSignal): Promise<DeliveryResource> {
    return this.#http.json(ROUTES.getDelivery, { id, params: { delivery: String(delivery) }, signal });
  }

  listDeadLetters(query: Omit<DeliveriesQuery, 'status'> = {}, signal?: AbortSignal): Promise<DeliveryPage> {
    return this.#http.json(ROUTES.listDeadLetters, { query, signal });
  }

  async replayDeliveries(id: string, request: ReplayRequest = {}, signal?: AbortSignal): Promise<number> {
    return (await this.#http.json(ROUTES.replayDeliveries, { id, body: request, signal })).replayed;
  }

  testWebhook(id: string, signal?: AbortSignal): Promise<DeliveryResource> {
    return this.#http.json(ROUTES.testWebhook, { id, waitMs: LONGEST_ATTEMPT_MS, signal });
  }

  whoAmI(signal?: AbortSignal): Promise<IdentityResource> {
    return this.#http.json(ROUTES.whoAmI, { signal });
  }

  canI(query: CanIQuery, signal?: AbortSignal): Promise<CanI> {
    return this.#http.json(ROUTES.canI, { query, signal });
  }

  async unlock(request: UnlockRequest, signal?: AbortSignal): Promise<boolean> {
    return (await this.#http.json(ROUTES.unlock, { body: request, signal })).unlocked;
  }

  getUsage(signal?: AbortSignal): Promise<Usage> {
    return this.#http.json(ROUTES.getUsage, { signal });
  }

  getConfiguration(signal?: AbortSignal): Promise<ConfigurationResource> {
    return this.#http.json(ROUTES.getConfiguration, { signal });
  }

  reloadConfiguration(request: ReloadRequest = {}, signal?: AbortSignal): Promise<ReloadPlan> {
    return this.#http.json(ROUTES.reloadConfiguration, { body: request, waitMs: RELOAD_MS, signal });
  }

  listOverrides(signal?: AbortSignal): Promise<OverrideList> {
    return this.#http.json(ROUTES.listOverrides, { signal });
  }

  putOverride(request: OverrideInput, signal?: AbortSignal): Promise<ReloadPlan> {
    return this.#http.json(ROUTES.putOverride, { body: request, waitMs: RELOAD_MS, signal });
  }

  deleteOverride(path: string, signal?: AbortSignal): Promise<ReloadPlan> {
    return this.#http.json(ROUTES.deleteOverride, { query: { path }, waitMs: RELOAD_MS, signal });
  }

  getLogLevels(signal?: AbortSignal): Promise<LogLevels> {
    return this.#http.json(ROUTES.getLogLevels, { signal });
  }

  putLogLevel(module: string, request: LogLevelRequest, signal?: AbortSignal): Promise<LogLevels> {
    return this.#http.json(ROUTES.putLogLevel, { params: { module }, body: request, signal });
  }

  // The format of the query decides which of the route's answers comes.
  getComplianceReport(profile?: string, signal?: AbortSignal): Promise<ComplianceReportResource> {
    const call = { query: { profile, format: 'json' }, waitMs: ASSESS_MS, signal };
    return this.#http.json(ROUTES.getComplianceReport as Route, call) as Promise<ComplianceReportResource>;
  }

  getComplianceReportText(format: ComplianceFormat, profile?: string, signal?: AbortSignal): Promise<string> {
    return this.#http.text(ROUTES.getComplianceReport, { query: { profile, format }, waitMs: ASSESS_MS, signal });
  }

  listComplianceRules(signal?: AbortSignal): Promise<ComplianceRules> {
    return this.#http.json(ROUTES.listComplianceRules, { signal });
  }

  exportMetrics(query: Omit<MetricsQuery, 'format'> = {}, signal?: AbortSignal): Promise<MetricsExport> {
    const call = { query: { ...query, format: 'json' }, signal };
    return this.#http.json(ROUTES.exportMetrics as Route, call) as Promise<MetricsExport>;
  }

  exportMetricsCsv(query: Omit<MetricsQuery, 'format'> = {}, signal?: AbortSignal): Promise<string> {
    return this.#http.text(ROUTES.exportMetrics, { query: { ...query, format: 'csv' }, signal });
  }

  listOperations(query: ListSessionsQuery = {}, signal?: AbortSignal): Promise<OperationList> {
    return this.#http.json(ROUTES.listOperations, { query, signal });
  }

  getOperation(id: string, signal?: AbortSignal): Promise<Operation> {
    return this.#http.json(ROUTES.getOperation, { id, signal });
  }

  streamEvents(query: EventsQuery = {}, options: EventStreamOptions = {}): AsyncIterable<EventRecord> {
    return streamEvents(this.#http, this.#random, query, options);
  }

  close(): void {
    this.#http.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function screenCall(id: string, format: ScreenFormat, wait: ScreenWait, signal: AbortSignal | undefined): Call {
  const waitMs = wait.after === undefined ? 0 : (wait.timeoutMs ?? DEFAULTS.screenTimeoutMs);
  return { id, query: { format, after: wait.after, timeout_ms: wait.timeoutMs }, waitMs, signal };
}

function conditionOf(version: number | undefined): Readonly<Record<string, string>> {
  return version === undefined ? {} : { 'if-match': `"${version}"` };
}
