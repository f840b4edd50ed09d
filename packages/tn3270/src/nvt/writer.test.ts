import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLOR } from '../datastream/attribute.ts';
import { backgroundOf, FIELD, foregroundOf, highlightOf } from '../screen/cell.ts';
import { Screen } from '../screen/screen.ts';
import { NVT_FUNCTIONS, type NvtFunction, PRIVATE_MODES } from './function.ts';
import { NvtWriter } from './writer.ts';

const ROWS = 5;
const COLUMNS = 10;

interface Bench {
  readonly screen: Screen;
  readonly writer: NvtWriter;
  readonly answers: string[];
  bells(): number;
  /** Rows without blanks at their ends; an empty cell shows as a space. */
  rows(): string[];
  /** Row and column of the cursor, from 1. */
  cursor(): [row: number, column: number];
}

function bench(text = '', size = { rows: ROWS, columns: COLUMNS }): Bench {
  const screen = new Screen(size);
  const answers: string[] = [];
  let bells = 0;
  const writer = new NvtWriter(screen, {
    answer: (bytes) => answers.push(new TextDecoder().decode(bytes)),
    bell: () => {
      bells++;
    },
  });
  writer.write(new TextEncoder().encode(text));
  const character = (address: number): string => String.fromCodePoint(screen.unicodeAt(address) || 0x20);
  return {
    screen,
    writer,
    answers,
    bells: () => bells,
    rows: () =>
      Array.from({ length: screen.rows }, (_, row) =>
        Array.from({ length: screen.columns }, (_, column) => character(row * screen.columns + column))
          .join('')
          .trimEnd(),
      ),
    cursor: () => [Math.floor(screen.cursor / screen.columns) + 1, (screen.cursor % screen.columns) + 1],
  };
}

const write = (target: Bench, text: string): void => target.writer.write(new TextEncoder().encode(text));

/** Fills the page with a letter a row: A, B, C, … */
const LETTERS = ['A', 'B', 'C', 'D', 'E'].map((letter, row) => `\x1b[${row + 1}H${letter.repeat(3)}`).join('');

type Vector = [behaviour: string, text: string, rows: string[], cursor: [number, number]];

describe('NvtWriter', () => {
  describe('printing and C0 controls (ECMA-48 §8.3, DEC STD 070, RFC 854)', () => {
    it.each<Vector>([
      ['prints', 'abc', ['abc'], [1, 4]],
      ['prints beyond ASCII', 'é€漢', ['é€漢'], [1, 5]],
      ['returns and feeds', 'ab\r\ncd', ['ab', 'cd'], [2, 3]],
      ['feeds without a return', 'ab\ncd', ['ab', '  cd'], [2, 5]],
      ['feeds by VT', 'ab\x0bc', ['ab', '  c'], [2, 4]],
      ['clears and homes by FF', 'ab\r\ncd\x0ce', ['e'], [1, 2]],
      ['backspaces no further than the first column', 'ab\b\b\bc', ['cb'], [1, 2]],
      ['tabs to every eighth column, then to the last', 'a\tb\tc', ['a       bc'], [1, 10]],
      ['scrolls at the end of the page', '1\r\n2\r\n3\r\n4\r\n5\r\n6', ['2', '3', '4', '5', '6'], [5, 2]],
      ['holds the cursor in the last column', '0123456789', ['0123456789'], [1, 10]],
      ['wraps with the next character', '0123456789a', ['0123456789', 'a'], [2, 2]],
      ['forgets the wrap at a return', '0123456789\ra', ['a123456789'], [1, 2]],
      ['takes one step left for the wrap alone', '0123456789\x1b[Da', ['012345678a'], [1, 10]],
      ['forgets the wrap at a tab', '0123456789\ta', ['012345678a'], [1, 10]],
      ['overprints the last column without autowrap', '\x1b[?7l0123456789ab', ['012345678b'], [1, 10]],
      ['wraps again with autowrap', '\x1b[?7l\x1b[?7h0123456789a', ['0123456789', 'a'], [2, 2]],
      ['wraps below the scrolling region', '\x1b[1;2r\x1b[4H0123456789a', ['', '', '', '0123456789', 'a'], [5, 2]],
      ['backspaces into the row above in reverse-wrap mode', '\x1b[?45hab\r\n\bc', ['ab       c'], [1, 10]],
      ['backspaces no further than the region in reverse-wrap mode', '\x1b[?45h\x1b[2;4r\x1b[2H\bc', ['', 'c'], [2, 2]],
      ['returns at a feed in new-line mode', '\x1b[20hab\ncd', ['ab', 'cd'], [2, 3]],
      ['inserts in insert mode', 'abc\r\x1b[4hXY\x1b[4lZ', ['XYZbc'], [1, 4]],
      ['loses what is pushed out in insert mode', '0123456789\r\x1b[4hX', ['X012345678'], [1, 2]],
    ])('%s', (_, text, rows, cursor) => {
      const target = bench(text);
      expect(target.rows()).toEqual([...rows, ...Array(ROWS - rows.length).fill('')]);
      expect(target.cursor()).toEqual(cursor);
    });

    it('rings', () => {
      expect(bench('\x07a\x07').bells()).toBe(2);
    });

    it('returns at a feed when the session asks for it', () => {
      const target = bench('ab');
      target.writer.lineFeedReturns = true;
      write(target, '\nc');
      expect(target.rows().slice(0, 2)).toEqual(['ab', 'c']);
    });

    it('gives what scrolls in on the whole page the present colours', () => {
      const { screen } = bench('\x1b[5H\x1b[1;44m\n');
      expect(backgroundOf(screen.cells[screen.size - 1] as number)).toBe(COLOR.Blue);
      expect(highlightOf(screen.cells[screen.size - 1] as number)).toBe(0);
    });
  });

  describe('wide characters (UAX #11)', () => {
    it.each<Vector>([
      ['take two cells', '漢a', ['漢 a'], [1, 4]],
      ['wrap when one cell is left', '012345678漢', ['012345678', '漢'], [2, 3]],
      ['are left out when one cell is left and nothing wraps', '\x1b[?7l012345678漢', ['012345678'], [1, 10]],
      ['go when their right half is overprinted', '漢\x1b[2GX', [' X'], [1, 3]],
      ['go with their left half', '漢\rX', ['X'], [1, 2]],
      ['go when a deletion takes their right half', '漢ab\x1b[2G\x1b[P', [' ab'], [1, 2]],
      ['go when an insertion parts them', '漢ab\x1b[2G\x1b[@', ['   ab'], [1, 2]],
      ['go when an insertion pushes their right half out', '\x1b[9G漢\r\x1b[@', [''], [1, 1]],
    ])('%s', (_, text, rows, cursor) => {
      const target = bench(text);
      expect(target.rows()).toEqual([...rows, ...Array(ROWS - rows.length).fill('')]);
      expect(target.cursor()).toEqual(cursor);
    });
  });

  describe('cursor (ECMA-48 §8.3, DEC STD 070)', () => {
    it.each<[behaviour: string, text: string, cursor: [number, number]]>([
      ['goes home', '\x1b[3;4H\x1b[H', [1, 1]],
      ['goes to a place, counted from 1', '\x1b[3;4H', [3, 4]],
      ['goes to a place by HVP', '\x1b[3;4f', [3, 4]],
      ['stays on the page', '\x1b[99;99H', [5, 10]],
      ['takes 0 for 1', '\x1b[3;4H\x1b[0A\x1b[0C', [2, 5]],
      ['moves up, down, right and left', '\x1b[3;4H\x1b[2A\x1b[3B\x1b[4C\x1b[5D', [4, 3]],
      ['stops at the edges', '\x1b[3;4H\x1b[99A\x1b[99D', [1, 1]],
      ['stops at the other edges', '\x1b[99B\x1b[99C', [5, 10]],
      ['stops at the margins from inside', '\x1b[2;4r\x1b[3H\x1b[9B', [4, 1]],
      ['stops at the top margin from inside', '\x1b[2;4r\x1b[3H\x1b[9A', [2, 1]],
      ['passes no margin from outside', '\x1b[3;4r\x1b[5H\x1b[9A', [3, 1]],
      ['passes no margin from above', '\x1b[3;4r\x1b[2H\x1b[9A', [1, 1]],
      ['stops at the edge below the region', '\x1b[2;3r\x1b[4H\x1b[9B', [5, 1]],
      ['goes to a column', '\x1b[3;4H\x1b[7G', [3, 7]],
      ['goes to a column by HPA and on by HPR', '\x1b[3;4H\x1b[7`\x1b[2a', [3, 9]],
      ['goes to a row and on by VPR', '\x1b[2;4H\x1b[3d\x1b[e', [4, 4]],
      ['goes to the next and preceding lines', '\x1b[2;4H\x1b[2E\x1b[C\x1b[F', [3, 1]],
      ['goes to the next line by NEL', '\x1b[2;4H\x1bE', [3, 1]],
      ['indexes', '\x1b[2;4H\x1bD', [3, 4]],
      ['indexes backwards', '\x1b[2;4H\x1bM', [1, 4]],
      ['homes when margins are set', '\x1b[3;4H\x1b[2;4r', [1, 1]],
      ['counts from the region in origin mode', '\x1b[2;4r\x1b[?6h\x1b[2;3H', [3, 3]],
      ['stays in the region in origin mode', '\x1b[2;4r\x1b[?6h\x1b[9H', [4, 1]],
      ['homes to the page when origin mode ends', '\x1b[2;4r\x1b[?6h\x1b[2;3H\x1b[?6l', [1, 1]],
      ['comes back where it was saved', '\x1b[3;4H\x1b7\x1b[H\x1b8', [3, 4]],
      ['comes back where it was saved by SCOSC', '\x1b[3;4H\x1b[s\x1b[H\x1b[u', [3, 4]],
      ['comes back in the origin mode saved', '\x1b[2;4r\x1b[?6h\x1b7\x1b[?6l\x1b8\x1b[9H', [4, 1]],
      ['goes home when nothing was saved', '\x1b[3;4H\x1b8', [1, 1]],
      ['tabs forward and backward', '\t\x1b[Z\x1b[2I\x1b[2Z', [1, 1]],
      ['stops at a set tab, and not at a cleared one', '\x1b[4G\x1bH\x1b[9G\x1b[g\r\t\x1b[2C\t', [1, 10]],
      ['finds no tab stop after all were cleared', '\x1b[3g\t', [1, 10]],
    ])('%s', (_, text, cursor) => {
      expect(bench(text).cursor()).toEqual(cursor);
    });
  });

  describe('editing (ECMA-48 §8.3, DEC STD 070)', () => {
    it.each<Vector>([
      ['erases to the end of the page', `${LETTERS}\x1b[2;2H\x1b[J`, ['AAA', 'B'], [2, 2]],
      ['erases from the start of the page', `${LETTERS}\x1b[4;2H\x1b[1J`, ['', '', '', '  D', 'EEE'], [4, 2]],
      ['erases the page without moving', `${LETTERS}\x1b[2;2H\x1b[2J`, [], [2, 2]],
      ['erases to the end of the line', '0123456789\x1b[4G\x1b[K', ['012'], [1, 4]],
      ['erases from the start of the line', '0123456789\x1b[4G\x1b[1K', ['    456789'], [1, 4]],
      ['erases the line', '0123456789\x1b[4G\x1b[2K', [], [1, 4]],
      ['erases characters', '0123456789\x1b[4G\x1b[2X', ['012  56789'], [1, 4]],
      ['erases one character by default', '012\r\x1b[X', [' 12'], [1, 1]],
      ['inserts characters', '0123456789\x1b[4G\x1b[2@', ['012  34567'], [1, 4]],
      ['inserts no more than the line holds', '0123456789\x1b[4G\x1b[99@', ['012'], [1, 4]],
      ['deletes characters', '0123456789\x1b[4G\x1b[2P', ['01256789'], [1, 4]],
      ['deletes no more than the line holds', '0123456789\x1b[4G\x1b[99P', ['012'], [1, 4]],
      ['keeps a pending wrap over an edit', '0123456789\x1b[@\x1b[Ka', ['012345678', 'a'], [2, 2]],
      ['inserts lines', `${LETTERS}\x1b[2;2H\x1b[2L`, ['AAA', '', '', 'BBB', 'CCC'], [2, 1]],
      ['deletes lines', `${LETTERS}\x1b[2;2H\x1b[2M`, ['AAA', 'DDD', 'EEE'], [2, 1]],
      ['inserts lines within the region', `${LETTERS}\x1b[2;4r\x1b[3H\x1b[L`, ['AAA', 'BBB', '', 'CCC', 'EEE'], [3, 1]],
      ['deletes lines within the region', `${LETTERS}\x1b[2;4r\x1b[3H\x1b[9M`, ['AAA', 'BBB', '', '', 'EEE'], [3, 1]],
      [
        'edits no line outside of the region',
        `${LETTERS}\x1b[2;4r\x1b[5;2H\x1b[M`,
        ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'],
        [5, 2],
      ],
      ['scrolls the region alone', `${LETTERS}\x1b[2;4r\x1b[4H\n`, ['AAA', 'CCC', 'DDD', '', 'EEE'], [4, 1]],
      ['scrolls the region backwards', `${LETTERS}\x1b[2;4r\x1b[2H\x1bM`, ['AAA', '', 'BBB', 'CCC', 'EEE'], [2, 1]],
      ['does not scroll below the region', `${LETTERS}\x1b[2;4r\x1b[5H\n`, ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'], [5, 1]],
      ['scrolls up without moving', `${LETTERS}\x1b[3;2H\x1b[2S`, ['CCC', 'DDD', 'EEE'], [3, 2]],
      ['scrolls down without moving', `${LETTERS}\x1b[3;2H\x1b[2T`, ['', '', 'AAA', 'BBB', 'CCC'], [3, 2]],
      [
        'takes an empty region for the whole page',
        `${LETTERS}\x1b[4;2r\x1b[5H\n`,
        ['BBB', 'CCC', 'DDD', 'EEE'],
        [5, 1],
      ],
      [
        'takes margins without parameters for the whole page',
        `${LETTERS}\x1b[2;3r\x1b[r\x1b[5H\n`,
        ['BBB', 'CCC', 'DDD', 'EEE'],
        [5, 1],
      ],
      ['repeats the last character', 'ab\x1b[3b', ['abbbb'], [1, 6]],
      ['repeats no more than a row', 'a\x1b[9999b', ['aaaaaaaaaa', 'a'], [2, 2]],
      ['repeats nothing at the start', '\x1b[3b', [], [1, 1]],
    ])('%s', (_, text, rows, cursor) => {
      const target = bench(text);
      expect(target.rows()).toEqual([...rows, ...Array(ROWS - rows.length).fill('')]);
      expect(target.cursor()).toEqual(cursor);
    });
  });

  describe('rendition', () => {
    it('prints with the colours and highlighting set, and erases to none', () => {
      const { screen } = bench('\x1b[1;4;31;44mab\x1b[0mc\x1b[G\x1b[X');
      const [first = 0, second = 0, third = 0] = screen.cells;
      expect(first).toBe(0);
      expect([foregroundOf(second), backgroundOf(second), highlightOf(second)]).toEqual([COLOR.Red, COLOR.Blue, 0xc]);
      expect([foregroundOf(third), backgroundOf(third), highlightOf(third)]).toEqual([0, 0, 0]);
    });

    it('is saved and restored with the cursor', () => {
      const { screen } = bench('\x1b[32m\x1b7\x1b[0m\x1b8a');
      expect(foregroundOf(screen.cells[0] as number)).toBe(COLOR.Green);
    });
  });

  describe('graphic sets (DEC STD 070)', () => {
    it.each([
      ['draws lines with G0', '\x1b(0lqk\x1b(Bq', '┌─┐q'],
      ['draws the whole line-drawing set', '\x1b(0`afgijkl', '◆▒°±␋┘┐┌'],
      ['locks G1 by SO and G0 by SI', '\x1b)0q\x0eq\x0fq', 'q─q'],
      ['knows the pound sign of the United Kingdom set', '#\x1b(A#$\x1b(B#', '#£$#'],
      ['locks G2 and G3', '\x1b*0\x1b+A\x1bnq\x1bo#', '─£'],
      ['shifts a single character to G2 or G3', '\x1b*0\x1b+A\x1bNqq\x1bO##', '─q£#'],
      ['keeps the set for an unknown designation', '\x1b(0\x1b(Zq', '─'],
      ['restores the sets with the cursor', '\x1b(0\x1b7\x1b(B\x1b8q', '─'],
      ['designates ASCII by DECANM', '\x1b(0\x1b[?2hq', 'q'],
      ['leaves characters beyond ASCII alone', '\x1b(0é', 'é'],
    ])('%s', (_, text, row) => {
      expect(bench(text).rows()[0]).toBe(row);
    });
  });

  describe('answers (ECMA-48 §8.3.24, §8.3.35; DEC STD 070)', () => {
    it.each([
      ['says that it is a VT100', '\x1b[c\x1b[0c\x1bZ', ['\x1b[?1;2c', '\x1b[?1;2c', '\x1b[?1;2c']],
      ['gives no answer to an answer', '\x1b[?1;2c\x1b[1c', []],
      ['gives secondary attributes', '\x1b[>c', ['\x1b[>0;0;0c']],
      ['says that it is ready', '\x1b[5n', ['\x1b[0n']],
      ['says where the cursor is', '\x1b[3;4H\x1b[6n', ['\x1b[3;4R']],
      ['says where the cursor is in the region in origin mode', '\x1b[2;4r\x1b[?6h\x1b[2;3H\x1b[6n', ['\x1b[2;3R']],
      ['says the last column while a wrap is pending', '0123456789\x1b[6n', ['\x1b[1;10R']],
      ['says its size', '\x1b[18t', ['\x1b[8;5;10t']],
    ])('%s', (_, text, answers) => {
      expect(bench(text).answers).toEqual(answers);
    });
  });

  describe('alternate buffer', () => {
    it.each([47, 1049])('hides the primary one by mode %i and gives it back with the cursor', (mode) => {
      const target = bench(`ab\x1b[31m\x1b[?${mode}h\x1b[Hxyz`);
      expect(target.rows()[0]).toBe('xyz');
      expect(target.writer.alternateBuffer).toBe(true);
      write(target, `\x1b[0m\x1b[?${mode}lc`);
      expect(target.rows()[0]).toBe('abc');
      expect(foregroundOf(target.screen.cells[2] as number)).toBe(COLOR.Red);
      expect(target.writer.alternateBuffer).toBe(false);
    });

    it('leaves the cursor alone by mode 1047, and saves it by 1048', () => {
      const target = bench('ab\x1b[?1048h\x1b[?1047h\x1b[3;4H\x1b[?1047l');
      expect(target.cursor()).toEqual([3, 4]);
      write(target, '\x1b[?1048l');
      expect(target.cursor()).toEqual([1, 3]);
    });

    it('gives the primary one back after being cleared meanwhile', () => {
      const target = bench('ab\x1b[?1049hx\x0c\x1b[?1049l');
      expect(target.rows()[0]).toBe('ab');
    });

    it('keeps the primary one when entered twice', () => {
      expect(bench('ab\x1b[?1047hx\x1b[?1047hy\x1b[?1047l').rows()[0]).toBe('ab');
    });

    it('gives fields back as fields', () => {
      const target = bench();
      target.screen.cells[3] = FIELD | 0xc0;
      target.screen.changed(true);
      write(target, '\x1b[?1047h');
      expect(target.screen.formatted).toBe(false);
      write(target, '\x1b[?1047l');
      expect(target.screen.fieldStarts).toEqual([3]);
    });
  });

  describe('modes', () => {
    it('tells the input of application cursor keys, and shows and hides the cursor', () => {
      const target = bench('\x1b[?1h\x1b[?25l');
      expect([target.writer.applicationCursorKeys, target.writer.cursorVisible]).toEqual([true, false]);
      write(target, '\x1b[?1;25s\x1b[?1l\x1b[?25h');
      expect([target.writer.applicationCursorKeys, target.writer.cursorVisible]).toEqual([false, true]);
      write(target, '\x1b[?1;25r');
      expect([target.writer.applicationCursorKeys, target.writer.cursorVisible]).toEqual([true, false]);
    });

    it('returns to the initial modes softly, without touching text or position', () => {
      const target = bench('ab\x1b[?1h\x1b[4h\x1b[31m\x1b(0\x1b[2;3r\x1b[?6h\x1b[2;5H\x1b[!p');
      expect(target.cursor()).toEqual([3, 5]);
      write(target, 'q');
      expect(target.rows()).toEqual(['ab', '', '    q', '', '']);
      expect(target.screen.cells[24]).toBe(bench('q').screen.cells[0]);
      expect(target.writer.applicationCursorKeys).toBe(false);
    });

    it('returns to everything initial by RIS', () => {
      const target = bench('ab\x1b[?1049hx\x1b[?1h\x1b[31m\x1b(0\x1b[3g\x1b[2;3r\x1bc\tq');
      expect(target.rows()).toEqual(['        q', '', '', '', '']);
      expect(foregroundOf(target.screen.cells[8] as number)).toBe(0);
      expect([target.writer.alternateBuffer, target.writer.applicationCursorKeys]).toEqual([false, false]);
    });

    it('leaves nothing saved by RIS', () => {
      const target = bench('\x1b[?1h\x1b[?1s\x1b[31m\x1b(0\x1b[3;4H\x1b7\x1bc\x1b[?1r\x1b8q');
      expect(target.writer.applicationCursorKeys).toBe(false);
      expect(target.rows()[0]).toBe('q');
    });

    it('does nothing to restore a mode that stands already', () => {
      expect(bench('\x1b[?1049h\x1b[?1049sab\x1b[?1049r').rows()[0]).toBe('ab');
    });

    it('begins and ends NVT mode as the session says', () => {
      const target = bench('ab\x1b[31m\x1b[?25l\x1b[?1049hx\x1b[');
      target.writer.leave();
      expect(target.rows()[0]).toBe('ab');
      expect([target.writer.cursorVisible, target.writer.alternateBuffer]).toEqual([true, false]);
      write(target, '\x1b[');
      target.writer.reset();
      write(target, 'm');
      expect(target.rows()[0]).toBe('m');
      expect(foregroundOf(target.screen.cells[0] as number)).toBe(0);
    });
  });

  describe('with a screen that others use too', () => {
    it('overwrites fields and says so', () => {
      const target = bench();
      target.screen.cells[0] = FIELD | 0xc0;
      target.screen.changed(true);
      const { version } = target.screen;
      write(target, 'a');
      expect(target.screen.formatted).toBe(false);
      expect(target.screen.version).toBeGreaterThan(version);
    });

    it('goes on where the cursor was put, without a pending wrap', () => {
      const target = bench('0123456789');
      target.screen.moveCursor(3 * COLUMNS);
      write(target, 'a');
      expect(target.rows()[3]).toBe('a');
    });

    it('starts anew on a screen of another size', () => {
      const target = bench('\x1b[2;4r\x1b[?1049h');
      target.screen.resize({ rows: 3, columns: 20 });
      write(target, '\x1b[3H\n\x1b[?1049l\t\tx');
      expect(target.rows()).toEqual(['                x', '', '']);
    });
  });

  it('takes back echoed cells over the start of a row', () => {
    const target = bench('0123456789ab');
    target.writer.rubOut(3);
    expect(target.rows()[0]).toBe('012345678');
    expect(target.cursor()).toEqual([1, 10]);
    write(target, 'x');
    expect(target.rows()[0]).toBe('012345678x');
    target.writer.rubOut(2);
    expect(target.rows()[0]).toBe('01234567');
  });

  describe('tables', () => {
    const sequence = (row: NvtFunction, parameter: string): string =>
      `\x1b${row.introducer === 'CSI' ? '[' : ''}${row.marker}${parameter}${row.intermediate}${String.fromCharCode(row.code)}`;
    /** A parameter that the function knows, where 0 or none is not one. */
    const PARAMETERS: Partial<Record<keyof typeof NVT_FUNCTIONS, string>> = {
      DSR: '5',
      SM: '4',
      RM: '4',
      DECSET: '7',
      DECRST: '7',
      XTSAVE: '7',
      XTRESTORE: '7',
      XTWINOPS: '18',
    };

    it.each(Object.entries(NVT_FUNCTIONS))('know %s', (name, row) => {
      const text = sequence(row, PARAMETERS[name as keyof typeof NVT_FUNCTIONS] ?? '');
      expect(bench(text).writer.unknownSequences).toBe(0);
    });

    it.each(Object.values(PRIVATE_MODES).map((row) => row.code))('know private mode %i', (mode) => {
      expect(bench(`\x1b[?${mode}h\x1b[?${mode}l`).writer.unknownSequences).toBe(0);
    });

    it.each([
      '\x1b[5i',
      '\x1b[3J',
      '\x1b[3K',
      '\x1b[2g',
      '\x1b[?2004h',
      '\x1b[9h',
      '\x1b[7n',
      '\x1b[?c',
      '\x1b%G',
      '\x1b#8',
      '\x1b[1t',
      '\x1b[?2s',
      '\x05',
    ])('do not know %j, which is counted and draws nothing', (text) => {
      const target = bench(text);
      expect(target.writer.unknownSequences).toBe(1);
      expect(target.rows().join('')).toBe('');
      expect(target.answers).toEqual([]);
    });
  });

  describe('any bytes', () => {
    const pieces = fc.constantFrom(
      '\x1b[',
      '\x1b[?',
      '\x1b',
      ';',
      '1049h',
      '1049l',
      'r',
      'H',
      'L',
      'M',
      '@',
      'P',
      'S',
      'T',
      'X',
      'Z',
      'b',
      '4h',
      '6h',
      '7l',
      '45h',
      '\n',
      '\r',
      '\b',
      '\t',
      '\x0c',
      '\x0e',
      '漢',
      '漢字',
      'é',
      '3',
      '12',
      '99999',
    ); // prettier-ignore
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 80 })
        .map((all) => new TextEncoder().encode(all.join(''))),
    );
    const size = fc.record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 12 }) });

    it('never throw, and leave position and cells within the screen', () => {
      fc.assert(
        fc.property(bytes, size, (all, dimensions) => {
          const target = bench('', dimensions);
          target.writer.write(all);
          const { screen } = target;
          expect(screen.cursor).toBeGreaterThanOrEqual(0);
          expect(screen.cursor).toBeLessThan(screen.size);
          expect(screen.cells.length).toBe(dimensions.rows * dimensions.columns);
          for (let address = 0; address < screen.size; address++) {
            expect(screen.unicodeAt(address)).toBeLessThanOrEqual(0x10ffff);
          }
        }),
      );
    });

    it('draw the same however they are cut', () => {
      fc.assert(
        fc.property(bytes, fc.nat(200), size, (all, cut, dimensions) => {
          const whole = bench('', dimensions);
          whole.writer.write(all);
          const parts = bench('', dimensions);
          parts.writer.write(all, 0, Math.min(cut, all.length));
          parts.writer.write(all, Math.min(cut, all.length));
          expect([parts.rows(), parts.cursor(), parts.answers]).toEqual([whole.rows(), whole.cursor(), whole.answers]);
          expect([...parts.screen.cells]).toEqual([...whole.screen.cells]);
          expect(parts.writer.unknownSequences).toBe(whole.writer.unknownSequences);
        }),
      );
    });
  });
});
