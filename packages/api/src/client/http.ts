import * as http from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type Clock, createScope, RoundhouseError, type Scope, systemClock, type Timer } from '@roundhouse/core';
import type { z } from 'zod';
import { apiError } from '../errors.ts';
import { PROBLEM_MEDIA_TYPE, type Problem } from '../problem.ts';
import type { Route } from '../routes.ts';

export interface HttpOptions {
  /** `http://host:port`, without a path. */
  readonly url: string;
  readonly token: string;
  /** Time that the server has beyond the wait that a call asks for, ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca?: string;
  readonly clock?: Clock;
}

/** What a call adds to its route. */
export interface Call {
  /** Stands for `{id}` in the path. */
  readonly id?: string;
  /** Stand for the other names in the path. */
  readonly params?: Readonly<Record<string, string>>;
  /** A list stands for a parameter that is given more than once. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** How long the server may take by the caller's own wish, ms. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The JSON that a route answers with. */
export type Answer<R extends Route> = R['success']['content'] extends { 'application/json': infer S extends z.ZodType }
  ? z.output<S>
  : never;

/** Most bytes that an answer may have: the largest screen as JSON is far below. */
const MAX_ANSWER_BYTES = 16 * 1_048_576;

/** A stream that says nothing for this long is lost, ms: the server sends a comment every 15 s. */
const MAX_SILENCE_MS = 60_000;

/**
 * Calls routes over kept connections. A problem body is raised as the RoundhouseError that the server had; besides
 * API_UNREACHABLE, API_TIMEOUT and API_ANSWER_INVALID, and AbortError when the signal of a call aborts.
 */
export class HttpConnection {
  readonly clock: Clock;
  readonly #origin: URL;
  readonly #token: string;
  readonly #timeoutMs: number;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  /** Raises API_URL_INVALID. Opens nothing before the first call. */
  constructor({ url, token, timeoutMs = 10_000, ca, clock = systemClock }: HttpOptions) {
    const origin = URL.canParse(url) ? new URL(url) : undefined;
    if (origin === undefined || (origin.protocol !== 'http:' && origin.protocol !== 'https:')) {
      throw apiError('API_URL_INVALID', { details: { url } });
    }
    const secure = origin.protocol === 'https:';
    this.clock = clock;
    this.#origin = origin;
    this.#token = token;
    this.#timeoutMs = timeoutMs;
    this.#agent = secure
      ? new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })
      : new http.Agent({ keepAlive: true });
    this.#request = secure ? requestHttps : http.request;
  }

  async json<R extends Route>(route: R, call: Call = {}): Promise<Answer<R>> {
    const text = await this.text(route, call);
    try {
      return JSON.parse(text) as Answer<R>;
    } catch (cause) {
      throw this.invalid('its answer is not JSON', cause);
    }
  }

  async text(route: Route, call: Call = {}): Promise<string> {
    using scope = this.#scope(call);
    const timer = this.#patience(scope, this.#timeoutMs + (call.waitMs ?? 0));
    try {
      return await this.#body(await this.#send(route, call, scope));
    } catch (error) {
      throw this.#failure(error, scope);
    } finally {
      timer.cancel();
    }
  }

  /** Resolves when the server has begun to answer; the bytes come as they arrive, and the end is theirs to make. */
  async stream(route: Route, call: Call = {}): Promise<AsyncIterable<Uint8Array>> {
    const scope = this.#scope(call);
    const timer = this.#patience(scope, this.#timeoutMs);
    try {
      return this.#bytes(await this.#send(route, call, scope), scope);
    } catch (error) {
      const failure = this.#failure(error, scope);
      scope.end();
      throw failure;
    } finally {
      timer.cancel();
    }
  }

  /** What answers is not the API, or not one that this client understands. */
  invalid(reason: string, cause?: unknown): RoundhouseError {
    return apiError('API_ANSWER_INVALID', { details: { url: this.#origin.origin, reason }, cause });
  }

  /** Closes the kept connections. Idempotent. */
  close(): void {
    this.#agent.destroy();
  }

  #scope({ signal }: Call): Scope {
    return createScope({ clock: this.clock, ...(signal === undefined ? {} : { signal }) });
  }

  #patience(scope: Scope, timeoutMs: number): Timer {
    return this.clock.setTimer(timeoutMs, () =>
      scope.end(apiError('API_TIMEOUT', { details: { url: this.#origin.origin, timeout_ms: timeoutMs } })),
    );
  }

  async #send(route: Route, call: Call, { signal }: Scope): Promise<http.IncomingMessage> {
    const url = new URL(pathOf(route, call), this.#origin);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value === undefined) continue;
      for (const each of [value].flat()) url.searchParams.append(name, String(each));
    }
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const headers = {
      accept: [...Object.keys(route.success.content ?? {}), PROBLEM_MEDIA_TYPE].join(', '),
      authorization: `Bearer ${this.#token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
      ...call.headers,
    };
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      this.#request(url, { method: route.method, agent: this.#agent, headers, signal }, resolve)
        .on('error', reject)
        .end(body);
    });
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    throw this.#problem(statusCode, response.headers['content-type'] ?? '', await this.#body(response));
  }

  async #body(response: http.IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) throw this.invalid(`its answer has more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  async *#bytes(response: http.IncomingMessage, scope: Scope): AsyncGenerator<Uint8Array, void, void> {
    let timer = this.#patience(scope, MAX_SILENCE_MS);
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        // Whoever reads takes their time: only the server's silence counts.
        timer.cancel();
        yield chunk;
        timer = this.#patience(scope, MAX_SILENCE_MS);
      }
    } catch (error) {
      throw this.#failure(error, scope);
    } finally {
      timer.cancel();
      scope.end();
    }
  }

  #problem(status: number, contentType: string, text: string): RoundhouseError {
    if (!contentType.startsWith(PROBLEM_MEDIA_TYPE))
      return this.invalid(`it answered ${status} without a problem body`);
    let problem: Problem;
    try {
      problem = JSON.parse(text) as Problem;
    } catch (cause) {
      return this.invalid('its problem body is not JSON', cause);
    }
    const { code, detail: message, hint, retryable, details, errors } = problem;
    const entry = { message, hint, retryable, status };
    return new RoundhouseError(code, entry, { details: errors.length === 0 ? details : { ...details, errors } });
  }

  #failure(error: unknown, { signal }: Scope): unknown {
    if (error instanceof RoundhouseError || !(error instanceof Error)) return error;
    // What a cut connection says then depends on how far the answer was; the reason is in the scope.
    if (signal.aborted) {
      const reason: unknown = signal.reason;
      const isOurs = reason instanceof RoundhouseError && reason.code === 'API_TIMEOUT';
      return isOurs ? reason : new DOMException('The call was aborted', 'AbortError');
    }
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === 'ECONNREFUSED' ? 'connection refused' : (code ?? error.message);
    return apiError('API_UNREACHABLE', { details: { url: this.#origin.origin, reason }, cause: error });
  }
}

/** The path of a route with what stands for the names in it. */
function pathOf({ path }: Route, { id, params }: Call): string {
  const values: Readonly<Record<string, string | undefined>> = { ...params, id };
  return path.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : encodeURIComponent(value);
  });
}
