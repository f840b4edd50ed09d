import type { LockReason } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { createFrame } from './frame.ts';
import { drawOia, type OiaFacts, oiaIsUrgent, oiaMessage } from './oia.ts';
import { PLAIN } from './style.ts';

const QUIET: OiaFacts = {
  connectionState: 'connected-tn3270e',
  lockReason: null,
  insertMode: false,
  typesAhead: false,
  tls: 'none',
  lu: null,
  cursor: { row: 0, column: 0 },
  notice: null,
  remark: null,
};

function line(facts: Partial<OiaFacts>, columns = 80): string {
  const frame = createFrame({ rows: 1, columns }, PLAIN);
  drawOia(frame, 0, { ...QUIET, ...facts }, true);
  return frame.glyphs.join('');
}

const LOCKS: Readonly<Record<LockReason, readonly [message: string, urgent: boolean]>> = {
  protected: ['X Protected', true],
  numeric: ['X Numeric', true],
  overflow: ['X Overflow', true],
  dbcs: ['X DBCS', true],
  minus: ['X -f', true],
  not_connected: ['X Not Connected', true],
  awaiting_first: ['X Connecting', false],
  twait: ['X Wait', false],
  system: ['X SYSTEM', true],
  deferred_unlock: ['X', false],
  enter_inhibit: ['X Wait', false],
  scrolled: ['X Scrolled', false],
  file_transfer: ['X File Transfer', false],
  bid: ['X Wait', false],
};

describe('the operator information area', () => {
  it.each(Object.entries(LOCKS))('tells the lock %s', (reason, [message, urgent]) => {
    const facts = { ...QUIET, lockReason: reason as LockReason };
    expect(oiaMessage(facts).text).toBe(message);
    expect(oiaIsUrgent(facts)).toBe(urgent);
    expect(line(facts)).toContain(`●  ${message} `);
  });

  it.each([
    ['connected-3270', '4A●'],
    ['connected-tn3270e', '4B●'],
    ['connected-sscp', '4BS'],
    ['connected-unbound', '4B?'],
    ['connected-nvt', '4AN'],
    ['connected-nvt-charmode', '4AN'],
    ['connected-e-nvt', '4BN'],
    ['telnet-pending', '4 ?'],
    ['not-connected', '4 ?'],
  ] as const)('begins in state %s with %s', (connectionState, symbols) => {
    expect(line({ connectionState }).slice(0, 3)).toBe(symbols);
  });

  it('tells the step of connecting instead of the lock', () => {
    expect(line({ connectionState: 'telnet-pending', lockReason: 'awaiting_first' })).toContain('X Connecting: TELNET');
  });

  it('prefers a notice, and shows a remark only when nothing else is to say', () => {
    const remark = 'Window 24x80, needs 44x80';
    expect(line({ notice: 'Alt-', lockReason: 'twait', remark })).toContain('  Alt- ');
    expect(line({ lockReason: 'twait', remark })).toContain('X Wait');
    expect(line({ remark })).toContain(remark);
  });

  it('has its indicators at the right end, where they never move', () => {
    expect(line({}).slice(-29)).toBe(`${' '.repeat(21)}001/001 `);
    const all = { lu: 'LU000001', tls: 'verified', typesAhead: true, insertMode: true } as const;
    expect(line({ ...all, cursor: { row: 23, column: 131 } }).slice(-29)).toBe(
      ' LU000001 TLS  T ^ 024/132 '.padStart(29),
    );
    expect(line({ tls: 'unverified' })).toContain(' TLS! ');
  });

  it('cuts a message that is too long one cell before the indicators', () => {
    expect(line({ notice: 'x'.repeat(100), lu: 'LU000001' })).toMatch(/x LU000001 /);
  });

  it('keeps the message and the cursor where the window is narrow', () => {
    const narrow = line({ lockReason: 'not_connected', lu: 'LU000001' }, 40);
    expect(narrow).toMatch(/^4B● {2}X Not Connected +001\/001 $/);
    expect(narrow).toHaveLength(40);
    expect(line({ lockReason: 'not_connected' }, 10)).toHaveLength(10);
  });
});
