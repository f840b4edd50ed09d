import * as http from 'node:http';
import * as https from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { EventRecord } from '@roundhouse/api';

export interface WireAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** Of the body, parsed; undefined when it is no JSON. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export interface WireRequest {
  /** The whole header `Authorization`; none without. */
  readonly authorization?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For an https address. */
  readonly tls?: ConnectionOptions;
}

export const bearer = (token: string): string => `Bearer ${token}`;
export const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

/** One request on a connection of its own. Of an answer that does not end, as of a stream, only the head is read. */
export function call(
  url: string,
  method: string,
  path: string,
  { authorization, body, headers = {}, tls = {} }: WireRequest = {},
): Promise<WireAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const { request: open } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const request = open(
      `${url}${path}`,
      {
        method,
        agent: false,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...tls,
      },
      (response) => {
        const chunks: Buffer[] = [];
        const done = (): void => {
          const received = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: received,
            json: parsed(received),
          });
        };
        if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
          done();
          request.destroy();
          return;
        }
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', done);
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}

/** A watcher of the event stream. */
export interface Watcher extends Disposable {
  /** In the order in which they came. */
  readonly events: readonly EventRecord[];
  /** Settles when the stream is over, however it ends. */
  readonly ended: Promise<void>;
  /** Settles when such an event has come, or with undefined when the stream is over without it. */
  until(isIt: (event: EventRecord) => boolean): Promise<EventRecord | undefined>;
}

/** Resolves when the stream is open; rejects where it is refused. */
export function watchEvents(
  url: string,
  { authorization, lastEventId, query = '' }: { authorization: string; lastEventId?: string; query?: string },
): Promise<Watcher> {
  const headers = { authorization, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/api/v1/events${query}`, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`the stream was refused with ${response.statusCode}`));
        return;
      }
      const events: EventRecord[] = [];
      let look = (): void => {};
      let isOver = false;
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (data !== undefined) events.push(JSON.parse(data) as EventRecord);
        }
        look();
      });
      const ended = new Promise<void>((end) => {
        response.on('error', () => {});
        response.on('close', () => {
          isOver = true;
          look();
          end();
        });
      });
      resolve({
        events,
        ended,
        until: (isIt) =>
          new Promise((settle) => {
            look = () => {
              const found = events.find(isIt);
              if (found !== undefined || isOver) settle(found);
            };
            look();
          }),
        [Symbol.dispose]: () => request.destroy(),
      });
    });
    request.on('error', reject);
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
