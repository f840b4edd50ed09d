import { createScope, type Scope } from '@roundhouse/core';
import { herculesAvailable, openS3270, type S3270, s3270Available, startHercules } from '@roundhouse/testing';
import { dumpScreen, type LiveSession, openSession } from '@roundhouse/tn3270';
import { defineScreen, type Host, serveHost, serveRawHost } from '@roundhouse/tn3270/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BridgeEnd, bridge } from './bridge.ts';

const HOST = '127.0.0.1';
const MODEL = '3279-2';

const Form = defineScreen({
  fields: [
    { row: 1, column: 2, text: 'FORM', color: 'red', highlight: 'reverse' },
    { row: 3, column: 2, text: 'NAME' },
    { row: 3, column: 10, name: 'name', length: 8, highlight: 'underscore' },
    { row: 5, column: 10, name: 'secret', length: 8, hidden: true },
    { row: 7, column: 10, name: 'heard', length: 40, protected: true, color: 'turquoise' },
  ],
});

let scope: Scope;
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.end());

/** `N:` before the address turns TN3270E off. */
const emulator = (port: number, prefix = ''): Promise<S3270> =>
  openS3270({ args: ['-model', MODEL, `${prefix}${HOST}:${port}`], scope });

/** Echoes what is typed; PF5 asks the terminal what it is, and reads it without a key. */
function serveForm(): Promise<Host> {
  return serveHost(
    { host: HOST, port: 0 },
    async (terminal) => {
      let heard = '';
      for (;;) {
        const { aid, values } = await terminal.show(Form, { values: { heard } });
        heard = values.name;
        if (aid !== 'PF5') continue;
        const { replies } = await terminal.query();
        heard = `${replies.length} ${(await terminal.read()).aid}`;
      }
    },
    {},
    scope,
  );
}

interface Door {
  readonly host: Host;
  readonly ends: readonly BridgeEnd[];
}

async function doorTo(session: LiveSession): Promise<Door> {
  const ends: BridgeEnd[] = [];
  const host = await serveRawHost(
    { host: HOST, port: 0 },
    async (terminal) => {
      ends.push(await bridge(terminal, session, scope).ended);
    },
    {},
    scope,
  );
  return { host, ends };
}

describe.skipIf(!s3270Available())('s3270 on a session', () => {
  it.each([
    ['connected-tn3270e', ''],
    ['connected-3270', 'N:'],
  ])('is as one that is connected directly, %s', async (state, prefix) => {
    const host = await serveForm();
    const session = await openSession({ host: HOST, port: host.port, model: '3279-2-E' }, scope);
    await session.waitFor({ for: 'unlocked' }, scope);
    const door = await doorTo(session);
    await using bridged = await emulator(door.host.port, prefix);
    await using direct = await emulator(host.port, prefix);
    const both = [bridged, direct];
    const run = (action: string) => Promise.all(both.map((each) => each.run(action)));
    const same = async (): Promise<void> => {
      const buffer = await direct.readBufferEbcdic();
      expect(await bridged.readBufferEbcdic()).toEqual(buffer);
      expect(bridged.status).toEqual(direct.status);
      expect(dumpScreen(session.screen)).toEqual(buffer);
    };
    await run('Wait(InputField)');
    expect(await bridged.run('Query(ConnectionState)')).toEqual([state]);
    await same();
    await run('String("ADA")');
    await run('Enter()');
    await run('Wait(Unlock)');
    await same();
    expect((await bridged.run('Ascii(6,9,3)')).join('')).toBe('ADA');
    await run('PF(5)');
    await run('Wait(Unlock)');
    await same();
    expect((await bridged.run('Ascii(6,9,12)')).join('')).toMatch(/^\d+ PF5/);
  });

  it('leaves it to the next one, cursor and all', async () => {
    const host = await serveForm();
    const session = await openSession({ host: HOST, port: host.port, model: '3279-2-E' }, scope);
    await session.waitFor({ for: 'unlocked' }, scope);
    const door = await doorTo(session);
    const first = await emulator(door.host.port);
    await first.run('Wait(InputField)');
    await first.run('String("LEAVING")');
    await first.run('MoveCursor(8,30)');
    await first.run('PF(9)');
    await first.run('Wait(Unlock)');
    const seen = await first.readBufferEbcdic();
    const { status } = first;
    await first.close();
    while (door.ends.length === 0) await scope.sleep(5);
    expect(session.connectionState).toBe('connected-tn3270e');
    await using second = await emulator(door.host.port);
    await second.run('Wait(InputField)');
    expect(await second.readBufferEbcdic()).toEqual(seen);
    expect(second.status).toEqual(status);
  });
});

describe.skipIf(!s3270Available() || !herculesAvailable())('s3270 on a session with Hercules', () => {
  it('shows what the session shows', { timeout: 60_000 }, async () => {
    await using hercules = await startHercules({ devices: 1 });
    const { host, port } = hercules;
    const session = await openSession({ host, port, model: '3279-2-E' }, scope);
    await session.waitFor({ for: 'text', text: 'Hercules' }, scope.child({ timeoutMs: 10_000 }));
    const door = await doorTo(session);
    await using bridged = await emulator(door.host.port);
    await bridged.run('Wait(5,Unlock)');
    expect(await bridged.readBufferEbcdic()).toEqual(dumpScreen(session.screen));
  });
});
