import * as http from 'node:http';
import * as https from 'node:https';
import { RoundhouseError } from '@roundhouse/core';
import { apiError } from './errors.ts';
import type { InputRequest, WaitRequest } from './input.ts';
import { DEFAULTS } from './limits.ts';
import { PROBLEM_MEDIA_TYPE, type Problem } from './problem.ts';
import { ROUTES } from './routes.ts';
import type { InputResult, ScreenCells, ScreenView } from './screen.ts';
import type { CreateSession, ListSessionsQuery, SessionList, SessionResource } from './session.ts';

export interface ClientOptions {
  /** `http://host:port`, without a path. */
  readonly url: string;
  readonly token: string;
  /** Time that the server has beyond the wait that a call asks for, ms. Default 10,000. */
  readonly timeoutMs?: number;
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
  /** Closes the kept connections. Idempotent. */
  close(): void;
}

/** Raises API_URL_INVALID. Opens nothing before the first call. */
export function createClient(options: ClientOptions): Client {
  return new HttpClient(options);
}

/** Most bytes that an answer may have: the largest screen as JSON is far below. */
const MAX_ANSWER_BYTES = 16 * 1_048_576;

interface Call {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** How long the server may take by the caller's own wish, ms. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

class HttpClient implements Client {
  readonly #origin: URL;
  readonly #token: string;
  readonly #timeoutMs: number;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  constructor(options: ClientOptions) {
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw apiError('API_URL_INVALID', { details: { url: options.url } });
    }
    const secure = url.protocol === 'https:';
    this.#origin = url;
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
    this.#request = secure ? https.request : http.request;
  }

  async createSession(request: CreateSession, signal?: AbortSignal): Promise<SessionResource> {
    const waitMs = request.timeout_ms ?? DEFAULTS.createTimeoutMs;
    const { method, path } = ROUTES.createSession;
    return this.#json(method, { path, body: request, waitMs, signal });
  }

  async listSessions(query: ListSessionsQuery = {}, signal?: AbortSignal): Promise<SessionList> {
    const { method, path } = ROUTES.listSessions;
    return this.#json(method, { path, query, signal });
  }

  async getSession(id: string, signal?: AbortSignal): Promise<SessionResource> {
    const { method, path } = ROUTES.getSession;
    return this.#json(method, { path: withId(path, id), signal });
  }

  async deleteSession(id: string, signal?: AbortSignal): Promise<void> {
    const { method, path } = ROUTES.deleteSession;
    await this.#call(method, { path: withId(path, id), signal });
  }

  async getScreen(id: string, wait: ScreenWait = {}, signal?: AbortSignal): Promise<ScreenView> {
    return this.#json(ROUTES.getScreen.method, screenCall(id, 'json', wait, signal));
  }

  async getScreenCells(id: string, wait: ScreenWait = {}, signal?: AbortSignal): Promise<ScreenCells> {
    return this.#json(ROUTES.getScreen.method, screenCall(id, 'cells', wait, signal));
  }

  async getScreenPage(
    id: string,
    format: 'text' | 'html',
    wait: ScreenWait = {},
    signal?: AbortSignal,
  ): Promise<string> {
    return this.#call(ROUTES.getScreen.method, screenCall(id, format, wait, signal));
  }

  async sendInput(id: string, request: InputRequest, signal?: AbortSignal): Promise<InputResult> {
    const { method, path } = ROUTES.sendInput;
    // An input may stand in the queue as long as it may wait.
    const waitMs = 2 * waitTime(request.wait);
    return this.#json(method, { path: withId(path, id), body: request, waitMs, signal });
  }

  close(): void {
    this.#agent.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #json<T>(method: string, call: Call): Promise<T> {
    const text = await this.#call(method, call);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw this.#invalid('its answer is not JSON', cause);
    }
  }

  #call(method: string, call: Call): Promise<string> {
    const url = new URL(call.path, this.#origin);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const timeoutMs = this.#timeoutMs + (call.waitMs ?? 0);
    return new Promise((resolve, reject) => {
      const request = this.#request(
        url,
        {
          method,
          agent: this.#agent,
          headers: {
            accept: `application/json, ${PROBLEM_MEDIA_TYPE}, text/plain, text/html`,
            authorization: `Bearer ${this.#token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
          },
          ...(call.signal === undefined ? {} : { signal: call.signal }),
        },
        (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > MAX_ANSWER_BYTES)
              request.destroy(this.#invalid(`its answer has more than ${MAX_ANSWER_BYTES} bytes`));
            else chunks.push(chunk);
          });
          response.on('error', fail);
          response.on('end', () => {
            clearTimeout(deadline);
            const text = Buffer.concat(chunks).toString('utf8');
            const status = response.statusCode ?? 0;
            if (status >= 200 && status < 300) resolve(text);
            else reject(this.#problem(status, response.headers['content-type'] ?? '', text));
          });
        },
      );
      const deadline = setTimeout(() => {
        request.destroy(apiError('API_TIMEOUT', { details: { url: this.#origin.origin, timeout_ms: timeoutMs } }));
      }, timeoutMs);
      const fail = (error: Error): void => {
        clearTimeout(deadline);
        reject(this.#failure(error));
      };
      request.on('error', fail);
      request.end(body);
    });
  }

  #problem(status: number, contentType: string, text: string): RoundhouseError {
    if (!contentType.startsWith(PROBLEM_MEDIA_TYPE))
      return this.#invalid(`it answered ${status} without a problem body`);
    let problem: Problem;
    try {
      problem = JSON.parse(text) as Problem;
    } catch (cause) {
      return this.#invalid('its problem body is not JSON', cause);
    }
    const { code, detail: message, hint, retryable, details, errors } = problem;
    const entry = { message, hint, retryable, status };
    return new RoundhouseError(code, entry, { details: errors.length === 0 ? details : { ...details, errors } });
  }

  #failure(error: Error): Error {
    if (error instanceof RoundhouseError || error.name === 'AbortError') return error;
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === 'ECONNREFUSED' ? 'connection refused' : (code ?? error.message);
    return apiError('API_UNREACHABLE', { details: { url: this.#origin.origin, reason }, cause: error });
  }

  #invalid(reason: string, cause?: unknown): RoundhouseError {
    return apiError('API_ANSWER_INVALID', { details: { url: this.#origin.origin, reason }, cause });
  }
}

function withId(path: string, id: string): string {
  return path.replace('{id}', encodeURIComponent(id));
}

function screenCall(id: string, format: string, wait: ScreenWait, signal: AbortSignal | undefined): Call {
  const waitMs = wait.after === undefined ? 0 : (wait.timeoutMs ?? DEFAULTS.screenTimeoutMs);
  const query = { format, after: wait.after, timeout_ms: wait.timeoutMs };
  return { path: withId(ROUTES.getScreen.path, id), query, waitMs, signal };
}

function waitTime(wait: WaitRequest | undefined): number {
  return wait?.timeout_ms ?? DEFAULTS.inputTimeoutMs;
}
