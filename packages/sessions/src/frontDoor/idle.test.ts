import { randomBytes } from 'node:crypto';
import { createScope, type Scope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { type LiveSession, openSession, type SessionOptions } from '@roundhouse/tn3270';
import { defineScreen, type Host, type HostTerminal, serveHost } from '@roundhouse/tn3270/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventRecorder } from '../event/recorder.fixture.ts';
import { Gateway } from '../gateway.ts';
import { type FrontDoorOptions, openFrontDoor } from './frontDoor.ts';

const HOST = '127.0.0.1';
const MODEL = '3279-2-E';
const IDLE_MS = 30_000;
const Form = defineScreen({
  fields: [
    { row: 1, column: 2, name: 'title', length: 20, protected: true },
    { row: 3, column: 10, name: 'name', length: 8 },
    { row: 5, column: 10, name: 'heard', length: 20, protected: true },
  ],
});
const logon = { for: 'text', text: 'LOG ON', row: 1, column: 2 } as const;
const loggedOff = { for: 'text', text: 'You have been logged off.' } as const;
const heard = (text: string) => ({ for: 'text', text, row: 5, column: 10 }) as const;

let clock: FakeClock;
/** Of the server; the terminals of a test keep the system's clock. */
let scope: Scope;
let people: Scope;
let events: EventRecorder;
let gateway: Gateway;
let opened: AsyncDisposableStack;
/** Terminals as the host has them. */
let atHost: HostTerminal[];

beforeEach(async () => {
  clock = new FakeClock();
  scope = createScope({ clock });
  people = createScope();
  events = new EventRecorder(clock);
  opened = new AsyncDisposableStack();
  atHost = [];
  gateway = new Gateway({}, { openSession, events, clock, log: silentLogger, scope, randomBytes, random: Math.random });
  opened.defer(() => gateway.close());
  const host = opened.use(
    await serveHost(
      { host: HOST, port: 0 },
      async (terminal) => {
        atHost.push(terminal);
        for (let said = ''; ; ) {
          said = (await terminal.show(Form, { values: { title: 'LOG ON', heard: said } })).values.name;
        }
      },
      {},
      people,
    ),
  );
  for (const group of ['bank', 'stock']) {
    gateway.directory.setGroup({ id: group });
    gateway.directory.setEndpoint({ id: group, host: HOST, port: host.port, group, probe: { kind: 'none' } });
  }
});
afterEach(async () => {
  await opened.disposeAsync();
  people.end();
  scope.end();
  expect(clock.pendingTimers).toBe(0);
});

async function open(options: Partial<FrontDoorOptions> = { group: 'bank', idleTimeoutMs: IDLE_MS }): Promise<Host> {
  return opened.use(
    await openFrontDoor({ host: HOST, port: 0, ...options }, { gateway, clock, log: silentLogger }, scope),
  );
}

async function connect({ port }: Host, options: Partial<SessionOptions> = {}): Promise<LiveSession> {
  return opened.use(await openSession({ host: HOST, port, model: MODEL, ...options }, people));
}

const closed = (session: LiveSession): Promise<void> => new Promise((resolve) => session.on('closed', () => resolve()));
const logOffs = () => events.all.filter(({ type }) => type === 'roundhouse.terminal.logged_off');

function send(terminal: LiveSession, text: string): Promise<void> {
  terminal.perform({ type: 'field', row: 3, column: 10, value: text });
  terminal.perform({ type: 'key', key: 'Enter' });
  return terminal.waitFor(heard(text), people);
}

describe('a terminal that nobody uses', () => {
  it('is told, disconnected, and its session ended', async () => {
    const terminal = await connect(await open());
    await terminal.waitFor(logon, people);
    const [entry] = [...gateway.sessions.live()];
    const [end, told] = [closed(terminal), terminal.waitFor(loggedOff, people)];
    await clock.advance(IDLE_MS - 1);
    expect(logOffs()).toEqual([]);
    await clock.advance(1);
    await Promise.all([told, end]);
    expect(logOffs()).toMatchObject([
      { data: { address: HOST, session_id: entry?.id, idle_ms: IDLE_MS, code: 'TERMINAL_IDLE' } },
    ]);
    await expect.poll(() => gateway.sessions.size).toBe(0);
    await expect.poll(() => atHost[0]?.scope.signal.aborted).toBe(true);
  });

  it('is kept by each key that sends, and not by what its host sends', async () => {
    const terminal = await connect(await open());
    await terminal.waitFor(logon, people);
    for (const name of ['ADA', 'BOB', 'EVE']) {
      await clock.advance(IDLE_MS * 0.6);
      await send(terminal, name);
    }
    expect(logOffs()).toEqual([]);
    const end = closed(terminal);
    await clock.advance(IDLE_MS * 0.6);
    atHost[0]?.paint(Form, { values: { title: 'NEWS' } });
    await terminal.waitFor({ for: 'text', text: 'NEWS', row: 1, column: 2 }, people);
    await clock.advance(IDLE_MS * 0.4);
    await end;
    expect(logOffs()).toHaveLength(1);
  });

  it('is not logged off when it has left', async () => {
    const terminal = await connect(await open());
    await terminal.waitFor(logon, people);
    await terminal.close();
    await expect.poll(() => gateway.sessions.size).toBe(0);
    await clock.advance(IDLE_MS);
    expect(logOffs()).toEqual([]);
  });

  it('is logged off while it shows the menu', async () => {
    const terminal = await connect(await open({ idleTimeoutMs: IDLE_MS }));
    await terminal.waitFor({ for: 'text', text: 'Choose where to go' }, people);
    const end = closed(terminal);
    await clock.advance(IDLE_MS);
    await end;
    expect(logOffs()).toMatchObject([{ data: { session_id: null } }]);
    expect(gateway.sessions.size).toBe(0);
  });

  it('leaves behind the session that it has taken over with a ticket', async () => {
    const entry = await gateway.create({ group: 'bank', model: MODEL }, scope);
    const terminal = await connect(await open(), { lu: [gateway.issueTicket(entry.id).lu] });
    await terminal.waitFor(logon, people);
    const end = closed(terminal);
    await clock.advance(IDLE_MS);
    await end;
    expect(logOffs()).toMatchObject([{ data: { session_id: entry.id } }]);
    await expect
      .poll(() => entry.input({ actions: [{ type: 'text', text: 'X' }] }, people))
      .toContain('"outcome":"ok"');
  });

  it('stays where the door says nothing of a time', async () => {
    const [bounded, free] = [await connect(await open()), await connect(await open({ group: 'bank' }))];
    await Promise.all([bounded.waitFor(logon, people), free.waitFor(logon, people)]);
    const end = closed(bounded);
    await clock.advance(IDLE_MS);
    await end;
    await send(free, 'STILL');
    expect(logOffs()).toHaveLength(1);
  });
});
