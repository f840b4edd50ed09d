import { describe, expect, it } from 'vitest';
import { defineScreen } from './screen.ts';
import type { HostTerminal } from './terminal.ts';
import { classicScript, meet, tn3270eScript } from './terminal.fixture.ts';

const Hello = defineScreen({
  fields: [
    { row: 1, column: 2, name: 'name', length: 4 },
    { row: 3, column: 2, name: 'message', length: 5, protected: true },
  ],
});
const NOTHING = new Map<string, Uint8Array>();
const E_MODEL_2 = 'IBM-3278-2-E';

/** Erase/Write of Hello without values. */
const HELLO = 'f5c3' + '1140401dc1' + '1140c51df0' + '11c2601df0' + '1140c113';

/** Keeps what an application of one `show` was answered. */
function oneShow() {
  const answers: unknown[] = [];
  const application = async (terminal: HostTerminal): Promise<void> => {
    answers.push(await terminal.show(Hello));
  };
  return { answers, application };
}

describe('a classic session', () => {
  it('shows a screen, reads it back, and ends with the application', async () => {
    const { answers, application } = oneShow();
    const { terminal, lus, over } = meet(classicScript('IBM-3278-2'), application);
    expect(await terminal.next()).toBe(HELLO);
    expect(lus.held).toEqual(['TCP0001']);
    terminal.record('7d 40c2 1140c1 c1c4c1');
    expect(await terminal.next()).toBe('closed');
    await over;
    expect(answers).toEqual([{ aid: 'Enter', cursor: { row: 1, column: 3 }, values: { name: 'ADA' } }]);
    expect(lus.held).toEqual([]);
  });

  it('reports the test request key as SysReq', async () => {
    const { answers, application } = oneShow();
    const { terminal, over } = meet(classicScript('IBM-3278-2'), application);
    await terminal.next();
    terminal.record('016c6102');
    await over;
    expect(answers).toMatchObject([{ aid: 'SysReq' }]);
  });

  it('uses Erase/Write Alternate on a larger model', async () => {
    const { terminal } = meet(classicScript('IBM-3278-5'), oneShow().application);
    expect(await terminal.next()).toMatch(/^7ec3/);
    await terminal.close();
  });

  it('asks a dynamic terminal for its size first', async () => {
    let size: unknown;
    const { terminal, over } = meet(classicScript('IBM-DYNAMIC'), async (it) => {
      size = it.size;
    });
    expect(await terminal.next()).toBe('f3000501ff02');
    terminal.record('88 0011 81a6 0000 0b 01 00 0050 0018 00a0 003c');
    await over;
    expect(size).toEqual({ rows: 60, columns: 160 });
  });

  it('changes fields while the keyboard stays as it is', async () => {
    const { terminal, over } = meet(classicScript('IBM-3278-2'), async (host) => {
      const shown = host.show(Hello);
      host.message('HI', { alarm: true });
      await shown;
    });
    await terminal.next();
    expect(await terminal.next()).toBe('f1c4' + '11c261c8c9' + '3cc2e600');
    terminal.record('6d');
    await over;
  });

  it('reads the inputs without a key', async () => {
    let values: unknown;
    const { terminal, over } = meet(classicScript('IBM-3278-2'), async (host) => {
      host.paint(Hello);
      values = (await host.read()).values;
    });
    expect(await terminal.next()).toMatch(/^f5c1/);
    expect(await terminal.next()).toBe('6e');
    terminal.record('60 4040 1140c1 c1');
    await over;
    expect(values).toEqual({ name: 'A' });
  });
});

describe('a TN3270E session', () => {
  it('binds, numbers its records and asks for negative responses', async () => {
    const { answers, application } = oneShow();
    const { terminal, over } = meet(tn3270eScript(E_MODEL_2, [0, 2]), application);
    expect(await terminal.next()).toMatch(/^030000000031010303.*e3c5e2e300$/);
    expect(await terminal.next()).toBe(`0000010001${HELLO}`);
    terminal.record('0000000000 f3 4040 1140c1');
    await over;
    expect(answers).toMatchObject([{ aid: 'PF3' }]);
  });

  it('raises TERMINAL_REJECTED_RECORD when the terminal refuses a screen', async () => {
    const { terminal, log, over } = meet(tn3270eScript(E_MODEL_2, [2]), oneShow().application);
    await terminal.next();
    terminal.record('02 00 01 0000 02');
    await over;
    expect(log.lines).toContain('error application failed TERMINAL_REJECTED_RECORD');
  });

  it('gives the turn with a screen that waits and keeps it with one that does not', async () => {
    const { terminal, over } = meet(tn3270eScript(E_MODEL_2, [5]), async (host) => {
      host.paint(Hello);
      await host.show(Hello);
    });
    expect(await terminal.next()).toMatch(/^0000000000f5/);
    expect(await terminal.next()).toMatch(/^0001000001f5/);
    terminal.record('0000000000 6d');
    await over;
  });

  it('lets SysReq visit the SSCP and draws the screen again on the way back', async () => {
    const { terminal, over } = meet(tn3270eScript(E_MODEL_2, [0, 4]), oneShow().application);
    await terminal.next();
    const screen = (await terminal.next()).slice(10);
    terminal.raw('fff5');
    expect(await terminal.next()).toMatch(/^07/);
    terminal.record('0700000000 c8c9');
    expect(await terminal.next()).toContain('c3d6d4d4c1d5c440e4d5d9c5c3d6c7d5c9e9c5c4');
    terminal.raw('fff5');
    expect((await terminal.next()).slice(10)).toBe(screen);
    terminal.raw('fff5');
    await terminal.next();
    terminal.record('0700000000 d3d6c7d6c6c6');
    expect(await terminal.next()).toMatch(/^040000....01$/);
    expect(await terminal.next()).toBe('closed');
    await over;
  });
});

describe('the end of a session', () => {
  it('reaches an application that waits when the terminal goes', async () => {
    let code: unknown;
    const { terminal, log, lus, over } = meet(classicScript('IBM-3278-2'), async (host) => {
      await host.show(Hello).catch((error: { code: string }) => {
        code = error.code;
        throw error;
      });
    });
    await terminal.next();
    await terminal.close();
    await over;
    expect(code).toBe('TERMINAL_CLOSED');
    expect(lus.held).toEqual([]);
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('follows a throw of the application, with a line in the log', async () => {
    const { terminal, log, over } = meet(classicScript('IBM-3278-2'), async () => {
      throw new TypeError('broken application');
    });
    expect(await terminal.next()).toBe('closed');
    await over;
    expect(log.lines).toContain('error application failed');
  });

  it('follows the idle time of a person who does not answer', async () => {
    const { terminal, clock, log, over } = meet(classicScript('IBM-3278-2'), oneShow().application);
    await terminal.next();
    clock.advance(600_000);
    await over;
    expect(log.lines).toContain('info terminal idle TERMINAL_SILENT');
  });

  it('refuses a second call while one waits', async () => {
    const { terminal, over } = meet(classicScript('IBM-3278-2'), async (host) => {
      const first = host.show(Hello);
      await expect(host.show(Hello)).rejects.toMatchObject({ code: 'TERMINAL_BUSY' });
      await first;
    });
    await terminal.next();
    terminal.record('6d');
    await over;
    expect.assertions(1);
  });
});

describe('an unfit client', () => {
  const never = async (): Promise<void> => {
    throw new Error('no session was agreed on');
  };

  it('is cut when it does not negotiate in time', async () => {
    const { terminal, clock, log, over } = meet(NOTHING, never);
    expect(await terminal.next()).toBe('fd28');
    clock.advance(20_000);
    await over;
    expect(log.lines).toContain('warn terminal dropped TERMINAL_SILENT');
  });

  it('is cut when it sends data instead of telnet', async () => {
    const { terminal, log, over } = meet(NOTHING, never);
    terminal.raw('47'.repeat(300));
    await over;
    expect(log.lines).toEqual(['warn terminal dropped TERMINAL_NOT_3270']);
  });

  it('is cut when it floods the host with commands', async () => {
    const { terminal, log, over } = meet(NOTHING, never);
    terminal.raw('fffb03'.repeat(300));
    await over;
    expect(log.lines).toEqual(['warn terminal dropped TERMINAL_FLOODED']);
  });

  it.each([
    ['a record beyond the limit', 'c1'.repeat(5_000), 'TERMINAL_FLOODED'],
    ['records that nobody waits for', '016c6102ffef'.repeat(400), 'TERMINAL_FLOODED'],
    ['a record that begins with no AID', '00ffef', 'TERMINAL_PROTOCOL'],
    ['a subnegotiation without end', `fffa18${'00'.repeat(5_000)}fff0`, 'TERMINAL_PROTOCOL'],
  ])('is cut when it sends %s', async (_, bytes, code) => {
    const { terminal, log, over } = meet(classicScript('IBM-3278-2'), oneShow().application);
    await terminal.next();
    terminal.raw(bytes);
    await over;
    expect(log.lines).toContain(`warn terminal dropped ${code}`);
  });

  it('is told why when its terminal type is not one of 3270', async () => {
    const { terminal, log, over } = meet(classicScript('XTERM'), never);
    expect(await terminal.next()).toBe('closed');
    await over;
    expect(log.lines).toEqual(['warn terminal refused TERMINAL_NOT_3270']);
  });
});

describe('the keep-alive', () => {
  const settings = { keepAliveMs: 1_000 };

  it('asks an idle terminal for a timing mark, and not one that was heard', async () => {
    const { terminal, clock, over } = meet(classicScript('IBM-3278-2'), oneShow().application, settings);
    await terminal.next();
    // What the negotiation sent counts as heard for the first interval.
    clock.advance(1_000);
    clock.advance(1_000);
    expect(await terminal.next()).toBe('fd06');
    terminal.raw('fffc06');
    terminal.record('6d');
    await over;
  });

  it('cuts a terminal that does not answer it', async () => {
    const { terminal, clock, log, over } = meet(classicScript('IBM-3278-2'), oneShow().application, settings);
    await terminal.next();
    clock.advance(2_000);
    expect(await terminal.next()).toBe('fd06');
    clock.advance(1_000);
    await over;
    expect(log.lines).toContain('warn terminal dropped TERMINAL_SILENT');
  });
});
