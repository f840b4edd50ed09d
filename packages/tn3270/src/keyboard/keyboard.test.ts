import type { Clock } from '@roundhouse/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AID, type AidByte, aidName } from '../datastream/aid.ts';
import { isProtected } from '../datastream/attribute.ts';
import { type Cell, CELL_CHARSET, CHARSET_SHIFT, FIELD, isField } from '../screen/cell.ts';
import { Screen } from '../screen/screen.ts';
import { KEYS, type Key } from './key.ts';
import { Keyboard, type KeyboardMode, type KeyboardOptions, type Urgency } from './keyboard.ts';
import { LOCK, type LockReason } from './lock.ts';
import { isOperatorError, type KeyOutcome } from './outcome.ts';
import { aplPage, codePage, picture, screenOf } from './screenFixture.ts';

class HeldClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void) {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((each) => each !== timer);
      },
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.callback();
  }
}

interface Bench {
  readonly screen: Screen;
  readonly keyboard: Keyboard;
  readonly clock: HeldClock;
  /** What the handler was told, oldest first: AIDs by name. */
  readonly sent: string[];
  readonly locks: number[];
  bound: boolean;
}

const FORM = ['(Name[ab_c', '(__[______', '!_________'] as const;

function benchOf(screen: Screen, options: KeyboardOptions = {}): Bench {
  const clock = new HeldClock();
  const sent: string[] = [];
  const locks: number[] = [];
  const bench: Bench = {
    screen,
    clock,
    sent,
    locks,
    bound: true,
    keyboard: new Keyboard(
      screen,
      codePage,
      aplPage,
      clock,
      {
        aid: (aid) => sent.push(aidName(aid) ?? aid.toString(16)),
        attn: () => bench.bound && sent.push('attn') > 0,
        sysReq: () => sent.push('sysReq'),
        interrupt: () => sent.push('interrupt'),
        cleared: () => sent.push('cleared'),
        scrolled: () => sent.push('scrolled'),
        lockChanged: (lock) => locks.push(lock),
      },
      options,
    ),
  };
  return bench;
}

/** A session that is ready for input: connected, first screen written, keyboard restored. */
function ready(mode: KeyboardMode = 'tn3270e', options: KeyboardOptions = {}, rows: readonly string[] = FORM): Bench {
  const bench = benchOf(screenOf(...rows), options);
  bench.keyboard.connected();
  bench.keyboard.entered(mode);
  bench.keyboard.writeCompleted(true);
  bench.clock.advance(options.unlockDelayMs ?? 0);
  expect(bench.keyboard.lock).toBe(0);
  bench.sent.length = 0;
  bench.locks.length = 0;
  return bench;
}

describe('lock states', () => {
  /** Every state with the way into it, its bits and, for each class of key, what a person's stroke comes to. */
  const STATES: readonly {
    readonly reason: LockReason;
    readonly bits: number;
    readonly enter: () => Bench;
    /** Of a character, Delete and Newline: keys that respect every lock. */
    readonly plain: KeyOutcome;
    /** Of Tab and EraseInput: keys that lift an operator error. */
    readonly forgiving: KeyOutcome;
    readonly aid: KeyOutcome;
    readonly afterReset: number;
  }[] = [
    {
      reason: 'not_connected',
      bits: LOCK.NotConnected,
      enter: () => benchOf(screenOf(...FORM)),
      plain: 'locked',
      forgiving: 'locked',
      aid: 'locked',
      afterReset: LOCK.NotConnected,
    },
    {
      reason: 'awaiting_first',
      bits: LOCK.AwaitingFirst,
      enter: () => {
        const bench = benchOf(screenOf(...FORM));
        bench.keyboard.connected();
        bench.keyboard.entered('tn3270e');
        return bench;
      },
      plain: 'queued',
      forgiving: 'queued',
      aid: 'queued',
      afterReset: 0,
    },
    ...waiting('twait', LOCK.Twait | LOCK.System, (keyboard) => keyboard.press('Enter')),
    ...waiting('system', LOCK.System, (keyboard) => {
      keyboard.press('Enter');
      keyboard.writeCompleted(false);
    }),
    ...waiting(
      'deferred_unlock',
      LOCK.DeferredUnlock,
      (keyboard) => {
        keyboard.press('Enter');
        keyboard.writeCompleted(true);
      },
      { unlockDelayMs: 350 },
    ),
    ...waiting('enter_inhibit', LOCK.EnterInhibit, (keyboard) => keyboard.queryReplied()),
    { ...waiting('bid', LOCK.Bid, (keyboard) => keyboard.bid())[0], afterReset: LOCK.Bid },
    { ...waiting('minus', LOCK.Minus, (keyboard) => keyboard.press('PF1'), {}, 'sscp')[0], aid: 'locked' },
    { ...waiting('file_transfer', LOCK.FileTransfer, (keyboard) => keyboard.transferStarted())[0], ...refusing() },
    mistaken('protected', LOCK.Protected, '(abc[_____', 1),
    mistaken('numeric', LOCK.Numeric, '#___(_____', 1),
    mistaken('overflow', LOCK.Overflow, '[abc(_____', 1, true),
  ];

  function waiting(
    reason: LockReason,
    bits: number,
    act: (keyboard: Keyboard) => void,
    options: KeyboardOptions = {},
    mode: KeyboardMode = 'tn3270e',
  ) {
    const enter = (): Bench => {
      const bench = ready(mode, options);
      act(bench.keyboard);
      return bench;
    };
    return [{ reason, bits, enter, plain: 'queued', forgiving: 'queued', aid: 'queued', afterReset: 0 }] as const;
  }

  function refusing() {
    return { plain: 'locked', forgiving: 'locked', aid: 'locked' } as const;
  }

  /** An operator error of one character at `cursor`. */
  function mistaken(reason: LockReason, bits: number, row: string, cursor: number, insert = false) {
    const enter = (): Bench => {
      const bench = ready('tn3270e', { numericLock: true }, [row]);
      bench.screen.moveCursor(cursor);
      bench.keyboard.insertMode = insert;
      expect(bench.keyboard.type('x')).toEqual({ outcome: reason, typed: 0 });
      return bench;
    };
    return { reason, bits, enter, ...refusing(), forgiving: 'ok', afterReset: 0 } as const;
  }

  describe.each(STATES)('$reason', ({ reason, bits, enter, plain, forgiving, aid, afterReset }) => {
    it('has its bits and its name', () => {
      const { keyboard } = enter();
      expect(keyboard.lock).toBe(bits);
      expect(keyboard.locked).toBe(true);
      expect(keyboard.reason).toBe(reason);
    });

    it.each<[key: Key, outcome: KeyOutcome]>([
      ['Delete', plain],
      ['Backspace', plain],
      ['Erase', plain],
      ['Newline', plain],
      ['NextWord', plain],
      ['Dup', plain],
      ['CursorSelect', plain],
      ['Tab', forgiving],
      ['Left2', forgiving],
      ['EraseInput', forgiving],
      ['Enter', aid],
      ['Clear', aid],
      ['PA1', aid],
      ['PF24', aid],
      ['Insert', 'ok'],
      ['Reset', 'ok'],
    ])('%s is %s', (key, outcome) => {
      const { keyboard } = enter();
      expect(keyboard.press(key)).toBe(outcome);
      expect(keyboard.typedAhead).toBe(outcome === 'queued' ? 1 : 0);
    });

    it('takes characters, cursor moves and the light pen as it takes keys', () => {
      const { keyboard } = enter();
      expect(keyboard.type('ab')).toEqual({ outcome: plain, typed: plain === 'queued' ? 2 : 0 });
      expect(keyboard.moveCursor(3)).toBe(plain);
      expect(keyboard.lightPen(3)).toBe(plain);
    });

    it('is an outcome for a program, which is never queued', () => {
      const { keyboard } = enter();
      expect(keyboard.type('a', 'immediate')).toEqual({ outcome: 'locked', typed: 0 });
      expect(keyboard.press('Delete', 'immediate')).toBe('locked');
      expect(keyboard.press('Enter', 'immediate')).toBe('locked');
      expect(keyboard.moveCursor(3, 'immediate')).toBe('locked');
      expect(keyboard.typedAhead).toBe(0);
      expect(keyboard.lock).toBe(bits);
    });

    it('ends with Reset as far as Reset goes', () => {
      const { keyboard, clock } = enter();
      keyboard.reset();
      expect(keyboard.lock).toBe(afterReset);
      expect(clock.timers).toBe(0);
    });
  });

  it('lifts an operator error only together with nothing else', () => {
    const { keyboard, screen } = ready();
    screen.moveCursor(1);
    keyboard.type('a');
    keyboard.bid();
    expect(keyboard.press('Tab')).toBe('locked');
    expect(keyboard.lock).toBe(LOCK.Protected | LOCK.Bid);
  });

  it('replaces an operator error by that of a key that forgives', () => {
    const { keyboard, screen } = ready('tn3270e', { numericLock: true }, ['#___(_____']);
    screen.moveCursor(1);
    keyboard.type('a');
    expect(keyboard.reason).toBe('numeric');
    screen.moveCursor(5);
    expect(keyboard.press('EraseEOF')).toBe('protected');
    expect(keyboard.lock).toBe(LOCK.Protected);
  });
});

describe('host side', () => {
  it('starts disconnected, then waits for the first write', () => {
    const { keyboard, locks } = benchOf(screenOf(...FORM));
    expect(keyboard.lock).toBe(LOCK.NotConnected);
    keyboard.connected();
    keyboard.entered('3270');
    expect(keyboard.lock).toBe(LOCK.AwaitingFirst);
    keyboard.writeCompleted(false);
    expect(keyboard.lock).toBe(0);
    expect(locks).toEqual([LOCK.AwaitingFirst, 0]);
  });

  it('disconnecting loses type-ahead, insert mode and the unlock timer', () => {
    const { keyboard, clock } = ready('tn3270e', { unlockDelayMs: 350 });
    keyboard.press('Enter');
    keyboard.press('Insert');
    keyboard.type('a');
    keyboard.writeCompleted(true);
    keyboard.disconnected();
    expect(keyboard.typedAhead).toBe(0);
    expect(keyboard.insertMode).toBe(false);
    expect(clock.timers).toBe(0);
    expect(keyboard.lock).toBe(LOCK.NotConnected);
  });

  it.each<[mode: KeyboardMode, lock: number]>([
    ['unbound', LOCK.AwaitingFirst | LOCK.System | LOCK.EnterInhibit | LOCK.Bid],
    ['tn3270e', LOCK.System],
    ['3270', 0],
    ['nvt', 0],
    ['e-nvt', 0],
    ['sscp', 0],
  ])('entering %s leaves of a wait the lock %i', (mode, lock) => {
    const { keyboard } = ready(mode === 'tn3270e' ? '3270' : 'tn3270e');
    if (mode === '3270') keyboard.entered('sscp');
    keyboard.press('Enter');
    keyboard.queryReplied();
    keyboard.bid();
    keyboard.entered(mode);
    expect(keyboard.lock).toBe(lock);
  });

  it('goes on waiting for the first write from unbound to bound', () => {
    const { keyboard } = ready();
    keyboard.entered('unbound');
    keyboard.entered('tn3270e');
    expect(keyboard.lock).toBe(LOCK.AwaitingFirst);
  });

  it('does nothing on entering the same mode again', () => {
    const { keyboard } = ready('tn3270e');
    keyboard.press('Enter');
    keyboard.entered('tn3270e');
    expect(keyboard.lock).toBe(LOCK.Twait | LOCK.System);
  });

  // s3270/Test/testInhibit.py
  it('inhibits Enter after a query reply until the host writes', () => {
    const { keyboard } = ready();
    keyboard.queryReplied();
    expect(keyboard.reason).toBe('enter_inhibit');
    keyboard.hostWrote();
    expect(keyboard.lock).toBe(0);
  });

  it('a write without restore turns the wait into X SYSTEM, and a restore ends it', () => {
    const { keyboard } = ready();
    keyboard.press('Enter');
    keyboard.writeCompleted(false);
    expect(keyboard.lock).toBe(LOCK.System);
    keyboard.restored();
    expect(keyboard.lock).toBe(0);
  });

  it('remembers the AID until the keyboard is restored', () => {
    const { keyboard } = ready();
    expect(keyboard.lastAid).toBe(AID.None);
    keyboard.press('PF3');
    keyboard.writeCompleted(false);
    expect(keyboard.lastAid).toBe(AID.PF3);
    keyboard.writeCompleted(true);
    expect(keyboard.lastAid).toBe(AID.None);
  });

  // s3270/Test/testBid.py: the lock stays with the bid through a restore and ends with SEND-DATA.
  it('keeps a bid through restores until SEND-DATA', () => {
    const { keyboard } = ready();
    keyboard.press('Enter');
    keyboard.bid();
    keyboard.writeCompleted(true);
    expect(keyboard.reason).toBe('bid');
    keyboard.reset();
    expect(keyboard.reason).toBe('bid');
    keyboard.sendData();
    expect(keyboard.lock).toBe(0);
  });

  it('a file transfer keeps the operator out and sends its own AIDs', () => {
    const { keyboard, sent } = ready('tn3270e', { unlockDelayMs: 350 });
    keyboard.transferStarted();
    expect(keyboard.press('Enter')).toBe('locked');
    expect(keyboard.transferAid(AID.Enter)).toBe('ok');
    expect(keyboard.transferAid(AID.PF2)).toBe('locked');
    keyboard.writeCompleted(true);
    expect(keyboard.lock).toBe(LOCK.FileTransfer);
    expect(keyboard.transferAid(AID.PF2)).toBe('ok');
    expect(sent).toEqual(['Enter', 'PF2']);
    keyboard.transferEnded(false);
    expect(keyboard.lock).toBe(LOCK.Twait | LOCK.System);
  });

  it('a transfer that was given up unanswered does not leave the keyboard waiting', () => {
    const { keyboard } = ready();
    keyboard.press('Enter');
    keyboard.transferStarted();
    keyboard.transferEnded(true);
    expect(keyboard.lock).toBe(0);
  });
});

describe('deferred unlock', () => {
  it('unlocks after the delay', () => {
    const { keyboard, clock } = ready('tn3270e', { unlockDelayMs: 350 });
    keyboard.press('Enter');
    keyboard.writeCompleted(true);
    clock.advance(349);
    expect(keyboard.reason).toBe('deferred_unlock');
    clock.advance(1);
    expect(keyboard.lock).toBe(0);
  });

  it('runs what was typed ahead when it unlocks', () => {
    const { keyboard, clock, sent } = ready('tn3270e', { unlockDelayMs: 350 });
    keyboard.press('Enter');
    keyboard.press('PF3');
    keyboard.writeCompleted(true);
    keyboard.recordProcessed();
    expect(sent).toEqual(['Enter']);
    clock.advance(350);
    expect(sent).toEqual(['Enter', 'PF3']);
  });

  it('starts again at each restore, but not for more than a second', () => {
    const { keyboard, clock } = ready('tn3270e', { unlockDelayMs: 350 });
    keyboard.press('Enter');
    for (const at of [0, 300, 600, 900]) {
      keyboard.writeCompleted(true);
      expect([at, keyboard.reason]).toEqual([at, 'deferred_unlock']);
      expect(clock.timers).toBe(1);
      clock.advance(300);
    }
    keyboard.writeCompleted(true);
    expect(keyboard.lock).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('keeps a bid', () => {
    const { keyboard, clock } = ready('tn3270e', { unlockDelayMs: 350 });
    keyboard.press('Enter');
    keyboard.bid();
    keyboard.writeCompleted(true);
    clock.advance(350);
    expect(keyboard.lock).toBe(LOCK.Bid);
  });

  it('leaves an operator error to the operator', () => {
    const { keyboard, screen } = ready('tn3270e', { unlockDelayMs: 350 });
    screen.moveCursor(1);
    keyboard.type('a');
    keyboard.restored();
    expect(keyboard.reason).toBe('protected');
  });
});

describe('attention keys', () => {
  const AIDS = KEYS.filter((key) => /^(Enter|Clear|P[AF]\d+)$/.test(key));

  it.each(AIDS)('%s sends its AID and waits', (key) => {
    const { keyboard, sent } = ready();
    keyboard.press('Insert');
    expect(keyboard.press(key)).toBe('ok');
    expect(sent.at(-1)).toBe(key);
    expect(keyboard.lock).toBe(LOCK.Twait | LOCK.System);
    expect(keyboard.insertMode).toBe(false);
    expect(aidName(keyboard.lastAid)).toBe(key);
  });

  it('Clear clears the buffer before it sends', () => {
    const { keyboard, sent, screen } = ready();
    screen.moveCursor(7);
    keyboard.press('Clear');
    expect(sent).toEqual(['cleared', 'Clear']);
    expect(screen.formatted).toBe(false);
    expect(screen.cursor).toBe(0);
  });

  it.each<[mode: KeyboardMode, attn: KeyOutcome, sysReq: KeyOutcome, interrupt: KeyOutcome, sent: string[]]>([
    ['3270', 'ok', 'ok', 'ok', ['attn', 'interrupt', 'SysReq']],
    ['tn3270e', 'ok', 'ok', 'ok', ['attn', 'interrupt', 'sysReq']],
    ['sscp', 'ok', 'ok', 'ok', ['attn', 'interrupt', 'sysReq']],
    ['unbound', 'ok', 'ok', 'unavailable', ['attn', 'sysReq']],
    ['e-nvt', 'ok', 'unavailable', 'unavailable', ['attn']],
    ['nvt', 'unavailable', 'unavailable', 'unavailable', []],
  ])('in mode %s Attn is %s, SysReq %s, Interrupt %s', (mode, attn, sysReq, interrupt, expected) => {
    const { keyboard, sent } = ready(mode);
    expect(keyboard.press('Attn')).toBe(attn);
    expect(keyboard.press('Interrupt')).toBe(interrupt);
    expect(keyboard.press('SysReq')).toBe(sysReq);
    expect(sent).toEqual(expected);
  });

  it('Attn, Interrupt and SysReq of TN3270E pass a locked keyboard', () => {
    const { keyboard, sent } = ready();
    keyboard.press('Enter');
    for (const key of ['Attn', 'Interrupt', 'SysReq'] as const) expect(keyboard.press(key)).toBe('ok');
    expect(sent).toEqual(['Enter', 'attn', 'interrupt', 'sysReq']);
  });

  it('Attn without an application shows X −f to a person', () => {
    const bench = ready();
    bench.bound = false;
    expect(bench.keyboard.press('Attn', 'immediate')).toBe('unavailable');
    expect(bench.keyboard.lock).toBe(0);
    expect(bench.keyboard.press('Attn')).toBe('unavailable');
    expect(bench.keyboard.reason).toBe('minus');
  });

  it.each([
    ['* ab(______', 'Select'],
    ['*&ab(______', 'Enter'],
  ])('the light pen on %s sends %s', (row, aid) => {
    const { keyboard, sent } = ready('tn3270e', {}, [row]);
    expect(keyboard.lightPen(2)).toBe('ok');
    expect(sent).toEqual([aid]);
  });

  it('Cursor Select works at the cursor and sends nothing for a mark', () => {
    const { keyboard, sent, screen } = ready('tn3270e', {}, ['(__*?ab(__']);
    screen.moveCursor(5);
    expect(keyboard.press('CursorSelect')).toBe('ok');
    expect(picture(screen)).toEqual(['(__*>ab(__']);
    expect(sent).toEqual([]);
    screen.moveCursor(1);
    expect(keyboard.press('CursorSelect')).toBe('unavailable');
    expect(keyboard.lock).toBe(0);
  });
});

describe('typing', () => {
  it('types a string over fields', () => {
    const { keyboard, screen } = ready('tn3270e', {}, ['[__!ab[___']);
    screen.moveCursor(1);
    expect(keyboard.type('xyz')).toEqual({ outcome: 'ok', typed: 3 });
    expect(picture(screen)).toEqual(['[xy!ab[z__']);
  });

  // s3270/Test/testWrapField.py: text at row 43 column 79 goes on at row 2, behind the field on row 1.
  it('goes on behind a skip field at the end of the buffer', () => {
    const { keyboard, screen } = ready('3270', {}, ['Read_only[', '__________', '_________!']);
    screen.moveCursor(28);
    expect(keyboard.type('xx')).toEqual({ outcome: 'ok', typed: 2 });
    expect(picture(screen)).toEqual(['Read_only[', 'x_________', '________x!']);
    expect(screen.cursor).toBe(11);
    keyboard.press('Up');
    expect(keyboard.type('xx')).toEqual({ outcome: 'protected', typed: 0 });
  });

  it('stops at an operator error, tells how far it came, and locks', () => {
    const { keyboard, screen } = ready('tn3270e', { numericLock: true }, ['#___(_____']);
    screen.moveCursor(1);
    expect(keyboard.type('12a3')).toEqual({ outcome: 'numeric', typed: 2 });
    expect(picture(screen)).toEqual(['#12_(_____']);
    expect(keyboard.reason).toBe('numeric');
  });

  // s3270/Test/insertTests.py: the field that is full stays as it is, and the keyboard locks.
  it('locks on an insert into a full field before anything changes', () => {
    const { keyboard, screen } = ready('tn3270e', {}, ['(_[_______', '_(________']);
    screen.moveCursor(3);
    expect(keyboard.type('ffffffff').outcome).toBe('ok');
    keyboard.press('Home');
    keyboard.press('Insert');
    expect(keyboard.type('x', 'immediate')).toEqual({ outcome: 'overflow', typed: 0 });
    expect(keyboard.lock).toBe(0);
    expect(keyboard.type('x')).toEqual({ outcome: 'overflow', typed: 0 });
    expect(keyboard.reason).toBe('overflow');
    expect(picture(screen)).toEqual(['(_[fffffff', 'f(________']);
  });

  // s3270/Test/testBlankFill.py: nulls give way before trailing text.
  it('inserts before text in a field with nulls behind it', () => {
    const { keyboard, screen } = ready('tn3270e', { blankFill: true }, ['[_________', '(_________']);
    screen.moveCursor(1);
    keyboard.type('abc...');
    keyboard.press('BackTab');
    keyboard.press('Insert');
    keyboard.type('x');
    expect(picture(screen)[0]).toBe('[xabc...__');
  });

  it('brings characters that the code page lacks from the APL set', () => {
    const { keyboard, screen } = ready('tn3270e', {}, ['[_________']);
    screen.moveCursor(1);
    expect(keyboard.type('a≤b')).toEqual({ outcome: 'ok', typed: 3 });
    expect(screen.cells[2]).toBe(0x8c | (CELL_CHARSET.Escape << CHARSET_SHIFT));
  });

  it.each(['\n', '\t', '\u{1f600}', '€'])('has no key for %j', (text) => {
    const { keyboard, screen } = ready('tn3270e', {}, ['[_________']);
    screen.moveCursor(1);
    expect(keyboard.type(`a${text}b`)).toEqual({ outcome: 'unmappable', typed: 1 });
    expect(keyboard.lock).toBe(0);
  });

  // s3270/Test/testMixedCharset.py: a non-APL character does not go into an APL field.
  it('takes nothing but APL characters in an APL field', () => {
    const { keyboard, screen } = ready('tn3270e', {}, ['[J________']);
    screen.cells[0] = (screen.cells[0] as Cell) | (CELL_CHARSET.Apl << CHARSET_SHIFT);
    screen.moveCursor(1);
    expect(keyboard.type('x')).toEqual({ outcome: 'unmappable', typed: 0 });
    expect(picture(screen)).toEqual(['[J________']);
    expect(keyboard.type('≤')).toEqual({ outcome: 'ok', typed: 1 });
  });

  it('follows the reply mode in what may be moved', () => {
    const { keyboard, screen } = ready('tn3270e', {}, ['[ab_______']);
    screen.cells[2] = (screen.cells[2] as Cell) | (CELL_CHARSET.Apl << CHARSET_SHIFT);
    screen.moveCursor(1);
    expect(keyboard.press('Delete')).toBe('unavailable');
    keyboard.replyModeSet(true);
    expect(keyboard.press('Delete')).toBe('ok');
  });

  it('returns insert mode to the default at Reset', () => {
    const { keyboard } = ready('tn3270e', { insertMode: true });
    expect(keyboard.insertMode).toBe(true);
    keyboard.insertMode = false;
    keyboard.reset();
    expect(keyboard.insertMode).toBe(true);
  });

  it('moves the cursor within the buffer only', () => {
    const { keyboard, screen } = ready();
    expect(keyboard.moveCursor(29)).toBe('ok');
    for (const address of [-1, 30, 1.5, Number.NaN]) expect(keyboard.moveCursor(address)).toBe('unavailable');
    expect(screen.cursor).toBe(29);
  });
});

describe('type-ahead', () => {
  // s3270/Test/testBid.py: `a` and Enter typed during a bid go out after SEND-DATA.
  it('runs in order once the record that unlocked is processed', () => {
    const { keyboard, screen, sent } = ready();
    screen.moveCursor(8);
    keyboard.bid();
    keyboard.type('a');
    keyboard.press('Enter');
    keyboard.sendData();
    expect(sent).toEqual([]);
    keyboard.recordProcessed();
    expect(picture(screen)[0]).toBe('(Name[abac');
    expect(sent).toEqual(['Enter']);
    expect(keyboard.typedAhead).toBe(0);
  });

  it('stops at the next AID and goes on after its answer', () => {
    const { keyboard, sent } = ready();
    for (const key of ['Enter', 'PF1', 'PF2'] as const) keyboard.press(key);
    keyboard.writeCompleted(true);
    keyboard.recordProcessed();
    expect([...sent, keyboard.typedAhead]).toEqual(['Enter', 'PF1', 1]);
  });

  it('is lost at an operator error', () => {
    const { keyboard, screen } = ready();
    keyboard.bid();
    screen.moveCursor(1);
    keyboard.type('abc');
    keyboard.sendData();
    keyboard.recordProcessed();
    expect(keyboard.typedAhead).toBe(0);
    expect(keyboard.reason).toBe('protected');
  });

  it('acts at the cursor and on the screen of the time when it runs', () => {
    const { keyboard, screen } = ready();
    keyboard.bid();
    keyboard.moveCursor(25);
    screen.resize({ rows: 2, columns: 10 });
    keyboard.sendData();
    keyboard.recordProcessed();
    expect(screen.cursor).toBe(0);
  });

  it('is dropped by the first Reset, the second unlocks', () => {
    const { keyboard } = ready();
    keyboard.press('Enter');
    keyboard.type('abc');
    keyboard.reset();
    expect(keyboard.typedAhead).toBe(0);
    expect(keyboard.reason).toBe('twait');
    keyboard.reset();
    expect(keyboard.lock).toBe(0);
  });

  it('has a limit', () => {
    const { keyboard } = ready('tn3270e', { typeAheadLimit: 3 });
    keyboard.bid();
    expect(keyboard.type('abcde')).toEqual({ outcome: 'locked', typed: 3 });
    expect(keyboard.press('Tab')).toBe('locked');
  });
});

describe('SSCP-LU', () => {
  const BLANK = ['____', '____', '____'] as const;

  it('Enter goes to the next row, sends and does not lock', () => {
    const { keyboard, screen, sent } = ready('sscp', {}, BLANK);
    screen.moveCursor(1);
    keyboard.type('ab');
    expect(keyboard.press('Enter')).toBe('ok');
    expect(picture(screen)).toEqual(['_ab_', '____', '____']);
    expect(screen.cursor).toBe(4);
    expect(sent).toEqual(['Enter']);
    expect(keyboard.lock).toBe(0);
  });

  it('Enter on the last row sends, then moves the screen up', () => {
    const { keyboard, screen, sent } = ready('sscp', {}, BLANK);
    screen.moveCursor(8);
    keyboard.type('ab');
    keyboard.press('Enter');
    expect(picture(screen)).toEqual(['____', 'ab__', '____']);
    expect(screen.cursor).toBe(8);
    expect(sent).toEqual(['Enter', 'scrolled']);
  });

  it('text that reaches the end moves the screen up', () => {
    const { keyboard, screen, sent } = ready('sscp', {}, BLANK);
    screen.moveCursor(10);
    expect(keyboard.type('abc')).toEqual({ outcome: 'ok', typed: 3 });
    expect(picture(screen)).toEqual(['____', '__ab', 'c___']);
    expect(screen.cursor).toBe(9);
    expect(sent).toEqual(['scrolled']);
  });

  it('an edit at the top does not move the screen', () => {
    const { keyboard, screen, sent } = ready('sscp', {}, ['ab__', 'cd__']);
    expect(keyboard.press('Delete')).toBe('ok');
    expect(picture(screen)).toEqual(['b__c', 'd___']);
    expect(sent).toEqual([]);
  });

  it('Clear is local', () => {
    const { keyboard, screen, sent } = ready('sscp', {}, ['abcd', '____']);
    expect(keyboard.press('Clear')).toBe('ok');
    expect(picture(screen)).toEqual(['____', '____']);
    expect(sent).toEqual(['cleared']);
    expect(keyboard.lock).toBe(0);
  });

  it('other AIDs do not exist', () => {
    const { keyboard, sent } = ready('sscp', {}, BLANK);
    expect(keyboard.press('PF1', 'immediate')).toBe('unavailable');
    expect(keyboard.lock).toBe(0);
    expect(keyboard.press('PF1')).toBe('unavailable');
    expect(keyboard.reason).toBe('minus');
    expect(sent).toEqual([]);
  });

  it('Erase Input clears and says so', () => {
    const { keyboard, sent } = ready('sscp', {}, BLANK);
    keyboard.press('EraseInput');
    expect(sent).toEqual(['cleared']);
  });
});

describe('modes without 3270 input', () => {
  it.each<KeyboardMode>(['nvt', 'e-nvt', 'unbound'])('%s leaves the screen alone', (mode) => {
    const { keyboard, screen, sent } = ready(mode);
    const before = [picture(screen), screen.cursor];
    const special: readonly Key[] = ['Insert', 'Reset', 'Attn', 'SysReq', 'Interrupt'];
    for (const key of KEYS)
      if (!special.includes(key)) expect([key, keyboard.press(key)]).toEqual([key, 'unavailable']);
    expect(keyboard.type('a').outcome).toBe('unavailable');
    expect(keyboard.moveCursor(3)).toBe('unavailable');
    expect(keyboard.lightPen(3)).toBe('unavailable');
    expect(keyboard.transferAid(AID.Enter)).toBe('unavailable');
    expect([picture(screen), screen.cursor]).toEqual(before);
    expect(sent).toEqual([]);
  });
});

describe('any keys on any screen', () => {
  const ROWS = 4;
  const COLUMNS = 8;
  const attribute = fc.constantFrom(0xc0, 0xc1, 0xd0, 0xe0, 0xf0, 0xcc, 0xe1).map((byte) => FIELD | byte);
  const detectable = fc.constantFrom(0xc4, 0xe4, 0xf8).map((byte) => FIELD | byte);
  const character = fc.constantFrom(0x00, 0x00, 0x40, 0x81, 0x82, 0xf1, 0x0e, 0x0f, 0x6e, 0x6f, 0x50);
  const charset = fc.constantFrom(CELL_CHARSET.Apl, CELL_CHARSET.Escape, CELL_CHARSET.Dbcs);
  const data = fc.oneof(
    { weight: 8, arbitrary: character },
    { weight: 1, arbitrary: fc.tuple(character, charset).map(([code, set]) => code | (set << CHARSET_SHIFT)) },
  );

  function layoutOf(fieldMarks: fc.Arbitrary<Cell>): fc.Arbitrary<Screen> {
    const cell = fc.oneof({ weight: 4, arbitrary: data }, { weight: 1, arbitrary: fieldMarks });
    const cells = fc.array(cell, { minLength: ROWS * COLUMNS, maxLength: ROWS * COLUMNS });
    return fc.tuple(cells, fc.nat(ROWS * COLUMNS - 1)).map(([values, cursor]) => {
      const screen = new Screen({ rows: ROWS, columns: COLUMNS });
      screen.cells.set(values);
      screen.changed(true);
      screen.moveCursor(cursor);
      return screen;
    });
  }

  type Stroke = (keyboard: Keyboard, urgency: Urgency) => KeyOutcome;
  const stroke: fc.Arbitrary<Stroke> = fc.oneof(
    fc.constantFrom(...KEYS).map(
      (key): Stroke =>
        (keyboard, urgency) =>
          keyboard.press(key, urgency),
    ),
    fc.constantFrom('a', '7', ' ', '≤', '€', '\n').map(
      (text): Stroke =>
        (keyboard, urgency) =>
          keyboard.type(text, urgency).outcome,
    ),
    fc.nat(ROWS * COLUMNS - 1).map(
      (address): Stroke =>
        (keyboard, urgency) =>
          keyboard.moveCursor(address, urgency),
    ),
    fc.nat(ROWS * COLUMNS - 1).map(
      (address): Stroke =>
        (keyboard, urgency) =>
          keyboard.lightPen(address, urgency),
    ),
  );
  const strokes = fc.array(stroke, { maxLength: 40 });
  const urgency = fc.constantFrom<Urgency>('type-ahead', 'immediate');
  const options = fc.record({ numericLock: fc.boolean(), insertMode: fc.boolean(), blankFill: fc.boolean() });
  const mode = fc.constantFrom<KeyboardMode>('3270', 'tn3270e', 'sscp');

  /** A keyboard whose host answers every AID at once. */
  function answered(screen: Screen, how: KeyboardMode, settings: KeyboardOptions): Keyboard {
    const { keyboard } = benchOf(screen, settings);
    keyboard.connected();
    keyboard.entered(how);
    keyboard.writeCompleted(true);
    return keyboard;
  }

  it('keep the cursor in the buffer', () => {
    fc.assert(
      fc.property(
        layoutOf(fc.oneof(attribute, detectable)),
        mode,
        options,
        strokes,
        urgency,
        (screen, how, settings, keys, pace) => {
          const keyboard = answered(screen, how, settings);
          for (const press of keys) {
            press(keyboard, pace);
            expect(screen.cursor).toBeGreaterThanOrEqual(0);
            expect(screen.cursor).toBeLessThan(screen.size);
            if (keyboard.locked) keyboard.reset();
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leave attributes and protected cells, but for the MDT, until the buffer is cleared', () => {
    const frozen = (screen: Screen): (Cell | null)[] =>
      [...screen.cells].map((cell, address) => {
        if (isField(cell)) return cell & ~1;
        return isProtected(screen.attributeAt(address)) ? cell : null;
      });
    fc.assert(
      fc.property(layoutOf(attribute), options, strokes, urgency, (screen, settings, keys, pace) => {
        fc.pre(screen.formatted);
        const keyboard = answered(screen, 'tn3270e', settings);
        const before = frozen(screen);
        for (const press of keys) {
          press(keyboard, pace);
          if (!screen.formatted) return;
          expect(frozen(screen)).toEqual(before);
          if (keyboard.locked) keyboard.reset();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('change nothing at an operator error of a program', () => {
    fc.assert(
      fc.property(layoutOf(attribute), options, strokes, (screen, settings, keys) => {
        const keyboard = answered(screen, 'tn3270e', settings);
        for (const press of keys) {
          const before = [[...screen.cells], screen.cursor, screen.version, keyboard.lock, keyboard.insertMode];
          const outcome = press(keyboard, 'immediate');
          if (isOperatorError(outcome) || outcome === 'unmappable' || outcome === 'locked') {
            expect([[...screen.cells], screen.cursor, screen.version, keyboard.lock, keyboard.insertMode]).toEqual(
              before,
            );
          }
          if (keyboard.locked) keyboard.reset();
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('AID table', () => {
  it('has no two keys with the same AID', () => {
    const seen = new Map<AidByte, Key>();
    for (const key of KEYS) {
      const { keyboard } = ready();
      keyboard.press(key);
      if (keyboard.lastAid === AID.None) continue;
      expect(seen.get(keyboard.lastAid)).toBeUndefined();
      seen.set(keyboard.lastAid, key);
    }
    expect(seen.size).toBe(29);
  });
});
