import { beforeEach, describe, expect, it } from 'vitest';
import { KEYS, type Key } from '../keyboard/key.ts';
import { Screen } from '../screen/screen.ts';
import { NvtInput } from './input.ts';
import { MAX_LINE_BYTES } from './line.ts';
import { NvtWriter } from './writer.ts';

describe('NvtInput', () => {
  let sent: string[];
  let bells: number;
  let screen: Screen;
  let writer: NvtWriter;
  let input: NvtInput;

  beforeEach(() => {
    sent = [];
    bells = 0;
    screen = new Screen({ rows: 3, columns: 12 });
    writer = new NvtWriter(screen, {
      answer: () => {},
      bell: () => {
        bells++;
      },
    });
    const handler = {
      send: (bytes: Uint8Array) => sent.push(new TextDecoder().decode(bytes)),
      interrupt: () => sent.push('IP'),
      break: () => sent.push('BRK'),
    };
    input = new NvtInput(handler, writer);
  });

  const shown = (): string =>
    Array.from(screen.cells, (_, address) => String.fromCodePoint(screen.unicodeAt(address) || 0x20))
      .join('')
      .trimEnd();

  describe('in character mode', () => {
    beforeEach(() => input.setLineMode(false));

    it('sends text at once and shows nothing', () => {
      input.text('aé');
      input.text('\x03');
      expect(sent).toEqual(['aé', '\x03']);
      expect(shown()).toBe('');
    });

    it('sends nothing for nothing', () => {
      input.text('');
      expect(sent).toEqual([]);
    });

    it('follows a carriage return by NUL unless a line feed follows (RFC 854)', () => {
      input.key('Enter');
      input.text('a\rb\r\nc\n');
      expect(sent).toEqual(['\r\0', 'a\r\0b\r\nc\n']);
    });

    it.each<[Key, string]>([
      ['Up', '\x1b[A'],
      ['Down', '\x1b[B'],
      ['Right', '\x1b[C'],
      ['Left', '\x1b[D'],
      ['Home', '\x1b[H'],
      ['FieldEnd', '\x1b[F'],
      ['PA1', '\x1bOP'],
      ['PA3', '\x1bOR'],
      ['PF1', '\x1bOP'],
      ['PF4', '\x1bOS'],
      ['PF5', '\x1b[15~'],
      ['PF6', '\x1b[17~'],
      ['PF12', '\x1b[24~'],
      ['PF13', '\x1b[25~'],
      ['PF16', '\x1b[29~'],
      ['PF20', '\x1b[34~'],
      ['PF24', '\x1b[38~'],
      ['Clear', '\x1b[2K'],
      ['Tab', '\t'],
      ['Newline', '\n'],
      ['Backspace', '\b'],
      ['Erase', '\b'],
      ['Delete', '\x7f'],
      ['DeleteWord', '\x17'],
      ['DeleteField', '\x15'],
      ['Interrupt', 'IP'],
    ])('sends for %s what the reference emulator sends', (key, text) => {
      expect(input.key(key)).toBe(true);
      expect(sent).toEqual([text]);
    });

    it('sends cursor keys as the host has set them', () => {
      writer.write(new TextEncoder().encode('\x1b[?1h'));
      for (const key of ['Up', 'Left', 'Home', 'PF5'] as const) input.key(key);
      expect(sent).toEqual(['\x1bOA', '\x1bOD', '\x1bOH', '\x1b[15~']);
    });

    it('refuses the keys that have a meaning in 3270 mode alone', () => {
      const refused = KEYS.filter((key) => !input.key(key));
      expect(refused).toEqual([
        'BackTab',
        'Left2',
        'Right2',
        'PreviousWord',
        'NextWord',
        'EraseEOF',
        'EraseInput',
        'Insert',
        'Reset',
        'Dup',
        'FieldMark',
        'Attn',
        'SysReq',
        'CursorSelect',
      ]);
    });
  });

  describe('in line mode', () => {
    it('echoes, and sends the line with CR LF at its end', () => {
      input.text('aé');
      expect([sent, shown()]).toEqual([[], 'aé']);
      input.key('Enter');
      expect(sent).toEqual(['aé\r\n']);
      expect(screen.cursor).toBe(12);
    });

    it('ends a line by CR, LF and CR LF alike', () => {
      input.text('a\rb\nc\r\nd');
      expect(sent).toEqual(['a\r\n', 'b\r\n', 'c\r\n']);
    });

    it('shows controls with a caret and sends them as they are', () => {
      input.text('a\t\x1b');
      input.key('Up');
      expect(shown()).toBe('a^I^[^[[A');
      input.key('Enter');
      expect(sent).toEqual(['a\t\x1b\x1b[A\r\n']);
    });

    it.each<[behaviour: string, text: string, shown: string, line: string]>([
      ['erases a character by ^H', 'abc\b', 'ab', 'ab'],
      ['erases a character by DEL', 'abc\x7f', 'ab', 'ab'],
      ['erases no more than there is', 'a\b\b\bb', 'b', 'b'],
      ['erases both cells of a shown control', 'a\x01\b', 'a', 'a'],
      ['erases both cells of a wide character', 'a漢\b', 'a', 'a'],
      ['erases over the start of a row', '0123456789abcd\b\b\bX', '0123456789aX', '0123456789aX'],
      ['erases a word and the blanks after it by ^W', 'ab cd  \x17', 'ab', 'ab '],
      ['erases the first word by ^W', 'ab\x17', '', ''],
      ['erases the line by ^U', 'abc\x15d', 'd', 'd'],
      ['takes the next character as it is after ^V', 'a\x16\x15\x16\x16b', 'a^U^Vb', 'a\x15\x16b'],
      ['sends a carriage return within a line with NUL', 'a\x16\rb', 'a^Mb', 'a\r\0b'],
      ['erases such a carriage return at once', 'a\x16\rb\b\b', 'a', 'a'],
    ])('%s', (_, text, expected, line) => {
      input.text(text);
      expect(shown()).toBe(expected);
      input.key('Enter');
      expect(sent).toEqual([`${line}\r\n`]);
    });

    it('shows a caret for the literal to come', () => {
      input.text('a\x16');
      expect([shown(), screen.cursor]).toEqual(['a^', 1]);
    });

    it('shows the line again by ^R', () => {
      input.text('ab\x01\x12');
      expect(shown()).toBe('ab^A^R'.padEnd(12) + 'ab^A');
    });

    it('discards the line and interrupts by ^C and the interrupt key, and breaks by ^\\', () => {
      input.text('ab\x03');
      expect(shown()).toBe('ab^C');
      input.text('cd');
      input.key('Interrupt');
      input.text('ef\x1cg\r');
      expect(sent).toEqual(['IP', 'IP', 'BRK', 'g\r\n']);
    });

    it('sends what there is, and the character itself, by ^D', () => {
      input.text('ab\x04');
      expect(sent).toEqual(['ab\x04']);
    });

    it('refuses with the bell what the line cannot hold, and can still end it', () => {
      const most = MAX_LINE_BYTES - 2;
      input.text('x'.repeat(most));
      expect(bells).toBe(0);
      input.text('y');
      expect(bells).toBe(1);
      input.key('Enter');
      expect(sent).toEqual([`${'x'.repeat(most)}\r\n`]);
    });

    it('has room again for what was erased', () => {
      input.text('é'.repeat((MAX_LINE_BYTES - 2) / 2));
      input.text('\bxy');
      expect(bells).toBe(0);
    });

    it('counts the bytes of a character, not the characters', () => {
      input.text('€'.repeat(MAX_LINE_BYTES));
      input.key('Enter');
      expect(new TextEncoder().encode(sent[0]).length).toBeLessThanOrEqual(MAX_LINE_BYTES);
      expect(sent[0]).toBe(`${'€'.repeat(Math.floor((MAX_LINE_BYTES - 2) / 3))}\r\n`);
    });

    it('sends what was typed so far when the host takes over echoing', () => {
      input.text('ab');
      input.setLineMode(false);
      input.text('c');
      expect(sent).toEqual(['ab', 'c']);
      expect(input.lineMode).toBe(false);
    });

    it('forgets the line when reset', () => {
      input.text('ab');
      input.reset();
      input.text('c\r');
      expect(sent).toEqual(['c\r\n']);
    });
  });
});
