import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@roundhouse/core';
import type { Certificate } from '@roundhouse/testing';
import { Webhook } from 'standardwebhooks';

interface Received {
  readonly id: string;
  readonly event: { readonly id: string; readonly type: string; readonly subject: string };
  readonly headers: IncomingMessage['headers'];
}

export interface StandardReceiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Messages whose signature the package `standardwebhooks` found good. */
  readonly received: Received[];
  /** What was not good about the others. */
  readonly rejected: string[];
  /** How a good message is answered; default 204. */
  answer: (response: ServerResponse, message: Received) => void;
  /** Resolves when so many good messages have come, ever. */
  waitFor(count: number): Promise<void>;
}

export interface StandardReceiverOptions {
  readonly secret: string;
  /** With one it speaks TLS. */
  readonly certificate?: Certificate;
  /** Default: that of the system, by which `standardwebhooks` goes. */
  readonly clock?: Clock;
  /** Default 127.0.0.1 and any free port. */
  readonly host?: string;
  readonly port?: number;
}

/** A receiver of webhooks as its author would write it, on loopback. */
export async function openStandardReceiver(options: StandardReceiverOptions): Promise<StandardReceiver> {
  const { secret, certificate, clock, host = '127.0.0.1', port: wantedPort = 0 } = options;
  const webhook = new Webhook(secret);
  const received: Received[] = [];
  const rejected: string[] = [];
  const waiters: Array<{ readonly count: number; readonly resolve: () => void }> = [];
  const receive = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      try {
        webhook.verify(body, inSystemTime(request.headers, body));
      } catch (error) {
        rejected.push(String(error));
        response.writeHead(401).end();
        return;
      }
      const message = {
        id: String(request.headers['webhook-id']),
        event: JSON.parse(body) as Received['event'],
        headers: request.headers,
      };
      received.push(message);
      receiver.answer(response, message);
      for (const { count, resolve } of waiters) if (received.length >= count) resolve();
    });
  };
  /** `standardwebhooks` looks at the clock of the system: a good signature of a time that is right by `clock` is made one of now. */
  const inSystemTime = (headers: IncomingMessage['headers'], body: string): Record<string, string> => {
    const strings = headers as Record<string, string>;
    const at = Number(strings['webhook-timestamp']) * 1_000;
    if (clock === undefined || Math.abs(at - clock.now()) > 1_000) return strings;
    const id = strings['webhook-id'] ?? '';
    if (webhook.sign(id, new Date(at), body) !== strings['webhook-signature']) return strings;
    const now = new Date();
    const timestamp = String(Math.floor(now.getTime() / 1_000));
    return { ...strings, 'webhook-timestamp': timestamp, 'webhook-signature': webhook.sign(id, now, body) };
  };
  const server = certificate === undefined ? createServer(receive) : createTlsServer(certificate, receive);
  await new Promise<void>((resolve) => server.listen(wantedPort, host, resolve));
  const { port } = server.address() as AddressInfo;
  const scheme = certificate === undefined ? 'http' : 'https';
  const receiver: StandardReceiver = {
    url: `${scheme}://${host}:${port}/hook?tenant=a`,
    port,
    received,
    rejected,
    answer: (response) => response.writeHead(204).end(),
    waitFor: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiters.push({ count, resolve });
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
