import { describe, expect, it } from 'vitest';
import type { CodePage } from '../codepage/codePage.ts';
import { AID, type AidByte } from '../datastream/aid.ts';
import { ATTRIBUTES } from '../datastream/attribute.ts';
import { FORMAT_CONTROLS, ORDERS } from '../datastream/order.ts';
import { dumpScreen } from '../screen/dump.ts';
import { parseModel } from './model.ts';
import { Terminal } from './terminal.ts';

/** Letters and digits of code page 037: all that the tests write. */
const LATIN: CodePage = {
  id: '037',
  aliases: [],
  cgcsgid: 0x02b9_0025,
  keyboardType: 'USB',
  toUnicode: (code) => code,
  fromUnicode: (codePoint) =>
    codePoint >= 0x30 && codePoint <= 0x39 ? 0xf0 + codePoint - 0x30 : 0x81 + codePoint - 0x61,
};

function setUp(model = '3279-2-E') {
  const replies: string[] = [];
  const calls: string[] = [];
  let aid: AidByte = AID.None;
  const terminal = new Terminal(
    { model: parseModel(model), codePage: LATIN, rpqName: 'abc12' },
    {
      reply: (record) => replies.push(Buffer.from(record).toString('hex')),
      alarm: () => calls.push('alarm'),
    },
  );
  terminal.attachKeyboard({
    get lastAid() {
      return aid;
    },
    hostWrote: () => calls.push('hostWrote'),
    writeCompleted: (restore) => calls.push(`writeCompleted ${restore}`),
    replyModeSet: (charsets) => calls.push(`charsets ${charsets}`),
    restored: () => calls.push('restored'),
    queryReplied: () => calls.push('queryReplied'),
  });
  const send = (hex: string) => terminal.process(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')));
  return { terminal, replies, calls, send, pressed: (next: AidByte) => (aid = next) };
}

/** The first `cells` tokens of the dump. */
function cellsOf(terminal: Terminal, row = 0, cells = 8): string {
  return (dumpScreen(terminal.screen)[row] as string).split(' ').slice(0, cells).join(' ');
}

describe('write', () => {
  it('draws text from the cursor on and leaves the cursor where it was', () => {
    const { terminal, send } = setUp();
    expect(send('f1 c3 c1c2c3')).toBe('ok');
    expect(cellsOf(terminal, 0, 4)).toBe('c1 c2 c3 00');
    expect(terminal.screen.cursor).toBe(0);
  });

  it('wraps at the end of the buffer', () => {
    const { terminal, send } = setUp();
    send('f5 c3 11 5d7f c1c2');
    expect(dumpScreen(terminal.screen)[23]?.endsWith(' c1')).toBe(true);
    expect(cellsOf(terminal, 0, 2)).toBe('c2 00');
  });

  it('puts the cursor where IC stands, after the whole record', () => {
    const { terminal, send } = setUp();
    send('f5 c3 11 40c5 13 c1');
    expect(terminal.screen.cursor).toBe(5);
  });

  it('keeps the attribute bits of SF, made graphic', () => {
    const { terminal, send } = setUp();
    send('f5 c3 1d 60 1d c8 1d ff');
    expect(cellsOf(terminal, 0, 3)).toBe('SF(c0=e0) SF(c0=c8) SF(c0=fd)');
  });

  it('gives SFE its colours and highlighting, without intensify as the reference', () => {
    const { terminal, send } = setUp();
    send('f5 c3 29 05 c060 42f2 45f1 41fa 43f1');
    expect(cellsOf(terminal, 0, 1)).toBe('SF(c0=e0,42=f2,45=f1,41=f2,43=f1)');
  });

  it('makes SFE without a field attribute an unprotected field', () => {
    const { terminal, send } = setUp();
    send('f5 c3 29 01 42f4');
    expect(cellsOf(terminal, 0, 1)).toBe('SF(c0=c0,42=f4)');
  });

  it('drops colours on a monochrome display', () => {
    const { terminal, send } = setUp('3278-2-E');
    send('f5 c3 29 02 c060 42f2 28 42f1 c1');
    expect(cellsOf(terminal, 0, 2)).toBe('SF(c0=e0) c1');
  });

  it('takes the attributes of SA along until SA resets them', () => {
    const { terminal, send } = setUp();
    send('f5 c3 28 42f2 28 41f1 c1 28 0000 c2');
    expect(cellsOf(terminal, 0, 4)).toBe('SA(42=f2,41=f1) c1 SA(42=00,41=f0) c2');
  });

  it('counts a colour outside F0 to FF as the default', () => {
    const { terminal, send } = setUp();
    send('f5 c3 28 4205 c1');
    expect(cellsOf(terminal, 0, 1)).toBe('c1');
  });

  it('changes with MF what it names and moves on by one', () => {
    const { terminal, send } = setUp();
    send('f5 c3 29 02 c060 42f2');
    send('f1 c3 11 4040 2c 02 c0c8 41f2 c1');
    expect(cellsOf(terminal, 0, 2)).toBe('SF(c0=c8,42=f2,41=f2) c1');
  });

  it('skips the pairs of MF where no field stands', () => {
    const { terminal, send } = setUp();
    expect(send('f5 c3 2c 01 c0c8 c1')).toBe('ok');
    expect(cellsOf(terminal, 0, 1)).toBe('c1');
  });

  it('repeats a character with the attributes in force, over the end of the buffer too', () => {
    const { terminal, send } = setUp();
    send('f5 c3 11 5d7e 28 42f2 3c 40c1 c5');
    expect(dumpScreen(terminal.screen)[23]?.endsWith('SA(42=f2) c5 c5')).toBe(true);
    expect(cellsOf(terminal, 0, 3)).toBe('SA(42=f2) c5 SA(42=00)');
  });

  it('fills the whole buffer when RA ends where it begins', () => {
    const { terminal, send } = setUp();
    send('f5 c3 3c 4040 5c');
    expect(terminal.screen.cells.every((cell) => cell === 0x5c)).toBe(true);
  });

  it('repeats a graphic escape', () => {
    const { terminal, send } = setUp();
    send('f5 c3 3c 40c2 08 ad');
    expect(cellsOf(terminal, 0, 3)).toBe('GE(ad) GE(ad) 00');
  });

  it('erases unprotected characters only with EUA, and keeps their colour', () => {
    const { terminal, send } = setUp();
    send('f5 c3 1d60 c1 1d40 28 42f2 c2 28 0000 1d60 c3');
    send('f1 c3 11 4040 12 40c6');
    expect(cellsOf(terminal, 0, 8)).toBe('SF(c0=e0) c1 SF(c0=c0) SA(42=f2) 00 SF(c0=e0) SA(42=00) c3');
  });

  it('tabs to the next unprotected field and erases the rest of a field after text', () => {
    const { terminal, send } = setUp();
    send('f5 c3 1d60 c1c1c1 1d40 c2c2 1d60');
    send('f1 c3 11 40c1 d1 05 d2');
    expect(cellsOf(terminal, 0, 7)).toBe('SF(c0=e0) d1 00 00 SF(c0=c0) d2 c2');
  });

  it('tabs without erasing right after an order', () => {
    const { terminal, send } = setUp();
    send('f5 c3 1d60 c1c1c1 1d40 c2c2 1d60');
    send('f1 c3 11 40c1 05 d2');
    expect(cellsOf(terminal, 0, 7)).toBe('SF(c0=e0) c1 c1 c1 SF(c0=c0) d2 c2');
  });

  it.each(Object.values(FORMAT_CONTROLS).filter(({ code }) => code !== 0x0f))(
    'stores $mnemonic as it comes',
    ({ code }) => {
      const { terminal, send } = setUp();
      expect(send(`f5 c3 ${code.toString(16).padStart(2, '0')}`)).toBe('ok');
      expect(cellsOf(terminal, 0, 1)).toBe(code.toString(16).padStart(2, '0'));
    },
  );

  it('takes Shift In only after a Shift Out', () => {
    expect(setUp().send('f5 c3 0f')).toBe('bad-address');
    expect(setUp().send('f5 c3 0e c1 0f')).toBe('ok');
    expect(setUp().send('f5 c3 0e c1 0f 0f')).toBe('bad-address');
  });

  it('passes over codes that are no order and counts them', () => {
    const { terminal, send } = setUp();
    expect(send('f5 c3 01 c1 3e c2')).toBe('ok');
    expect(cellsOf(terminal, 0, 2)).toBe('c1 c2');
    expect(terminal.unknownOrders).toBe(2);
  });

  it('restores the keyboard and sounds the alarm when the WCC says so', () => {
    const { calls, send } = setUp();
    send('f1 06');
    expect(calls).toEqual(['hostWrote', 'writeCompleted true', 'alarm']);
  });

  it('resets the modified tags with the WCC', () => {
    const { terminal, send } = setUp();
    send('f5 c2 1dc1 1d40');
    send('f1 01');
    expect(cellsOf(terminal, 0, 2)).toBe('SF(c0=c0) SF(c0=c0)');
  });
});

describe('refused records', () => {
  it.each([
    ['a write without flags', 'f1', 'WCC'],
    ['SBA beyond the buffer', 'f5 c3 c1 11 5d7f 11 5e40', 'SBA'],
    ['RA beyond the buffer', 'f5 c3 c1 3c 5e40 c1', 'RA'],
    ['EUA beyond the buffer', 'f5 c3 c1 12 5e40', 'EUA'],
    ['short SBA', 'f5 c3 c1 11 40', 'SBA'],
    ['short SF', 'f5 c3 c1 1d', 'SF'],
    ['short SFE count', 'f5 c3 c1 29', 'SFE'],
    ['short SFE attribute', 'f5 c3 c1 29 02 c060 42', 'SFE'],
    ['short SA', 'f5 c3 c1 28 42', 'SA'],
    ['short MF count', 'f5 c3 1d60 11 4040 2c', 'MF'],
    ['short MF attribute', 'f5 c3 1d60 11 4040 2c 01 c0', 'MF'],
    ['short RA address', 'f5 c3 c1 3c 40', 'RA'],
    ['short RA character', 'f5 c3 c1 3c 4040', 'RA'],
    ['short RA GE', 'f5 c3 c1 3c 4040 08', 'RA'],
    ['short EUA', 'f5 c3 c1 12 40', 'EUA'],
    ['short GE', 'f5 c3 c1 08', 'GE'],
  ])('%s', (_title, hex, order) => {
    const { terminal, send } = setUp();
    expect(send(hex)).toBe('bad-address');
    expect(terminal.lastFault?.order).toBe(order);
  });

  it('keep what was drawn before the bad order', () => {
    const { terminal, send } = setUp();
    send('f5 c3 c1 11 7f7f c2');
    expect(cellsOf(terminal, 0, 2)).toBe('c1 00');
  });

  it.each([
    ['an unknown command', 'aa'],
    ['an unknown structured field', 'f3 0004 77 00'],
    ['a structured field of two bytes', 'f3 0002'],
    ['a structured field longer than the record', 'f3 0009 01 ff 02'],
    ['a query of one partition', 'f3 0005 01 00 02'],
    ['a read of all partitions', 'f3 0005 01 ff f2'],
    ['an unknown reply mode', 'f3 0005 09 00 07'],
    ['Erase/Reset of an unknown size', 'f3 0004 03 11'],
    ['Outbound 3270DS to another partition', 'f3 0007 40 01 f1 c3 c1'],
    ['Create Partition of another partition', 'f3 0004 0c 01'],
  ])('%s is a bad command', (_title, hex) => {
    expect(setUp().send(hex)).toBe('bad-command');
  });
});

describe('sizes', () => {
  it("are 24 x 80 after EW and the model's own after EWA", () => {
    const { terminal, send } = setUp('3279-5-E');
    send('7e c3');
    expect([terminal.screen.rows, terminal.screen.columns]).toEqual([27, 132]);
    send('f5 c3');
    expect([terminal.screen.rows, terminal.screen.columns]).toEqual([24, 80]);
  });

  it('follow the BIND from the next erase on', () => {
    const { terminal, send } = setUp('3279-4-E');
    terminal.setSizes({ rows: 24, columns: 80 }, { rows: 32, columns: 80 });
    send('7e c3');
    expect(terminal.screen.rows).toBe(32);
    terminal.resetSizes();
    send('7e c3');
    expect(terminal.screen.rows).toBe(43);
  });
});

describe('reads', () => {
  it('send modified fields with their addresses and without NULs', () => {
    const { terminal, replies, send } = setUp();
    send('f5 c3 1dc1 c1 00 c2 1d40 c3 1dc1');
    terminal.sendAid(AID.Enter);
    // Fields at 0, 4 and 6; the last one holds nothing.
    expect(replies).toEqual(['7d4040' + '1140c1c1c2' + '1140c7']);
  });

  it('send the AID alone for PA and Clear, addresses without data for cursor select', () => {
    const { terminal, replies, send } = setUp();
    send('f5 c3 1dc1 c1');
    terminal.sendAid(AID.PA1);
    terminal.sendAid(AID.Clear);
    terminal.sendAid(AID.Select);
    expect(replies).toEqual(['6c', '6d', '7e40401140c1']);
  });

  it('send an unformatted screen whole', () => {
    const { terminal, replies, send } = setUp();
    send('f5 c3 c1 00 c2 08 ad');
    terminal.sendAid(AID.Enter);
    expect(replies).toEqual(['7d4040c1c208ad']);
  });

  it('head a test request', () => {
    const { terminal, replies, send } = setUp();
    send('f5 c3 c1');
    terminal.sendAid(AID.SysReq);
    expect(replies).toEqual(['016c6102c1']);
  });

  it("report the last AID to the host's own reads, and all data to Read Modified All", () => {
    const { replies, send, pressed } = setUp();
    send('f5 c3 1dc1 c1');
    pressed(AID.PA2);
    send('f6');
    send('6e');
    expect(replies).toEqual(['6e', '6e40401140c1c1']);
  });

  it('return SF in field mode, SFE in extended field mode, SA in character mode', () => {
    const { replies, send } = setUp();
    const screen = 'f5 83 29 02 c0c0 42f2 28 41f4 c1 28 0000 c2';
    send(screen);
    send('f2');
    send('f3 0005 09 00 01');
    send('f2');
    send('f3 0007 09 00 02 41 42');
    send('f2');
    expect(replies.map((reply) => reply.slice(0, 30))).toEqual([
      '604040' + '1d40' + 'c1c2' + '0000000000000000',
      '604040' + '2902c04042f2' + 'c1c2' + '00000000',
      '604040' + '2902c04042f2' + '2841f4c1' + '2841',
    ]);
  });

  it('lose the reply mode with an erase whose WCC resets', () => {
    const { terminal, send } = setUp();
    send('f3 0005 09 00 01');
    send('f5 83');
    expect(terminal.replyMode.kind).toBe('extended-field');
    send('f5 c3');
    expect(terminal.replyMode.kind).toBe('field');
  });

  it('through Read Partition report the query reply AID', () => {
    const { replies, send } = setUp();
    send('f5 c3 1dc1 c1');
    expect(send('f3 0005 01 00 6e')).toBe('replied');
    expect(replies).toEqual(['6140401140c1c1']);
  });
});

describe('queries', () => {
  it('are answered with every reply, whose list is the summary', () => {
    const { replies, calls, send } = setUp('3279-4-E');
    expect(send('f3 0005 01 ff 02')).toBe('replied');
    const reply = replies[0] as string;
    expect(reply.startsWith('88000e81808081848586878895a1a6')).toBe(true);
    // Usable area of 43 × 80 cells; RPQ name.
    expect(reply).toContain('0017818101000050002b01000a02e50002006f090c0d70');
    expect(reply).toContain('001281a1000000000000000006818283f1f2');
    expect(calls).toEqual(['queryReplied']);
  });

  it('list what was asked for, in our order, and Null for what is unknown', () => {
    const { replies, send } = setUp();
    send('f3 0008 01 ff 03 00 88 87');
    send('f3 0007 01 ff 03 00 99');
    expect(replies).toEqual(['88000f81870500f0f1f1f2f2f4f4f8f8' + '00078188000102', '88000481ff']);
  });
});

describe('erase all unprotected', () => {
  it('clears input fields and their tags, and moves the cursor to the first', () => {
    const { terminal, calls, send } = setUp();
    send('f5 c1 1d60 c1 1dc1 c2 1d60 c3');
    expect(send('6f')).toBe('ok');
    expect(cellsOf(terminal, 0, 6)).toBe('SF(c0=e0) c1 SF(c0=c0) 00 SF(c0=e0) c3');
    expect(terminal.screen.cursor).toBe(3);
    expect(calls.at(-1)).toBe('restored');
  });
});

describe('SSCP-LU', () => {
  it('draws characters, takes NL as the only control and sends the line typed after them', () => {
    const { terminal, replies } = setUp();
    terminal.writeSscp(Uint8Array.from([0xc1, ORDERS.SF.code, 0x40, 0xc2, 0x15, 0xc3]));
    expect(cellsOf(terminal, 0, 4)).toBe('c1 40 c2 00');
    expect(cellsOf(terminal, 1, 2)).toBe('c3 00');
    expect(terminal.screen.cursor).toBe(81);
    terminal.screen.cells[81] = 0xd1;
    terminal.screen.moveCursor(160);
    terminal.sendSscp();
    expect(replies).toEqual(['d1']);
    terminal.writeSscp(Uint8Array.of(0xc4));
    expect(cellsOf(terminal, 2, 2)).toBe('c4 00');
  });
});

describe('character attributes', () => {
  it('have the codes of the table, in SA and in MF', () => {
    const hex = (code: number): string => code.toString(16).padStart(2, '0');
    const { Foreground, Background, Highlighting, Charset, InputControl, All } = ATTRIBUTES;
    const pairs = [
      [Foreground, 'f2', '42=f2'],
      [Background, 'f3', '45=f3'],
      [Highlighting, 'f4', '41=f4'],
      [Charset, 'f1', '43=f1'],
      [InputControl, '01', 'fe=01'],
    ] as const;
    for (const [{ code }, value, token] of pairs) {
      const { terminal, send } = setUp();
      send(`f5 c3 28 ${hex(code)} ${value} c1 28 ${hex(All.code)} 00 c2 1d60`);
      expect(cellsOf(terminal, 0, 2)).toBe(`SA(${token}) c1`);
      send(`f1 c3 11 40c2 2c 01 ${hex(code)} ${value}`);
      expect(cellsOf(terminal, 0, 5)).toContain(`SF(c0=e0,${token})`);
    }
  });
});
