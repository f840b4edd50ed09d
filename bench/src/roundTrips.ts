import { createScope } from '@roundhouse/core';
import { type LiveSession, openSession } from '@roundhouse/tn3270';

/**
 * Our client on two ways to a demo host, as a process: `roundTrips.ts DIRECT_PORT FRONT_PORT TRIPS`. Logs on by both,
 * presses Enter on the menu by turns, and prints `{"direct":[…],"frontDoor":[…]}`: ms from each key to the screen that
 * unlocks the keyboard.
 */
const [directPort, frontPort, trips] = process.argv.slice(2).map(Number) as [number, number, number];
const TIMEOUT_MS = 120_000;
/** Trips by each way before those that count. */
const WARM_UP_TRIPS = 300;

const scope = createScope({ what: 'The round trips', timeoutMs: TIMEOUT_MS });

async function atMenu(port: number): Promise<LiveSession> {
  const session = await openSession({ host: '127.0.0.1', port, model: '3279-2-E' }, scope);
  await session.waitFor({ for: 'text', text: 'USER ID' }, scope);
  await session.waitFor({ for: 'unlocked' }, scope);
  session.perform({ type: 'text', text: 'BENCH' });
  session.perform({ type: 'key', key: 'Tab' });
  session.perform({ type: 'text', text: 'DEMO' });
  session.perform({ type: 'key', key: 'Enter' });
  await session.waitFor({ for: 'text', text: 'MAIN MENU' }, scope);
  await session.waitFor({ for: 'unlocked' }, scope);
  return session;
}

async function tripOf(session: LiveSession): Promise<number> {
  const pressed = performance.now();
  session.perform({ type: 'key', key: 'Enter' });
  if (!session.keyboardLocked) throw new Error('The keyboard is not locked behind Enter');
  await session.waitFor({ for: 'unlocked' }, scope);
  return performance.now() - pressed;
}

await using direct = await atMenu(directPort);
await using frontDoor = await atMenu(frontPort);
const times: { direct: number[]; frontDoor: number[] } = { direct: [], frontDoor: [] };
for (let trip = 0; trip < WARM_UP_TRIPS + trips; trip++) {
  const pair = { direct: await tripOf(direct), frontDoor: await tripOf(frontDoor) };
  if (trip < WARM_UP_TRIPS) continue;
  times.direct.push(pair.direct);
  times.frontDoor.push(pair.frontDoor);
}
process.stdout.write(`${JSON.stringify(times)}\n`);
