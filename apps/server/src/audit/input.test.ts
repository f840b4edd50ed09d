import { randomBytes } from 'node:crypto';
import { type AuditEntry, matchesDigest } from '@roundhouse/audit';
import { createScope, type Scope } from '@roundhouse/core';
import { openSession } from '@roundhouse/tn3270';
import { defineScreen, type Host, serveHost } from '@roundhouse/tn3270/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log/silentLog.fixture.ts';
import { createServer, type Server } from '../server.ts';
import { bearer, call } from '../wire.fixture.ts';
import { fieldDigest, submittedShown } from './input.ts';

const HOST = '127.0.0.1';
const TOKEN = 'a-token-of-this-test';
const Form = defineScreen({
  fields: [
    { row: 1, column: 2, name: 'title', length: 20, protected: true },
    { row: 3, column: 10, name: 'user', length: 8 },
    { row: 4, column: 10, name: 'password', length: 8, hidden: true },
    { row: 5, column: 10, name: 'other', length: 8 },
    { row: 6, column: 10, name: 'heard', length: 20, protected: true },
  ],
});
const USER = { row: 3, column: 10 };
const PASSWORD = { row: 4, column: 10 };

let scope: Scope;
let host: Host;
let server: Server;
let url = '';
let door = 0;
let entries: AuditEntry[];

beforeEach(async () => {
  scope = createScope();
  entries = [];
  host = await serveHost(
    { host: HOST, port: 0 },
    async (terminal) => {
      for (let heard = ''; ; ) {
        const { values } = await terminal.show(Form, { values: { title: 'LOG ON', heard } });
        heard = `hello ${values.user}`;
      }
    },
    {},
    scope,
  );
  const trail = {
    append: async (entry: AuditEntry) => {
      entries.push(entry);
      return { id: '0', durable: true };
    },
    record: (entry: AuditEntry) => void entries.push(entry),
    status: () => ({}),
  };
  server = await createServer(
    { port: 0, token: TOKEN, version: '1.2.3', frontDoor: { port: 0, group: 'bank' } },
    { openSession, log: silentLog(), audit: trail as never },
  );
  server.gateway.directory.setGroup({ id: 'bank' });
  server.gateway.directory.setEndpoint({
    id: 'one',
    host: HOST,
    port: host.port,
    group: 'bank',
    probe: { kind: 'none' },
  });
  const started = await server.start();
  [url, door] = [started.url, started.frontPort ?? 0];
});
afterEach(async () => {
  await server.stop();
  await host[Symbol.asyncDispose]();
  scope.end();
});

const inputs = (): readonly AuditEntry[] => entries.filter(({ code }) => code === 'RHA-1003');
const heard = { for: 'text', text: 'hello ada', row: 6, column: 10 } as const;
/** What is on record of a screen on which two fields were filled in. */
const SUBMITTED = {
  aid: 'Enter',
  fields: [
    { ...USER, length: 3 },
    { ...PASSWORD, hidden: true },
    // The host has marked it as changed.
    { row: 5, column: 10, length: 0 },
  ],
};

describe('the audit of what is sent to hosts', () => {
  it('has one record of each screen that a terminal sends, and nothing of what is hidden', async () => {
    const terminal = await openSession({ host: HOST, port: door }, scope);
    await terminal.waitFor({ for: 'text', text: 'LOG ON', row: 1, column: 2 }, scope);
    expect(inputs()).toEqual([]);
    terminal.perform({ type: 'field', ...USER, value: 'ada' });
    terminal.perform({ type: 'field', ...PASSWORD, value: 'hunter2' });
    terminal.perform({ type: 'key', key: 'Enter' });
    await terminal.waitFor(heard, scope);
    expect(inputs()).toHaveLength(1);
    const [session] = server.gateway.sessions.list(1, 0, () => true).items;
    expect(inputs()[0]).toMatchObject({
      phase: 'fact',
      outcome: 'success',
      actor: { type: 'terminal', id: HOST, authentication: 'none' },
      source: { address: HOST },
      session_id: session?.id,
      host: HOST,
      details: { door: 'front_door', submitted: [SUBMITTED] },
    });
    terminal.perform({ type: 'key', key: 'Clear' });
    await expect.poll(() => inputs().length).toBe(2);
    expect(inputs()[1]?.details).toMatchObject({ submitted: [{ aid: 'Clear', fields: [] }] });
    expect(JSON.stringify(entries)).not.toMatch(/hunter2|"ada"/);
    await terminal.close();
  });

  it('says the same of what is sent over the API', async () => {
    const headers = { authorization: bearer(TOKEN) };
    const { json } = await call(url, 'POST', '/api/v1/sessions', { ...headers, body: { host: HOST, port: host.port } });
    const actions = [
      { type: 'field', ...USER, value: 'ada' },
      { type: 'field', ...PASSWORD, value: 'hunter2' },
      { type: 'key', key: 'Enter' },
    ];
    const body = { actions, wait: heard };
    const { status } = await call(url, 'POST', `/api/v1/sessions/${String(json?.['id'])}/input`, { ...headers, body });
    expect(status).toBe(200);
    const [received, completed] = inputs();
    expect(received?.details).not.toHaveProperty('submitted');
    expect(completed?.details).toMatchObject({ submitted: [SUBMITTED] });
    expect(JSON.stringify(entries)).not.toContain('hunter2');
  });

  it('makes digests where they are wanted, of what is shown alone', () => {
    const digest = fieldDigest(true, randomBytes);
    const made = digest?.('ada') ?? '';
    expect(matchesDigest(made as `sha256:${string}`, 'ada')).toBe(true);
    expect(matchesDigest(made as `sha256:${string}`, 'eve')).toBe(false);
    expect(fieldDigest(false, randomBytes)).toBeUndefined();
    const shown = submittedShown({ aid: 'PF3', fields: [{ ...USER, length: 3, digest: made }, PASSWORD], omitted: 2 });
    expect(shown).toEqual({
      aid: 'PF3',
      fields: [
        { ...USER, length: 3, digest: made },
        { ...PASSWORD, hidden: true },
      ],
      omitted: 2,
    });
  });
});
