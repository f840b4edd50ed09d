import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { inflateRawSync } from 'node:zlib';
import type { Client, WorkerLogLine } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { defineScreen, serveHost } from '@roundhouse/tn3270/host';
import { afterEach, describe, expect, it } from 'vitest';
import { type Content, Installation, patiently } from '../run/installation.fixture.ts';
import { openStandardReceiver, type StandardReceiver } from '../webhook/standardReceiver.fixture.ts';
import { basic, bearer, call, type WireAnswer, type WireRequest } from '../wire.fixture.ts';

// Of the numbers that networks and the Social Security Administration publish for tests.
const CARD = '4111111111111111';
const SSN = '078-05-1120';
const NUMBERS = new RegExp(`${CARD}|${SSN}`);
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const HASH = `$argon2id$v=19$m=8192,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
const LINE = `paid by ${CARD} of ${SSN}`;
const EBCDIC_CARD = Buffer.from(CARD.replace(/./g, 'f$&'), 'hex');

const Customer = defineScreen({
  fields: [
    { row: 2, column: 2, text: `CARD ${CARD} SSN ${SSN}`, color: 'white' },
    { row: 4, column: 2, name: 'card', length: 16, cursor: true },
  ],
});

let closing: AsyncDisposableStack;
afterEach(() => closing.disposeAsync());

interface Site {
  readonly installation: Installation;
  readonly receiver: StandardReceiver;
  readonly hostPort: number;
}

/** A server with a webhook, a log file and a worker that writes the numbers, in front of a host that shows them. */
async function siteWith(masking: Content | undefined, more: Content = {}): Promise<Site> {
  closing = new AsyncDisposableStack();
  const receiver = closing.use(await openStandardReceiver({ secret: SECRET }));
  const host = closing.use(
    await serveHost(
      { port: 0 },
      async (terminal) => {
        for (;;) await terminal.show(Customer, { values: { card: CARD } });
      },
      {},
      closing.use(createScope()),
    ),
  );
  const installation = closing.use(await Installation.start({}));
  const lines = join(installation.folder, 'lines');
  await writeFile(lines, `${LINE}\n${JSON.stringify({ msg: LINE, card: Number(CARD) })}\n`);
  await installation.restart({
    log: { level: 'info', file: { path: join(installation.folder, 'server.log') } },
    ...(masking !== undefined && { masking }),
    principals: [{ id: CARD, roles: [], password_hash: HASH }],
    webhooks: [{ id: 'hook', url: receiver.url, secret: SECRET, allow_private: true }],
    workers: [
      {
        id: 'payments',
        command: ['sh', '-c', `while :; do cat ${lines}; sleep 0.3; done`],
        logs: { forward: { pattern: '^paid by 4111' } },
      },
    ],
    ...more,
  });
  return { installation, receiver, hostPort: host.port };
}

/** Every way out, by its name, as a caller gets it. */
async function waysOut(
  { installation, receiver, hostPort }: Site,
  authorization: string,
): Promise<Record<string, string>> {
  const { client, server, events, folder } = installation;
  const ask = (method: string, path: string, more: WireRequest = {}): Promise<WireAnswer> =>
    whileOverloaded(() => call(server.url, method, `/api/v1${path}`, { authorization, ...more }));
  const get = async (path: string): Promise<string> => {
    const { status, text } = await ask('GET', path);
    expect([path, status, text]).toEqual([path, 200, expect.any(String)]);
    return text;
  };
  const { id } = await patiently(() => client.createSession({ host: '127.0.0.1', port: hostPort }));
  const screen = (format: string): Promise<string> => get(`/sessions/${id}/screen?format=${format}`);
  const input = await ask('POST', `/sessions/${id}/input`, {
    body: { actions: [{ type: 'key', key: 'Enter' }], wait: { for: 'text', text: CARD, timeout_ms: 20_000 } },
  });
  expect([input.status, input.json]).toMatchObject([200, { outcome: 'ok' }]);
  const ways: Record<string, string> = {
    input: input.text,
    json: await screen('json'),
    text: await screen('text'),
    html: await screen('html'),
    cells: (await screen('cells')).replace(/f4( f1){15}/g, CARD),
    newer: await get(`/sessions/${id}/screen?after=0`),
    snapshot: digitsIn(await get(`/sessions/${id}/snapshot`)),
  };
  // Who gives a wrong password is logged, and told as an event.
  expect((await ask('GET', '/sessions', { authorization: basic(CARD, 'wrong') })).status).toBe(401);
  const isRefused = ({ type }: { readonly type: string }): boolean => type === 'roundhouse.authentication.failed';
  const isMatched = ({ type }: { readonly type: string }): boolean => type === 'roundhouse.worker.log_matched';
  const told = () => receiver.received.map(({ event }) => event);
  const log = '/workers/payments/logs';
  await installation.until(async () => {
    for (const each of [events, told()]) expect([each.some(isRefused), each.some(isMatched)]).toEqual([true, true]);
    expect((await get(`${log}?format=json`)).split('\n').length).toBeGreaterThan(2);
    expect(await readFile(join(folder, 'server.log'), 'utf8')).toContain('authentication refused');
  });
  expect(receiver.rejected).toEqual([]);
  return {
    ...ways,
    stream: JSON.stringify(events.filter(isRefused)),
    webhook: JSON.stringify(told().filter(isRefused)),
    matchedLine: JSON.stringify(events.filter(isMatched)),
    matchedLineInWebhook: JSON.stringify(told().filter(isMatched)),
    serverLog: await readFile(join(folder, 'server.log'), 'utf8'),
    workerLog: await get(log),
    workerLines: await get(`${log}?format=json`),
    workersLog: await get('/worker-logs?worker=payments'),
    searched: await get(`${log}?pattern=11201%7C4111`),
    followed: await followed(client),
  };
}

/** A busy machine refuses for a moment. */
async function whileOverloaded(send: () => Promise<WireAnswer>): Promise<WireAnswer> {
  for (;;) {
    const answer = await send();
    if (answer.status !== 503) return answer;
    await setTimeout(50);
  }
}

/** The digits of a snapshot, where its cells hold the card. */
function digitsIn(snapshot: string): string {
  const { cells } = JSON.parse(snapshot) as { readonly cells: string };
  const bytes = inflateRawSync(Buffer.from(cells, 'base64'));
  const characters = bytes.filter((_, at) => at % 4 === 0);
  return Buffer.from(characters).includes(EBCDIC_CARD) ? CARD : 'none';
}

/** The first two lines of the log of the worker, as they are followed. */
async function followed(client: Client): Promise<string> {
  const lines: WorkerLogLine[] = [];
  for await (const line of client.workers.followLogs(['payments'])) if (lines.push(line) === 2) break;
  return JSON.stringify(lines);
}

const ALL = { channels: ['screens', 'logs', 'recordings', 'webhooks'] };

describe('a server that masks numbers', () => {
  it('lets them out nowhere', { timeout: 90_000 }, async () => {
    const site = await siteWith(ALL);
    const ways = await waysOut(site, bearer(site.installation.server.token));
    for (const [way, text] of Object.entries(ways)) expect([way, NUMBERS.exec(text)?.[0]]).toEqual([way, undefined]);
    expect(ways['text']).toContain('CARD ************1111 SSN ***-**-****');
    expect(ways['workerLog']).toContain('paid by ************1111 of ***-**-****');
    expect(ways['workerLines']).toContain('"json":{"msg":');
    expect(ways['serverLog']).toContain('"principal":"************1111"');
    // The pattern is about what is shown: nobody finds out by asking.
    expect(ways['searched']).toBe('');
  });

  it('shows screens to a role that is exempt, and nothing else', { timeout: 90_000 }, async () => {
    const site = await siteWith({ ...ALL, exempt_roles: ['admin'] });
    const ways = await waysOut(site, bearer(site.installation.server.token));
    const shown = Object.keys(ways).filter((way) => NUMBERS.test(ways[way] as string));
    expect(shown.toSorted()).toEqual(['cells', 'html', 'input', 'json', 'newer', 'snapshot', 'text']);
  });
});

describe('a server that does not', () => {
  it('has them on every one of these ways', { timeout: 90_000 }, async () => {
    const site = await siteWith(undefined);
    const ways = await waysOut(site, bearer(site.installation.server.token));
    const hidden = Object.keys(ways).filter((way) => !NUMBERS.test(ways[way] as string));
    expect(hidden).toEqual([]);
  });
});
