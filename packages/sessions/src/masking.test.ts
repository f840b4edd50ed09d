import { afterEach, describe, expect, it } from 'vitest';
import { configure, gatewayWorld, type GatewayWorld, IN_GROUP } from './hosts.fixture.ts';
import type { NumberMasking } from './gateway.ts';
import type { SessionEntry } from './session/entry.ts';
import { parseSnapshot } from './snapshot/serialize.ts';
import { restoreScreen } from './snapshot/snapshot.ts';

const CARD = '4111111111111111';
const UNMASKED = { isUnmasked: true } as const;

let world: GatewayWorld;

afterEach(async () => {
  await world.gateway.close();
  world.scope.end();
  expect(world.clock.pendingTimers).toBe(0);
});

async function sessionWith(masking: NumberMasking | undefined): Promise<SessionEntry> {
  world = gatewayWorld({}, masking);
  configure(world, ['lpar1']);
  world.hosts.onSession = (_host, session) => {
    session.hostWrites(5, 2, CARD);
    session.onAid = () => {
      session.hostWrites(6, 2, `AGAIN ${CARD}`);
      session.hostUnlocks();
    };
  };
  return await world.gateway.create(IN_GROUP, world.scope);
}

/** Whether the digits of a number stand in the cells of a snapshot. */
function isInSnapshot(text: string): boolean {
  const { cells } = restoreScreen(parseSnapshot(text));
  return Buffer.from(cells.map((cell) => cell & 0xff)).includes(Buffer.from(CARD.replace(/./g, 'f$&'), 'hex'));
}

describe('a session whose numbers are masked', () => {
  it('shows them nowhere: views, answers to input, waits for a newer screen, snapshots', async () => {
    const entry = await sessionWith({ screens: true, snapshots: false });
    for (const format of ['json', 'text', 'html'] as const) expect(entry.screen(format).body).not.toContain(CARD);
    const { version } = entry.screen('json');
    const newer = entry.newerScreen(version, { timeout_ms: 1_000 }, world.scope);
    const answer = await entry.input({ actions: [{ type: 'key', key: 'Enter' }] }, world.scope);
    for (const body of [answer, (await newer).body]) {
      expect(body).toContain('AGAIN ************1111');
      expect(body).not.toContain(CARD);
    }
    expect(isInSnapshot(world.gateway.snapshot(entry.id))).toBe(false);
  });

  it('is matched by what its host has written', async () => {
    const entry = await sessionWith({ screens: true, snapshots: true });
    const wait = { for: 'text', text: `AGAIN ${CARD}`, timeout_ms: 1_000 } as const;
    await expect(entry.input({ actions: [{ type: 'key', key: 'Enter' }], wait }, world.scope)).resolves.toContain(
      '"outcome":"ok"',
    );
  });

  it('shows them to those who may see them, and to nobody else after that', async () => {
    const entry = await sessionWith({ screens: true, snapshots: true });
    for (const format of ['json', 'text', 'html'] as const) {
      expect(entry.screen(format, UNMASKED).body).toContain(CARD);
      expect(entry.screen(format).body).not.toContain(CARD);
    }
    const answer = await entry.input({ actions: [] }, world.scope, undefined, UNMASKED);
    expect([answer.includes(CARD), entry.screen('json').body.includes(CARD)]).toEqual([true, false]);
    expect(isInSnapshot(world.gateway.snapshot(entry.id, UNMASKED))).toBe(true);
  });

  it('gives the same text again until the screen changes', async () => {
    const entry = await sessionWith({ screens: true, snapshots: false });
    expect(entry.screen('json').body).toBe(entry.screen('json').body);
  });
});

describe('a session', () => {
  it('shows what its host has written unless that is asked for', async () => {
    const entry = await sessionWith(undefined);
    expect(entry.screen('json').body).toContain(CARD);
    expect(isInSnapshot(world.gateway.snapshot(entry.id))).toBe(true);
  });

  it('can have them masked in snapshots alone', async () => {
    const entry = await sessionWith({ screens: false, snapshots: true });
    expect(entry.screen('json').body).toContain(CARD);
    expect(isInSnapshot(world.gateway.snapshot(entry.id))).toBe(false);
  });
});
