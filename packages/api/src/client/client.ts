import type { Clock } from '@roundhouse/core';
import type {
  DrainRequest,
  EndpointHealthResource,
  EndpointInput,
  EndpointList,
  EndpointPut,
  EndpointResource,
} from '../endpoint.ts';
import type { EndpointGroupInput, EndpointGroupList, EndpointGroupResource } from '../endpointGroup.ts';
import type { EventRecord, EventsQuery } from '../event.ts';
import type { Explanation } from '../explain.ts';
import type { InputRequest } from '../input.ts';
import { DEFAULTS } from '../limits.ts';
import type { MigrateRequest, Operation, OperationList, SuspendRequest, Takeover } from '../operation.ts';
import { ROUTES } from '../routes.ts';
import type { InputResult, ScreenCells, ScreenView } from '../screen.ts';
import type { CreateSession, ListSessionsQuery, SessionList, SessionResource } from '../session.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ScreenFormat } from '../vocabulary.ts';
import { type EventStreamOptions, streamEvents } from './events.ts';
import { type Call, HttpConnection } from './http.ts';

export interface ClientOptions {
  /** `http://host:port`, without a path. */
  readonly url: string;
  readonly token: string;
  /** Time that the server has beyond the wait that a call asks for, ms. Default 10,000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** 0 … 1, as Math.random, its default: spreads the attempts to connect again. */
  readonly random?: () => number;
}

export interface ScreenWait {
  /** Waits for a screen newer than this version. */
  readonly after?: number;
  readonly timeoutMs?: number;
}

/**
 * Calls the API over kept connections. A problem body is raised as the RoundhouseError that the server had; besides
 * API_UNREACHABLE, API_TIMEOUT and API_ANSWER_INVALID.
 */
export interface Client extends Disposable {
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

  listEndpoints(query?: ListSessionsQuery, signal?: AbortSignal): Promise<EndpointList>;
  createEndpoint(request: EndpointInput, signal?: AbortSignal): Promise<EndpointResource>;
  getEndpoint(id: string, signal?: AbortSignal): Promise<EndpointResource>;
  putEndpoint(id: string, request: EndpointPut, signal?: AbortSignal): Promise<EndpointResource>;
  deleteEndpoint(id: string, signal?: AbortSignal): Promise<void>;
  getEndpointHealth(id: string, signal?: AbortSignal): Promise<EndpointHealthResource>;
  /** The operation goes on behind the answer, as that of a migration. */
  drainEndpoint(id: string, request?: DrainRequest, signal?: AbortSignal): Promise<Operation>;

  listEndpointGroups(query?: ListSessionsQuery, signal?: AbortSignal): Promise<EndpointGroupList>;
  createEndpointGroup(request: EndpointGroupInput, signal?: AbortSignal): Promise<EndpointGroupResource>;
  getEndpointGroup(id: string, signal?: AbortSignal): Promise<EndpointGroupResource>;
  deleteEndpointGroup(id: string, signal?: AbortSignal): Promise<void>;

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

  constructor({ random = Math.random, ...options }: ClientOptions) {
    this.#http = new HttpConnection(options);
    this.#random = random;
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

  listEndpoints(query: ListSessionsQuery = {}, signal?: AbortSignal): Promise<EndpointList> {
    return this.#http.json(ROUTES.listEndpoints, { query, signal });
  }

  createEndpoint(request: EndpointInput, signal?: AbortSignal): Promise<EndpointResource> {
    return this.#http.json(ROUTES.createEndpoint, { body: request, signal });
  }

  getEndpoint(id: string, signal?: AbortSignal): Promise<EndpointResource> {
    return this.#http.json(ROUTES.getEndpoint, { id, signal });
  }

  putEndpoint(id: string, request: EndpointPut, signal?: AbortSignal): Promise<EndpointResource> {
    return this.#http.json(ROUTES.putEndpoint, { id, body: request, signal });
  }

  async deleteEndpoint(id: string, signal?: AbortSignal): Promise<void> {
    await this.#http.text(ROUTES.deleteEndpoint, { id, signal });
  }

  getEndpointHealth(id: string, signal?: AbortSignal): Promise<EndpointHealthResource> {
    return this.#http.json(ROUTES.getEndpointHealth, { id, signal });
  }

  drainEndpoint(id: string, request: DrainRequest = {}, signal?: AbortSignal): Promise<Operation> {
    return this.#http.json(ROUTES.drainEndpoint, { id, body: request, signal });
  }

  listEndpointGroups(query: ListSessionsQuery = {}, signal?: AbortSignal): Promise<EndpointGroupList> {
    return this.#http.json(ROUTES.listEndpointGroups, { query, signal });
  }

  createEndpointGroup(request: EndpointGroupInput, signal?: AbortSignal): Promise<EndpointGroupResource> {
    return this.#http.json(ROUTES.createEndpointGroup, { body: request, signal });
  }

  getEndpointGroup(id: string, signal?: AbortSignal): Promise<EndpointGroupResource> {
    return this.#http.json(ROUTES.getEndpointGroup, { id, signal });
  }

  async deleteEndpointGroup(id: string, signal?: AbortSignal): Promise<void> {
    await this.#http.text(ROUTES.deleteEndpointGroup, { id, signal });
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
