import { FIELD_ATTRIBUTE } from '@roundhouse/tn3270';
import type { FakeSession } from '@roundhouse/testing';
import { configure, gatewayWorld, type GatewayWorld } from '../hosts.fixture.ts';

const menu = { texts: [{ text: 'MAIN MENU', at: { row: 1, column: 2 } }] };

/** From the logon to the menu. */
export const NAVIGATION = {
  name: 'to the menu',
  steps: [
    {
      expect: { texts: [{ text: 'LOGON' }] },
      actions: [
        { type: 'text', text: 'JOE' },
        { type: 'key', key: 'Enter' },
      ],
      leads_to: menu,
      timeout_ms: 2_000,
    },
  ],
};

/** From wherever its user left it back to the menu. */
export const RECYCLE = {
  name: 'back',
  steps: [
    {
      expect: { size: { rows: 24, columns: 80 } },
      actions: [{ type: 'key', key: 'Clear' }],
      leads_to: menu,
      timeout_ms: 2_000,
    },
  ],
};

/** The menu with one input field at row 2, column 2. */
export function showMenu(session: FakeSession, option = ''): void {
  session.screen.clear();
  session.hostSetsField(1, 1, FIELD_ATTRIBUTE.Protected);
  session.hostWrites(1, 2, 'MAIN MENU');
  session.hostSetsField(2, 1, 0);
  session.hostWrites(2, 2, option);
  session.hostSetsField(2, 30, FIELD_ATTRIBUTE.Protected);
  session.perform({ type: 'cursor', row: 2, column: 2 });
  session.hostUnlocks();
}

/** Hosts that answer Enter at the logon, and Clear everywhere, with their menu; other keys are never answered. */
export function answerWithMenu({ hosts }: GatewayWorld): void {
  hosts.onSession = (_, session) => {
    let isLoggedOn = false;
    session.onAid = (key) => {
      if (key !== 'Clear' && (key !== 'Enter' || isLoggedOn)) return;
      isLoggedOn = true;
      queueMicrotask(() => {
        if (!session.hasEnded) showMenu(session);
      });
    };
  };
}

/** Group `prod` over these hosts, with a pool. */
export function warmWorld(
  names: readonly string[],
  warm: { readonly size: number } & Record<string, unknown>,
  group: Record<string, unknown> = {},
): GatewayWorld {
  const world = gatewayWorld();
  answerWithMenu(world);
  configure(world, names, { navigation: NAVIGATION, warm: { recycle: RECYCLE, ...warm }, ...group });
  return world;
}
