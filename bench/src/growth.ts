import { createScope, type Scope } from '@roundhouse/core';
import { type Key, openSession, type Session } from '@roundhouse/tn3270';
import { type Figure, figure } from './figure.ts';
import { memoryAfterCollection } from './heap.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';

const STEP_TIMEOUT_MS = 30_000;
/** The share of the work after which everything that is made once has been made. */
const WARM_UP_SHARE = 0.1;

/** Whether memory grows with screens, or with sessions that come and go. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const screens = quick ? 1_000 : 10_000;
  const rounds = quick ? 100 : 1_000;
  await using host = await startScript(scriptPath('demoHostProcess'));
  const { port } = await host.next<{ port: number }>();
  return {
    title: 'Memory growth',
    figures: [await growthOfScreens(port, screens), await growthOfSessions(port, rounds)],
    notes: [
      'Heap and external memory after collection: at the end against a tenth of the way. The demo host is in another process.',
      'A round opens a session, logs on, logs off and closes.',
    ],
  };
}

/** One session that presses Enter and is sent the menu again. */
async function growthOfScreens(port: number, screens: number): Promise<Figure> {
  using scope = createScope();
  await using session = await logOn(port, scope);
  const samples = await growthPercent(screens, () => press(session, 'Enter', scope));
  return figure('growth.screens', `${screens.toLocaleString('en')} screens of one session`, '% growth', samples);
}

async function growthOfSessions(port: number, rounds: number): Promise<Figure> {
  using scope = createScope();
  const samples = await growthPercent(rounds, async () => {
    await using session = await logOn(port, scope);
    session.perform({ type: 'key', key: 'PF3' });
    await shows(session, 'SESSION HAS ENDED', scope);
  });
  return figure('growth.sessions', `${rounds.toLocaleString('en')} sessions opened and closed`, '% growth', samples);
}

async function growthPercent(times: number, work: () => Promise<void>): Promise<[number]> {
  const warmUp = Math.ceil(times * WARM_UP_SHARE);
  for (let done = 0; done < warmUp; done++) await work();
  const before = await memoryAfterCollection();
  for (let done = warmUp; done < times; done++) await work();
  const after = await memoryAfterCollection();
  return [(after.held / before.held - 1) * 100];
}

async function logOn(port: number, scope: Scope): Promise<Session> {
  const session = await openSession({ host: '127.0.0.1', port, model: '3279-2-E' }, scope);
  await unlocked(session, scope);
  session.perform({ type: 'text', text: 'BENCH' });
  session.perform({ type: 'key', key: 'Tab' });
  session.perform({ type: 'text', text: 'DEMO' });
  session.perform({ type: 'key', key: 'Enter' });
  await shows(session, 'MAIN MENU', scope);
  return session;
}

async function press(session: Session, key: Key, scope: Scope): Promise<void> {
  session.perform({ type: 'key', key });
  await unlocked(session, scope);
}

async function unlocked(session: Session, scope: Scope): Promise<void> {
  using wait = scope.child({ what: 'The unlock', timeoutMs: STEP_TIMEOUT_MS });
  await session.waitFor({ for: 'unlocked' }, wait);
}

async function shows(session: Session, text: string, scope: Scope): Promise<void> {
  using wait = scope.child({ what: `The screen ${text}`, timeoutMs: STEP_TIMEOUT_MS });
  await session.waitFor({ for: 'text', text }, wait);
}
