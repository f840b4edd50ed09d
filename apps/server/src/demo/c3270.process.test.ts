import { createScope } from '@roundhouse/core';
import { isInstalled, openTmux, tmuxAvailable } from '@roundhouse/testing';
import { APL, CELL_CHARSET, charOf, charsetOf, isNondisplay, openSession, type Session } from '@roundhouse/tn3270';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoHost, startDemoHost } from './demoHost.ts';

/** What a person sees of a session's screen, row by row. */
function seen({ screen, codePage }: Session): string[] {
  return Array.from({ length: screen.rows }, (_, row) =>
    Array.from({ length: screen.columns }, (__, column) => {
      const address = row * screen.columns + column;
      const cell = screen.cells[address] as number;
      if (cell < 0 || isNondisplay(screen.attributeAt(address))) return ' ';
      const page = charsetOf(cell) === CELL_CHARSET.Base ? codePage : APL;
      return String.fromCodePoint(page.toUnicode(charOf(cell)) || 0x20);
    })
      .join('')
      .trimEnd(),
  );
}

describe.skipIf(!isInstalled('c3270') || !tmuxAvailable())('our client and c3270 at the same application', () => {
  const scope = createScope();
  let host: DemoHost;

  beforeAll(async () => {
    host = await startDemoHost({ port: 0, name: 'HOST' });
  });
  afterAll(async () => {
    await host.close();
    scope.end();
  });

  it.each([
    ['3279-2', '', {}],
    ['3279-4', 'N:', { compat: { tn3270e: false } }],
  ])('show the same to a person (%s %s)', { timeout: 60_000 }, async (model, prefix, options) => {
    const address = `${prefix}127.0.0.1:${host.port}`;
    await using terminal = await openTmux(['c3270', '-xrm', 'c3270.menuBar: false', '-model', model, address], {
      columns: 82,
      rows: 46,
      environment: { TERM: 'tmux-256color', LC_ALL: 'C.UTF-8' },
    });
    await using session = await openSession(
      { ...options, host: '127.0.0.1', port: host.port, model: `${model}-E` },
      scope,
    );
    const act = async (steps: readonly string[], title: string): Promise<void> => {
      for (const step of steps) {
        const isKey = /^(Tab|Enter|F\d+)$/.test(step);
        if (isKey) await terminal.press(step);
        else await terminal.type(step);
        if (isKey) session.perform({ type: 'key', key: step.replace(/^F/, 'PF') as 'Enter' });
        else session.perform({ type: 'text', text: step });
      }
      await session.waitFor({ for: 'text', text: title }, scope.child({ timeoutMs: 10_000 }));
      await session.waitFor({ for: 'unlocked' }, scope.child({ timeoutMs: 10_000 }));
      // The logon screen names the LU and the terminal, which are each connection's own.
      const common = (lines: readonly string[]): string[] =>
        lines.map((line) => (line.includes('TERMINAL') ? '' : line));
      const rows = common(seen(session));
      // A title may have been there before, and a pane is drawn piece by piece.
      await expect
        .poll(async () => common((await terminal.waitFor(title)).slice(0, rows.length)), {
          timeout: 5_000,
          message: title,
        })
        .toEqual(rows);
    };
    await act([], 'USER ID');
    await act(['joe', 'Tab', 'demo', 'Enter'], 'OPTION ==>');
    await act(['1', 'Enter'], 'ACCOUNT INQUIRY');
    await act(['10001007', 'Enter'], 'ABBOTT, GRACE');
    await act(['F3'], 'OPTION ==>');
    await act(['3', 'Enter'], 'OF 120');
    await act(['F3'], 'OPTION ==>');
    await act(['4', 'Enter'], 'REVERSE');
  });
});
