import type { ScreenSize } from '@roundhouse/tn3270';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ebcdic,
  ERASE_WRITE,
  ERASE_WRITE_ALTERNATE,
  RESTORE,
  RESTORE_AND_ALARM,
  ScriptedHost,
  SOUND_ALARM,
} from './host.fixture.ts';
import { ESCAPE_DELAY_MS } from './inputReader.ts';
import { terminalSession } from './session.ts';
import { Terminal, type TerminalEnd } from './terminal.ts';
import { FakeTty } from './tty.fixture.ts';
import { VtModel } from './vt.fixture.ts';

const WINDOW: ScreenSize = { rows: 26, columns: 80 };
const ENTER = '\r';

class Stage {
  readonly host: ScriptedHost;
  readonly tty: FakeTty;
  readonly terminal: Terminal;
  readonly end: Promise<TerminalEnd>;

  constructor(host: ScriptedHost, window: ScreenSize) {
    this.host = host;
    this.tty = new FakeTty(window);
    const facts = { peer: 'host:23', traceFile: undefined };
    this.terminal = new Terminal(terminalSession(host.session), this.tty, facts, host.clock);
    this.end = this.terminal.run();
  }

  get rows(): string[] {
    return this.tty.vt.text;
  }

  get oia(): string {
    return this.rows.at(-1) as string;
  }

  get all(): string {
    return this.rows.join('\n');
  }

  async keys(text: string): Promise<void> {
    this.tty.handler.input(new TextEncoder().encode(text));
    await this.host.clock.advance(1);
  }

  /** Has the keys sit still for so long that an Esc is one. */
  async pause(): Promise<void> {
    await this.host.clock.advance(ESCAPE_DELAY_MS);
  }
}

/** Two input fields, the second one hidden, under a heading. SBA 2,1 and 3,1 of a 24 × 80 screen. */
const LOGON = [
  ERASE_WRITE,
  RESTORE,
  `1d60${ebcdic('LOGON')}`,
  '11c1501d4013000000000000001d60',
  '11c2601d4c00000000000000001d60',
];

async function stage({ window = WINDOW, model = '3279-2-E' } = {}): Promise<Stage> {
  const host = new ScriptedHost(model);
  onTestFinished(() => host[Symbol.asyncDispose]());
  return new Stage(host, window);
}

async function loggingOn(window = WINDOW): Promise<Stage> {
  const made = await stage({ window });
  await made.host.negotiate();
  await made.host.sendRecord(...LOGON);
  return made;
}

describe('a session in a terminal', () => {
  it('shows the steps of connecting, then the screen and the cursor', async () => {
    const { host, tty } = await stage();
    await host.clock.advance(1);
    expect(tty.vt.text.at(-1)).toMatch(/^4 \? {2}X Connecting: TELNET/);
    await host.negotiate();
    expect(tty.vt.text.at(-1)).toMatch(/^4A● {2}X Connecting /);
    await host.sendRecord(...LOGON);
    expect(tty.vt.text[0]).toMatch(/^ LOGON /);
    expect(tty.vt.text.at(-1)).toMatch(/^4A● +002\/002 $/);
    expect(tty.vt.cursor).toEqual({ row: 1, column: 1 });
  });

  it('shows what is typed, but not in a hidden field, and sends it', async () => {
    const made = await loggingOn();
    await made.keys('joe\tsecret');
    expect(made.rows[1]).toMatch(/^ joe /);
    expect(made.tty.vt.cursor).toEqual({ row: 2, column: 7 });
    expect(made.all).not.toContain('secret');
    await made.keys(ENTER);
    expect(made.oia).toContain('X Wait');
    expect(made.host.takeReceived()).toBe(`7dc2e711c1d1${ebcdic('joe')}11c261${ebcdic('secret')}ffef`);
  });

  it('keeps what is typed while the host has the word, and says so', async () => {
    const made = await loggingOn();
    await made.keys(`a${ENTER}`);
    made.host.takeReceived();
    await made.keys(`bc${ENTER}`);
    expect(made.oia).toMatch(/X Wait .* T /);
    expect(made.host.takeReceived()).toBe('');
    await made.host.sendRecord(...LOGON);
    expect(made.host.takeReceived()).toContain(ebcdic('bc'));
  });

  it('locks on an operator error until Reset', async () => {
    const made = await loggingOn();
    await made.keys('\x1b[A');
    await made.keys('x');
    expect(made.oia).toContain('X Protected');
    expect(made.tty.bells).toBe(1);
    await made.keys('\x12');
    expect(made.oia).not.toContain('X Protected');
  });

  it('turns insert mode on and off with the same key', async () => {
    const made = await loggingOn();
    await made.keys('ac\x1b[D\x1b[2~b');
    expect(made.rows[1]).toMatch(/^ abc /);
    expect(made.oia).toContain('^');
    await made.keys('\x1b[2~');
    expect(made.oia).not.toContain('^');
  });

  it.each([
    ['F3', '\x1bOR', 'f3'],
    ['Shift-F1', '\x1b[1;2P', 'c1'],
    ['Alt-F1', '\x1b\x1bOP', 'c1'],
    ['PgDn', '\x1b[6~', 'f8'],
    ['Alt-1', '\x1b1', '6c'],
    ['Ctrl-C', '\x03', '6d'],
  ])('%s sends its AID', async (_, bytes, aid) => {
    const made = await loggingOn();
    await made.keys(bytes);
    expect(made.host.takeReceived().slice(0, 2)).toBe(aid);
  });

  it.each([
    ['Esc', '\x1b'],
    ['Ctrl-A', '\x01'],
  ])('%s makes the next key an Alt one, in its own time', async (_, prefix) => {
    const made = await loggingOn();
    await made.keys(prefix);
    await made.pause();
    await made.host.clock.advance(1);
    expect(made.oia).toContain('Alt- (next key)');
    await made.keys('2x');
    expect(made.host.takeReceived().slice(0, 2)).toBe('6e');
    expect(made.oia).not.toContain('Alt-');
  });

  it('rings at a key without a meaning and at a character that the host does not know, without telling it', async () => {
    const made = await loggingOn();
    await made.keys('\x11');
    expect(made.tty.bells).toBe(1);
    await made.keys('\ta中b');
    expect(made.tty.bells).toBe(2);
    expect(made.oia).toContain('Code page 037 has no such character');
    expect(made.all).not.toContain('中');
    await made.keys(ENTER);
    expect(made.host.takeReceived()).toContain(ebcdic('ab'));
  });

  it('pastes lines as Newline and tabs as Tab, and stops where something does not fit', async () => {
    const made = await loggingOn();
    await made.keys('\x1b[200~joe\r\nhush\x1b[201~');
    await made.keys(ENTER);
    expect(made.host.takeReceived()).toContain(`11c1d1${ebcdic('joe')}11c261${ebcdic('hush')}`);
    await made.host.sendRecord(...LOGON);
    await made.keys('\x1b[200~a\tb\t\x1b[201~');
    expect(made.tty.vt.cursor).toEqual({ row: 1, column: 1 });
    await made.keys('\x1b[200~123456789\n0\x1b[201~');
    expect(made.oia).toContain('X Protected');
    expect(made.tty.bells).toBe(1);
    await made.keys(`\x12${ENTER}`);
    expect(made.host.takeReceived()).not.toContain(ebcdic('0'));
  });

  it('rings when the host does', async () => {
    const made = await loggingOn();
    await made.host.sendRecord('f1', SOUND_ALARM);
    await made.host.sendRecord('f1', RESTORE_AND_ALARM);
    expect(made.tty.bells).toBe(2);
  });

  it('makes one frame of many changes, and none while the terminal is slow', async () => {
    const made = await loggingOn();
    made.tty.takesMore = false;
    await made.keys('a');
    const { writes } = made.tty;
    await made.keys('bc');
    expect(made.tty.writes).toBe(writes);
    made.tty.takesMore = true;
    made.tty.handler.drained();
    await made.host.clock.advance(1);
    expect(made.tty.writes).toBe(writes + 1);
    expect(made.rows[1]).toMatch(/^ abc /);
  });
});

describe('a window', () => {
  it('that is too small says so and follows the cursor', async () => {
    const made = await stage({ window: { rows: 10, columns: 50 }, model: '3279-4-E' });
    await made.host.negotiate();
    await made.host.sendRecord(ERASE_WRITE_ALTERNATE, RESTORE, `1d60${ebcdic('TOP')}`, '11f44013');
    expect(made.oia).toContain('Window 10x50, needs 44x80');
    expect(made.all).not.toContain('TOP');
    const lowest = made.tty.vt.cursor.row;
    expect(lowest).toBe(8);
    await made.keys('\x1b[A');
    expect(made.tty.vt.cursor.row).toBe(lowest - 1);
    await made.keys('\x1b[H');
    expect(made.rows[0]).toMatch(/^ TOP/);
  });

  it('of the very size of the screen gives a row only to what cannot wait', async () => {
    const made = await loggingOn({ rows: 24, columns: 80 });
    await made.keys(ENTER);
    expect(made.all).not.toContain('X Wait');
    await made.host.sendRecord(...LOGON);
    await made.keys('\x1b[Ax');
    expect(made.oia).toMatch(/^4A● {2}X Protected/);
    expect(made.rows[0]).toMatch(/^ LOGON/);
    // The first row is covered when the cursor is in the last one.
    await made.keys('\x12\x1b[Ax');
    expect(made.tty.vt.cursor.row).toBe(23);
    expect(made.rows[0]).toMatch(/^4A● {2}X Protected/);
  });

  it('is painted anew when its size changes', async () => {
    const made = await loggingOn();
    made.tty.resize({ rows: 30, columns: 100 });
    await made.host.clock.advance(1);
    expect(made.rows[0]).toMatch(/^ LOGON/);
    expect(made.oia).toMatch(/002\/002 $/);
    expect(made.all).not.toContain('old');
  });

  it('is painted anew on demand', async () => {
    const made = await loggingOn();
    made.tty.vt = new VtModel(WINDOW);
    await made.keys('\x0c');
    expect(made.rows[0]).toMatch(/^ LOGON/);
  });
});

describe('the menu', () => {
  it('hides the cursor, keeps keys from the session, and closes', async () => {
    const made = await loggingOn();
    await made.keys('\x1d');
    expect(made.all).toContain('Roundhouse');
    expect(made.tty.vt.cursorVisible).toBe(false);
    await made.keys('z');
    expect(made.all).not.toContain('Roundhouse');
    expect(made.rows[1]).not.toContain('z');
  });

  it('quits and gives the terminal back', async () => {
    const made = await loggingOn();
    await made.keys('\x1dq');
    expect(await made.end).toEqual({ by: 'person' });
    expect(made.tty.isOpen).toBe(false);
  });

  it('tells about the session, with the trace', async () => {
    const made = await loggingOn();
    await made.keys('\x1di');
    for (const fact of ['host:23', 'connected-3270', '3279-2-E', '037', 'none (--trace FILE)']) {
      expect(made.all).toContain(fact);
    }
  });

  it('shows all keys, page by page, whatever the window', async () => {
    const made = await loggingOn({ rows: 10, columns: 60 });
    await made.keys('\x1dh');
    const seen: string[] = [];
    for (let page = 0; page < 5; page++) {
      seen.push(made.all);
      await made.keys(' ');
    }
    expect(seen[0]).toContain('Keys 1/5');
    expect(seen.join('\n')).toContain('PF13-PF24');
    expect(seen.join('\n')).toContain('menu: quit, help');
    expect(made.all).toBe(seen[0]);
  });
});

describe('the end of the session', () => {
  it('leaves the last screen until the person leaves, and tells why', async () => {
    const made = await loggingOn();
    await made.host.hangUp();
    expect(made.rows[0]).toMatch(/^ LOGON/);
    expect(made.oia).toContain('Session ended (HOST_CLOSED). Enter leaves.');
    await made.keys('x');
    expect(made.tty.isOpen).toBe(true);
    await made.keys(ENTER);
    expect(await made.end).toMatchObject({ by: 'session', error: { code: 'HOST_CLOSED' } });
    expect(made.tty.isOpen).toBe(false);
  });

  it('comes with the terminal, when that is gone', async () => {
    const made = await loggingOn();
    made.tty.handler.ended();
    expect(await made.end).toEqual({ by: 'terminal' });
    const { writes } = made.tty;
    await made.host.sendRecord(...LOGON);
    expect(made.tty.writes).toBe(writes);
  });

  it('leaves no timer behind', async () => {
    const made = await loggingOn();
    await made.keys('\x1b');
    made.terminal.close({ by: 'person' });
    await made.host[Symbol.asyncDispose]();
    expect(made.host.clock.pendingTimers).toBe(0);
  });
});

describe('a host that is no 3270', () => {
  async function character(): Promise<Stage> {
    const made = await stage();
    // WILL ECHO, WILL SUPPRESS-GO-AHEAD: character mode.
    await made.host.send(`fffb01 fffb03 ${Buffer.from('login: ').toString('hex')}`);
    made.host.takeReceived();
    return made;
  }

  it('is a character terminal', async () => {
    const made = await character();
    expect(made.rows[0]).toMatch(/^login: /);
    expect(made.oia).toMatch(/^4AN /);
  });

  it.each([
    ['text', 'ab', '6162'],
    ['Enter', '\r', '0d00'],
    ['Ctrl-C', '\x03', '03'],
    ['Ctrl-A', '\x01', '01'],
    ['Alt-x', '\x1bx', '1b78'],
    ['an arrow', '\x1b[A', '1b5b41'],
    ['Ctrl-] twice', '\x1d\x1d', '1d'],
    ['pasted lines', '\x1b[200~a\nb\x1b[201~', '610d0062'],
  ])('gets %s', async (_, bytes, hex) => {
    const made = await character();
    await made.keys(bytes);
    expect(made.host.takeReceived()).toBe(hex);
  });
});
