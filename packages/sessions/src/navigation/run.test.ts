import { createScope, coreError, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { FakeClock, FakeSession } from '@roundhouse/testing';
import { FIELD_ATTRIBUTE, type InputAction } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { runNavigation, type StepFact } from './run.ts';
import { parseScript } from './script.ts';
import type { SecretSource } from './secret.ts';

const PASSWORD = 'SESAME7';
const text = (value: string) => ({ texts: [{ text: value }] });
const enter = { type: 'key', key: 'Enter' };
const key = (name: string) => ({ type: 'key', key: name });

/** A session that keeps what is done to it, with a host in a function. */
class Stage extends FakeSession {
  readonly done: InputAction[] = [];

  override perform(action: InputAction): void {
    super.perform(action);
    this.done.push(action);
  }

  show(title: string): void {
    this.screen.clear();
    this.hostWrites(1, 2, title);
    this.hostUnlocks();
  }

  /** User at row 3, password at row 4, hidden and eight long; the cursor at the user. */
  showLogon(password: number = FIELD_ATTRIBUTE.Nondisplay): void {
    this.screen.clear();
    this.hostWrites(1, 2, 'LOGON');
    for (const [row, bits] of [
      [3, 0],
      [4, password],
    ] as const) {
      this.hostSetsField(row, 10, bits);
      this.hostSetsField(row, 19, FIELD_ATTRIBUTE.Protected);
    }
    this.perform({ type: 'cursor', row: 3, column: 11 });
    this.done.length = 0;
    this.hostUnlocks();
  }

  /** Answers keys in order; each answer comes after the key has been done with. */
  answers(...answers: ReadonlyArray<() => void>): void {
    const left = [...answers];
    this.onAid = () => {
      const answer = left.shift();
      if (answer !== undefined) queueMicrotask(answer);
    };
  }

  get keys(): string[] {
    return this.done.flatMap((action) => (action.type === 'key' ? [action.key] : []));
  }
}

const LOGON = {
  name: 'logon',
  expect: { ...text('LOGON'), fields: [{ row: 4, column: 11, hidden: true }] },
  actions: [
    { type: 'text', text: 'JOE' },
    { type: 'field', row: 4, column: 11, value: { secret: 'vault/joe' } },
    enter,
  ],
  leads_to: text('MENU'),
};

interface Rig {
  readonly session: Stage;
  readonly clock: FakeClock;
  readonly scope: Scope;
  readonly facts: string[];
  readonly run: (
    steps: readonly object[],
    options?: { secrets?: SecretSource; timeout_ms?: number },
  ) => Promise<unknown>;
}

function rig(): Rig {
  const session = new Stage();
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const facts: string[] = [];
  return {
    session,
    clock,
    scope,
    facts,
    run: (steps, { secrets = async () => PASSWORD, ...rest } = {}) =>
      runNavigation(session, parseScript({ name: 'way', steps, ...rest }), {
        secrets,
        scope,
        onStep: ({ step, fact }: StepFact) => facts.push(`${step} ${fact}`),
      }).then(
        () => 'arrived',
        (error: unknown) => error,
      ),
  };
}

/** Everything that an error could show of itself to anyone. */
function tellingOf(error: unknown): string {
  if (!isRoundhouseError(error)) return String(error);
  return [error.message, error.hint, error.stack, JSON.stringify(error), tellingOf(error.cause)].join('\n');
}

function failed(outcome: unknown): RoundhouseError {
  if (!isRoundhouseError(outcome)) throw new Error('no coded error', { cause: outcome });
  expect(outcome.code).toBe('NAVIGATION_FAILED');
  return outcome;
}

describe('a script over a session', () => {
  it('waits for the screen, logs on with a secret and arrives', async () => {
    const { session, clock, facts, run } = rig();
    session.answers(() => session.show('MENU'));
    const running = run([LOGON]);
    await clock.advance(50);
    expect(session.done).toEqual([]);
    session.showLogon();
    await clock.advance(50);
    expect(await running).toBe('arrived');
    expect(session.done).toEqual([
      { type: 'text', text: 'JOE' },
      { type: 'field', row: 4, column: 11, value: PASSWORD },
      enter,
    ]);
    expect(facts).toEqual(['1 started', '1 done']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not act while the keyboard is locked, nor believes a screen before the unlock', async () => {
    const { session, clock, run } = rig();
    session.show('ONE');
    session.hostLocks();
    session.answers(() => session.hostWrites(1, 2, 'TWO'));
    const running = run([{ expect: text('ONE'), actions: [enter], leads_to: text('TWO') }, { expect: text('TWO') }]);
    await clock.advance(10);
    expect(session.keys).toEqual([]);
    session.hostUnlocks();
    await clock.advance(10);
    expect(session.keys).toEqual(['Enter']);
    session.hostUnlocks();
    expect(await running).toBe('arrived');
  });

  it('goes past an interim screen that the host unlocks', async () => {
    const { session, clock, run } = rig();
    session.show('ONE');
    session.answers(() => session.show('WAIT'));
    const running = run([{ expect: text('ONE'), actions: [enter], leads_to: text('TWO') }]);
    await clock.advance(10);
    session.show('TWO');
    expect(await running).toBe('arrived');
    expect(session.keys).toEqual(['Enter']);
  });

  it('skips a step whose screen did not come, and does it when it did', async () => {
    const news = { when: text('NEWS'), expect: text('NEWS'), actions: [key('PF3')] };
    for (const hasNews of [true, false]) {
      const { session, facts, run } = rig();
      session.show('ONE');
      const menu = (): void => session.show('MENU');
      session.answers(...(hasNews ? [() => session.show('NEWS'), menu] : [menu]));
      expect(await run([{ expect: text('ONE'), actions: [enter] }, news, { expect: text('MENU') }])).toBe('arrived');
      expect(session.keys).toEqual(hasNews ? ['Enter', 'PF3'] : ['Enter']);
      expect(facts).toContain(hasNews ? '2 done' : '2 skipped');
    }
  });

  it('looks again when the host wrote while a secret was fetched', async () => {
    const { session, clock, run } = rig();
    session.showLogon();
    let deliver = (_text: string): void => {};
    const running = run([LOGON], { secrets: () => new Promise((resolve) => (deliver = resolve)) });
    await clock.advance(1);
    session.show('BROADCAST');
    deliver(PASSWORD);
    await clock.advance(9_999);
    expect(failed(await running).details).toMatchObject({ phase: 'before its input', input_in_flight: false });
    expect(session.done).toEqual([]);
  });
});

describe('a failure names the step and', () => {
  it('what the first screen lacks', async () => {
    const { session, clock, run } = rig();
    session.show('SYSTEM NOT AVAILABLE');
    const running = run([
      { name: 'top', expect: { ...text('LOGON'), cursor: { row: 9, column: 9 } }, actions: [enter] },
    ]);
    await clock.advance(9_999);
    expect(session.done).toEqual([]);
    await clock.advance(1);
    const error = failed(await running);
    expect(error.details).toMatchObject({
      script: 'way',
      step: 1,
      step_name: 'top',
      phase: 'before its input',
      missing: ['text "LOGON" anywhere', 'the cursor at row 9 column 9'],
      input_in_flight: false,
      cause: 'DEADLINE_EXCEEDED',
    });
    expect(error.message).toContain('text "LOGON" anywhere');
    expect(tellingOf(error)).not.toContain('AVAILABLE');
    expect(clock.pendingTimers).toBe(0);
  });

  it('the screen that came instead of the next: answered, so nothing is in flight', async () => {
    const { session, clock, run } = rig();
    session.show('ONE');
    session.answers(() => session.show('ERROR'));
    const running = run([{ expect: text('ONE'), actions: [enter], leads_to: text('TWO') }]);
    await clock.advance(10_000);
    expect(failed(await running).details).toMatchObject({
      phase: 'after its input',
      missing: ['text "TWO" anywhere'],
      input_in_flight: false,
    });
  });

  it('an answer that never came: the input is in flight, and is not sent again', async () => {
    const { session, clock, run } = rig();
    session.show('ONE');
    const step = { expect: text('ONE'), actions: [enter], leads_to: text('TWO'), idempotent: true, retries: 3 };
    const running = run([step]);
    await clock.advance(60_000);
    expect(failed(await running).details).toMatchObject({
      phase: 'after its input',
      missing: ['an unlocked keyboard (twait)', 'text "TWO" anywhere'],
      input_in_flight: true,
    });
    expect(session.keys).toEqual(['Enter']);
  });

  it('a host that dies in the middle', async () => {
    const { session, clock, facts, run } = rig();
    session.showLogon();
    session.answers(() => session.hostCloses());
    const error = failed(await run([LOGON, { expect: text('MENU') }]));
    expect(error.details).toMatchObject({
      step: 1,
      phase: 'after its input',
      cause: 'SESSION_CLOSED',
      input_in_flight: true,
    });
    expect(error.cause).toMatchObject({ code: 'SESSION_CLOSED' });
    expect(tellingOf(error)).not.toContain(PASSWORD);
    expect(facts).toEqual(['1 started']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('a session that had ended before', async () => {
    const { session, run } = rig();
    session.hostCloses();
    expect(failed(await run([LOGON])).details).toMatchObject({ cause: 'SESSION_CLOSED', input_in_flight: false });
  });

  it('input that the keyboard refuses, by its number', async () => {
    const { session, run } = rig();
    session.showLogon();
    const actions = [key('Tab'), { type: 'cursor', row: 3, column: 10 }, { type: 'text', text: 'A' }, enter];
    const error = failed(await run([{ expect: text('LOGON'), actions }]));
    expect(error.details).toMatchObject({ phase: 'at its input', cause: 'FIELD_PROTECTED', input_in_flight: false });
    expect(error.message).toContain('action 3 (text)');
    expect(session.keys).toEqual(['Tab']);
  });

  it('the deadline of the whole script', async () => {
    const { session, clock, run } = rig();
    session.show('ONE');
    const running = run([{ expect: text('ONE') }, { expect: text('TWO') }], { timeout_ms: 500 });
    await clock.advance(500);
    expect(failed(await running).details).toMatchObject({ step: 2, missing: ['text "TWO" anywhere'] });
    expect(clock.pendingTimers).toBe(0);
  });
});

it('a caller who gives up is told so, and nothing is left behind', async () => {
  const { session, clock, scope, run } = rig();
  session.show('ONE');
  const running = run([{ expect: text('TWO'), actions: [enter] }]);
  await clock.advance(1);
  scope.end(coreError('CANCELLED'));
  expect(await running).toMatchObject({ code: 'CANCELLED' });
  session.show('TWO');
  await clock.advance(60_000);
  expect(session.done).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

describe('a step is done again', () => {
  const refresh = { expect: text('ONE'), actions: [enter], leads_to: text('TWO'), timeout_ms: 100 };
  const stays = (session: Stage) => (): void => session.show('ONE');

  it('when it is idempotent and its screen stands there again', async () => {
    const { session, clock, facts, run } = rig();
    session.show('ONE');
    session.answers(stays(session), stays(session), () => session.show('TWO'));
    const running = run([{ ...refresh, idempotent: true, retries: 2 }]);
    await clock.advance(300);
    expect(await running).toBe('arrived');
    expect(session.keys).toEqual(['Enter', 'Enter', 'Enter']);
    expect(facts).toEqual(['1 started', '1 repeated', '1 repeated', '1 done']);
  });

  it('no more often than it says', async () => {
    const { session, clock, run } = rig();
    session.show('ONE');
    session.answers(...Array.from({ length: 9 }, () => stays(session)));
    const running = run([{ ...refresh, idempotent: true, retries: 2 }]);
    await clock.advance(1_000);
    failed(await running);
    expect(session.keys).toHaveLength(3);
  });

  it.each([
    ['not idempotent', { idempotent: false }, 'ONE'],
    ['idempotent without retries', { idempotent: true }, 'ONE'],
    ['idempotent, but elsewhere', { idempotent: true, retries: 5 }, 'OTHER'],
  ])('never when it is %s', async (_what, options, answer) => {
    const { session, clock, run } = rig();
    session.show('ONE');
    session.answers(...Array.from({ length: 9 }, () => () => session.show(answer)));
    const running = run([{ ...refresh, ...options }]);
    await clock.advance(1_000);
    failed(await running);
    expect(session.keys).toEqual(['Enter']);
  });
});

describe('a secret', () => {
  const typed = (secret: object, place: object = { type: 'field', row: 4, column: 11, value: secret }) => ({
    ...LOGON,
    expect: text('LOGON'),
    actions: [place, enter],
  });

  it.each<[string, object, string, (session: Stage) => void]>([
    ['is not typed into a displayed field', typed({ secret: 's' }), PASSWORD, (session) => session.showLogon(0)],
    [
      'is not typed into a protected field',
      typed({ secret: 's' }),
      PASSWORD,
      (session) => session.showLogon(FIELD_ATTRIBUTE.Nondisplay | FIELD_ATTRIBUTE.Protected),
    ],
    [
      'is not typed where the cursor happens to be',
      typed({}, { type: 'text', text: { secret: 's' } }),
      PASSWORD,
      (s) => s.showLogon(),
    ],
    ['does not run on into the next field', typed({ secret: 's' }), `${PASSWORD}XY`, (session) => session.showLogon()],
    ['is not typed on a screen without fields', typed({ secret: 's' }), PASSWORD, (session) => session.show('LOGON')],
    ['with a key in it is refused', typed({ secret: 's' }), `${PASSWORD}\n`, (session) => session.showLogon()],
    ['that is empty is refused', typed({ secret: 's' }), '', (session) => session.showLogon()],
    ['that the code page lacks is refused', typed({ secret: 's' }), `${PASSWORD}€`, (session) => session.showLogon()],
  ])('%s', async (_what, step, secret, prepare) => {
    const { session, run } = rig();
    prepare(session);
    const error = failed(await run([step], { secrets: async () => secret }));
    expect(error.details).toMatchObject({ input_in_flight: false });
    expect(tellingOf(error)).not.toContain(PASSWORD);
    expect(tellingOf(error)).not.toContain('€');
    expect(session.keys).toEqual([]);
  });

  it('goes into a displayed field where the script says so', async () => {
    const { session, run } = rig();
    session.showLogon(0);
    session.answers(() => session.show('MENU'));
    expect(await run([typed({ secret: 'user', visible: true })])).toBe('arrived');
  });

  it('that cannot be had fails the step by its name, without the words of its source', async () => {
    const { session, run } = rig();
    session.showLogon();
    const secrets = async (): Promise<string> => {
      throw new Error(`the vault holds ${PASSWORD} under another name`);
    };
    const error = failed(await run([LOGON], { secrets }));
    expect(error.message).toContain('vault/joe');
    expect(tellingOf(error)).not.toContain(PASSWORD);
    expect(session.done).toEqual([]);
  });

  it('is asked for within the time of the step, once a step', async () => {
    const { session, clock, run } = rig();
    session.showLogon();
    const asked: string[] = [];
    const running = run([{ ...LOGON, timeout_ms: 100 }], {
      secrets: (name, scope) => {
        asked.push(name);
        return scope.sleep(1_000).then(() => PASSWORD);
      },
    });
    await clock.advance(100);
    failed(await running);
    expect(asked).toEqual(['vault/joe']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is in no error, fact or JSON of any way to fail', async () => {
    const screens: ReadonlyArray<(session: Stage) => void> = [
      (session) => session.show('ERROR'),
      (session) => session.hostCloses(),
      // The host plays the password back, displayed and hidden.
      (session) => {
        session.showLogon(0);
        session.hostWrites(3, 11, PASSWORD);
      },
      (session) => {
        session.showLogon();
        session.hostWrites(4, 11, PASSWORD);
      },
      () => {},
    ];
    for (const screen of screens) {
      const { session, clock, facts, run } = rig();
      session.showLogon();
      session.answers(() => screen(session));
      const running = run([LOGON]);
      await clock.advance(10_000);
      const error = failed(await running);
      expect(tellingOf(error) + facts.join()).not.toContain(PASSWORD);
    }
  });
});
