import { createScope, type Scope } from '@roundhouse/core';
import {
  codePage,
  DATA_TYPE,
  dumpScreen,
  type InputAction,
  type LiveSession,
  openSession,
  parseModel,
  type SessionOptions,
} from '@roundhouse/tn3270';
import {
  defineScreen,
  type HostApplication,
  type HostOptions,
  type RawTerminal,
  type RawTerminalHandler,
  serveHost,
  serveRawHost,
} from '@roundhouse/tn3270/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bridge, type BridgeEnd, bridge } from './bridge.ts';
import { showNotice } from './notice.ts';

const HOST = '127.0.0.1';
const MODEL = '3279-2-E';

const Form = defineScreen({
  fields: [
    { row: 1, column: 2, name: 'title', length: 20, protected: true, color: 'red' },
    { row: 3, column: 10, name: 'name', length: 8 },
    { row: 4, column: 10, name: 'city', length: 8, highlight: 'underscore' },
    { row: 5, column: 10, name: 'heard', length: 20, protected: true },
  ],
});
const FIRST_FIELD = { row: 3, column: 10 };

let scope: Scope;
/** What a test opened, closed in reverse: terminals, doors, sessions, hosts. */
let opened: AsyncDisposableStack;
beforeEach(() => {
  scope = createScope();
  opened = new AsyncDisposableStack();
});
afterEach(async () => {
  await opened.disposeAsync();
  scope.end();
});

/** Shows the form with what was typed, until PF3. */
function echo(title = 'HOST'): HostApplication {
  return async (terminal) => {
    let heard = '';
    for (;;) {
      const { aid, values } = await terminal.show(Form, { values: { title, heard } });
      if (aid === 'PF3') return;
      heard = values.name;
    }
  };
}

async function serve(application: HostApplication, options: Partial<HostOptions> = {}): Promise<number> {
  const host = await serveHost({ host: HOST, port: 0, ...options }, application, {}, scope);
  return opened.use(host).port;
}

async function connect(port: number, options: Partial<SessionOptions> = {}): Promise<LiveSession> {
  return opened.use(await openSession({ host: HOST, port, model: MODEL, ...options }, scope));
}

/** A session with the first screen. */
async function open(port: number, options: Partial<SessionOptions> = {}): Promise<LiveSession> {
  const session = await connect(port, options);
  await session.waitFor({ for: 'unlocked' }, scope);
  return session;
}

interface Door {
  readonly port: number;
  /** The bridge of the last terminal that came. */
  readonly bridge: Bridge;
  /** How the bridges ended, in order. */
  readonly ends: readonly BridgeEnd[];
}

/** A front door to one session. */
async function doorTo(session: LiveSession, options: Partial<HostOptions> = {}): Promise<Door> {
  const ends: BridgeEnd[] = [];
  let current: Bridge | undefined;
  const door = await serveRawHost(
    { host: HOST, port: 0, ...options },
    async (terminal) => {
      current = bridge(terminal, session, scope);
      ends.push(await current.ended);
    },
    {},
    scope,
  );
  opened.use(door);
  return {
    port: door.port,
    ends,
    get bridge() {
      if (current === undefined) throw new Error('no terminal has come');
      return current;
    },
  };
}

const heard = (text: string) => ({ for: 'text', text, row: 5, column: 10 }) as const;
const title = (text: string) => ({ for: 'text', text, row: 1, column: 2 }) as const;
const enter: InputAction = { type: 'key', key: 'Enter' };

function fill(session: LiveSession, value: string): void {
  session.perform({ type: 'field', ...FIRST_FIELD, value });
}

const closed = (session: LiveSession): Promise<void> => new Promise((resolve) => session.on('closed', () => resolve()));

/** Until the session is free of its terminal. */
async function left(door: Door, count: number): Promise<void> {
  while (door.ends.length < count) await scope.sleep(1);
}

describe('a terminal on a session', () => {
  const e = { tn3270e: true };
  const classic = { tn3270e: false };
  it.each([
    { terminal: e, host: e },
    { terminal: e, host: classic },
    { terminal: classic, host: e },
    { terminal: classic, host: classic },
  ] as const)('works as one that is connected directly: %o', async (options) => {
    const { terminal: terminalOptions, host: hostOptions } = options;
    const port = await serve(echo(), hostOptions);
    const session = await open(port);
    const door = await doorTo(session);
    const terminal = await open(door.port, { compat: terminalOptions });
    const direct = await open(port);
    expect(dumpScreen(terminal.screen)).toEqual(dumpScreen(direct.screen));
    expect(terminal.screen.cursor).toBe(direct.screen.cursor);
    for (const each of [terminal, direct]) {
      fill(each, 'ADA');
      each.perform(enter);
      await each.waitFor(heard('ADA'), scope);
      await each.waitFor({ for: 'unlocked' }, scope);
    }
    expect(dumpScreen(terminal.screen)).toEqual(dumpScreen(direct.screen));
    expect(dumpScreen(session.screen)).toEqual(dumpScreen(direct.screen));
    expect(session.statistics.lastResponseMs).not.toBeNull();
    expect(session.keyboardLocked).toBe(false);
  });

  it('answers the queries and reads of the host itself', async () => {
    const facts: unknown[] = [];
    const port = await serve(async (terminal) => {
      await terminal.show(Form);
      const shown = terminal.show(Form);
      await shown;
      facts.push((await terminal.query()).cgcsgid, (await terminal.read()).values);
      await terminal.show(Form, { values: { heard: 'ASKED' } });
    });
    const session = await open(port, { codePage: '037' });
    const door = await doorTo(session);
    const terminal = await open(door.port, { codePage: '273' });
    terminal.perform(enter);
    await terminal.waitFor({ for: 'unlocked' }, scope);
    fill(terminal, 'BOB');
    terminal.perform(enter);
    await terminal.waitFor(heard('ASKED'), scope);
    expect(facts).toEqual([codePage('273').cgcsgid, { name: 'BOB', city: '' }]);
  });

  it('leaves the session behind, and the next one sees the same', async () => {
    const session = await open(await serve(echo()));
    const door = await doorTo(session);
    const first = await open(door.port);
    fill(first, 'EVE');
    first.perform(enter);
    await first.waitFor(heard('EVE'), scope);
    first.perform({ type: 'cursor', row: 4, column: 12 });
    first.perform({ type: 'key', key: 'PF5' });
    await first.waitFor({ for: 'unlocked' }, scope);
    const seen = dumpScreen(first.screen);
    const { cursor } = first.screen;
    await first.close();
    await left(door, 1);
    expect(door.ends[0]).toMatchObject({ by: 'terminal', error: { code: 'TERMINAL_CLOSED' } });
    expect(session.attached).toBe(false);
    const second = await open(door.port);
    expect(dumpScreen(second.screen)).toEqual(seen);
    expect(second.screen.cursor).toBe(cursor);
    await second.close();
    await left(door, 2);
    fill(session, 'API');
    session.perform(enter);
    await session.waitFor(heard('API'), scope);
  });

  it('sees that the session has ended, and can be given a notice', async () => {
    const session = await open(await serve(echo()));
    const door = await serveRawHost(
      { host: HOST, port: 0 },
      async (terminal) => {
        const { by, error } = await bridge(terminal, session, scope).ended;
        showNotice(terminal, ['The host has gone.', `${by}: ${error?.code}`]);
        await new Promise<void>((resolve) => terminal.scope.onEnd(() => resolve()));
      },
      {},
      scope,
    );
    opened.use(door);
    const terminal = await open(door.port);
    terminal.perform({ type: 'key', key: 'PF3' });
    await terminal.waitFor({ for: 'text', text: 'The host has gone.', row: 2, column: 2 }, scope);
    await terminal.waitFor({ for: 'text', text: 'session: HOST_CLOSED' }, scope);
    expect(terminal.keyboardLocked).toBe(true);
  });

  it('comes while the host has the word: its keys wait for the host', async () => {
    const answer = Promise.withResolvers<void>();
    const keys: string[] = [];
    const port = await serve(async (terminal) => {
      keys.push((await terminal.show(Form)).aid);
      await answer.promise;
      keys.push((await terminal.show(Form, { values: { heard: 'NOW' } })).aid);
    });
    const session = await open(port);
    session.perform(enter);
    const door = await doorTo(session);
    // Without contention resolution nothing tells a terminal that it is to wait.
    const terminal = await connect(door.port, { compat: { contentionResolution: false } });
    await terminal.waitFor({ for: 'unlocked' }, scope);
    terminal.perform({ type: 'key', key: 'PF7' });
    answer.resolve();
    await terminal.waitFor(heard('NOW'), scope);
    await terminal.waitFor({ for: 'unlocked' }, scope);
    terminal.perform({ type: 'key', key: 'PF8' });
    await closed(terminal);
    expect(keys).toEqual(['Enter', 'PF8']);
  });

  it('reaches the SSCP with SysReq, and finds back', async () => {
    const session = await open(await serve(echo()));
    const door = await doorTo(session);
    const terminal = await open(door.port);
    terminal.perform({ type: 'key', key: 'SysReq' });
    await terminal.waitFor({ for: 'text', text: 'SSCP:' }, scope);
    expect(terminal.connectionState).toBe('connected-sscp');
    terminal.perform({ type: 'text', text: 'HELP' });
    terminal.perform(enter);
    await terminal.waitFor({ for: 'text', text: 'COMMAND UNRECOGNIZED' }, scope);
    expect(dumpScreen(session.screen)).toEqual(dumpScreen(terminal.screen));
    expect(session.screen.cursor).toBe(terminal.screen.cursor);
    await terminal.close();
    await left(door, 1);
    const second = await connect(door.port);
    await second.waitFor({ for: 'text', text: 'COMMAND UNRECOGNIZED' }, scope);
    expect(second.screen.cursor).toBe(session.screen.cursor);
    second.perform({ type: 'key', key: 'SysReq' });
    await second.waitFor(title('HOST'), scope);
  });

  it('must have the size of the session', async () => {
    const session = await open(await serve(echo()), { model: '3279-4-E' });
    const door = await doorTo(session);
    const small = await connect(door.port);
    await closed(small);
    expect(session.attached).toBe(false);
    // A larger one is told the size by the BIND.
    const large = await connect(door.port, { model: '3279-4-E' });
    await large.waitFor(title('HOST'), scope);
    expect(large.screen.rows).toBe(43);
  });
});

describe('another session under a terminal', () => {
  it('is shown at once, or after a message that is read', async () => {
    const [one, two, three] = (await Promise.all(
      ['ONE', 'TWO', 'THREE'].map(async (name) => open(await serve(echo(name)))),
    )) as [LiveSession, LiveSession, LiveSession];
    const door = await doorTo(one);
    const terminal = await open(door.port);
    door.bridge.switchTo(two);
    await terminal.waitFor(title('TWO'), scope);
    expect(one.attached).toBe(false);
    fill(terminal, 'X');
    terminal.perform(enter);
    await terminal.waitFor(heard('X'), scope);
    door.bridge.switchTo(three, ['You were moved to another host.']);
    await terminal.waitFor({ for: 'text', text: 'You were moved to another host.' }, scope);
    await terminal.waitFor({ for: 'unlocked' }, scope);
    expect([two.attached, three.attached]).toEqual([false, false]);
    terminal.perform(enter);
    await terminal.waitFor(title('THREE'), scope);
    expect(door.bridge.session).toBe(three);
    expect(three.attached).toBe(true);
    door.bridge.detach();
    door.bridge.detach();
    await left(door, 1);
    expect(door.ends).toEqual([{ by: 'owner' }]);
    expect(three.attached).toBe(false);
  });

  it('that is attached elsewhere is refused, and the terminal stays where it is', async () => {
    const port = await serve(echo());
    const [one, two] = [await open(port), await open(port)];
    const door = await doorTo(one);
    const elsewhere = await doorTo(two);
    await open(elsewhere.port);
    const terminal = await open(door.port);
    expect(() => door.bridge.switchTo(two)).toThrow(expect.objectContaining({ code: 'SESSION_ATTACHED' }));
    fill(terminal, 'STILL');
    terminal.perform(enter);
    await terminal.waitFor(heard('STILL'), scope);
  });
});

/** A terminal in the hand of the test: it takes no more than it is told to. */
class HandTerminal implements RawTerminal {
  readonly peer = 'hand';
  readonly local = 'here:23';
  readonly tls = null;
  readonly lu = 'LU';
  readonly requestedLu = null;
  readonly deviceType = 'IBM-3279-2-E';
  readonly model = parseModel(MODEL);
  readonly protocol = 'tn3270';
  readonly size = this.model.alternateSize;
  readonly takesBinds = false;
  readonly lastUseAt = 0;
  readonly scope = createScope();
  /** Until it is full it takes everything. */
  capacityBytes = Infinity;
  #sentBytes = 0;
  handler: RawTerminalHandler | undefined;

  handle(handler: RawTerminalHandler): void {
    this.handler = handler;
  }

  bind(): void {}

  unbind(): void {}

  send(dataType: number, _requestFlag: number, body: Uint8Array): boolean {
    this.#sentBytes += body.length;
    return dataType === DATA_TYPE.DATA_3270.code;
  }

  flush(): boolean {
    return this.#sentBytes < this.capacityBytes;
  }

  pause(): void {}

  resume(): void {}

  async close(): Promise<void> {}
}

describe('a terminal that does not keep up', () => {
  it('stops the reading from the host until it does', async () => {
    const flood = 4_000;
    const port = await serve(async (terminal) => {
      await terminal.show(Form);
      for (let at = 0; at < flood; at++) terminal.paint(Form, { values: { heard: 'X'.repeat(20) } });
      await terminal.show(Form, { values: { heard: 'END' } });
    });
    const session = await open(port);
    const terminal = new HandTerminal();
    bridge(terminal, session, scope);
    terminal.capacityBytes = 10_000;
    terminal.handler?.record(DATA_TYPE.DATA_3270.code, Uint8Array.of(0x7d, 0x40, 0x40));
    const other = await open(port);
    other.perform(enter);
    await other.waitFor(heard('END'), scope);
    const held = session.statistics.recordsReceived;
    expect(held).toBeGreaterThan(10);
    expect(held).toBeLessThan(flood / 2);
    terminal.capacityBytes = Infinity;
    terminal.handler?.drained();
    await session.waitFor(heard('END'), scope);
    terminal.scope.end();
    expect(session.attached).toBe(false);
  });
});
