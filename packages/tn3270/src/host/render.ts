import type { BufferAddress } from '../datastream/address.ts';
import { ATTRIBUTES, FIELD_ATTRIBUTE } from '../datastream/attribute.ts';
import type { Command } from '../datastream/command.ts';
import { WCC } from '../datastream/wcc.ts';
import { type AttributePair, cellsOf, OutboundStream, type TextEncoding } from './encode.ts';
import { hostError } from './errors.ts';
import { decodeFieldText, type InboundRecord } from './inbound.ts';
import {
  type Answer,
  attributeBits,
  type Field,
  isInput,
  type PlacedField,
  runsOf,
  SCREEN_COLORS,
  SCREEN_HIGHLIGHTS,
  type ScreenLayout,
  type TextStyle,
} from './screen.ts';

/** Values by field name; what is left out is shown empty. */
export type ShownValues = Readonly<Partial<Record<string, string>>>;

/** What the terminal at the other end can take. */
export interface Rendering extends TextEncoding {
  /** SFE and SA are understood; otherwise colours and highlights are left away. */
  readonly extended: boolean;
}

export interface WriteOptions {
  readonly alarm: boolean;
  /** Unlock the keyboard. */
  readonly restore: boolean;
}

const SKIP = FIELD_ATTRIBUTE.Protected | FIELD_ATTRIBUTE.Numeric;
const NUL = 0x00;

/** The stream that draws a whole screen. Raises SCREEN_VALUE_INVALID. */
export function renderScreen(
  layout: ScreenLayout,
  values: ShownValues,
  cursor: BufferAddress,
  command: Extract<Command, 'EW' | 'EWA'>,
  options: WriteOptions,
  rendering: Rendering,
): Uint8Array {
  const cells = layout.size.rows * layout.size.columns;
  const stream = new OutboundStream(cells).command(command).wcc(controlBits(options) | WCC.ResetMdt);
  // The address at which the terminal stands: −1 when only an SBA makes it sure.
  let at = -1;
  for (const placed of layout.fields) {
    const { field, attribute, start, end } = placed;
    if (at !== attribute) stream.sba(attribute);
    startField(stream, field, rendering);
    at = start;
    if ('name' in field) {
      const value = checkedValue(placed, values[field.name] ?? '');
      stream.text(value, rendering);
      at += cellsOf(value);
    } else {
      for (const run of runsOf(field.text)) {
        const pairs = rendering.extended ? stylePairs(run) : [];
        for (const [type, value] of pairs) stream.sa(type, value);
        stream.text(run.text, rendering);
        if (pairs.length > 0) stream.sa(ATTRIBUTES.All.code, 0);
      }
      at = end;
    }
    if (placed.closed) {
      if (at !== end) stream.sba(end);
      stream.sf(SKIP);
      at = end + 1;
    }
  }
  return stream.sba(cursor).ic().bytes.slice();
}

/** The stream that changes some named fields of the screen that stands, and nothing that was typed into others. */
export function renderUpdate(
  layout: ScreenLayout,
  values: ShownValues,
  options: WriteOptions,
  rendering: Rendering,
): Uint8Array {
  const stream = new OutboundStream(layout.size.rows * layout.size.columns).command('W').wcc(controlBits(options));
  for (const placed of layout.fields) {
    const value = 'name' in placed.field ? values[placed.field.name] : undefined;
    if (value === undefined) continue;
    stream.sba(placed.start).text(checkedValue(placed, value), rendering);
    const rest = placed.end - placed.start - cellsOf(value);
    const wraps = placed.end === layout.size.rows * layout.size.columns;
    if (rest > 0) stream.ra(wraps ? 0 : placed.end, NUL);
  }
  return stream.bytes.slice();
}

/** Reads an attention record against the screen that was shown. */
export function readAnswer(
  layout: ScreenLayout,
  shown: ShownValues,
  record: Extract<InboundRecord, { kind: 'attention' }>,
  encoding: TextEncoding,
): Answer {
  const sent = new Map(record.fields.map((field) => [field.address, field.bytes]));
  const values: Record<string, string> = {};
  for (const { field, start } of layout.fields) {
    if (!isInput(field)) continue;
    const bytes = sent.get(start);
    // Every input is shown as modified, so that one which does not come back was erased (Erase Input clears the tag).
    const text = bytes === undefined ? '' : decodeFieldText(bytes, encoding.codePage, encoding.apl);
    values[field.name] = record.shortRead ? (shown[field.name] ?? '') : field.keepSpaces === true ? text : text.trim();
  }
  const { columns } = layout.size;
  const cursor = { row: Math.floor(record.cursor / columns) + 1, column: (record.cursor % columns) + 1 };
  return { aid: record.aid, cursor, values };
}

function controlBits(options: WriteOptions): number {
  return (options.alarm ? WCC.SoundAlarm : 0) | (options.restore ? WCC.KeyboardRestore : 0);
}

function startField(stream: OutboundStream, field: Field, rendering: Rendering): void {
  const pairs = rendering.extended ? stylePairs(field) : [];
  if (pairs.length === 0) stream.sf(attributeBits(field));
  else stream.sfe(attributeBits(field), pairs);
}

function stylePairs(style: TextStyle): AttributePair[] {
  const pairs: AttributePair[] = [];
  if (style.highlight !== undefined) pairs.push([ATTRIBUTES.Highlighting.code, SCREEN_HIGHLIGHTS[style.highlight]]);
  if (style.color !== undefined) pairs.push([ATTRIBUTES.Foreground.code, SCREEN_COLORS[style.color]]);
  return pairs;
}

function checkedValue({ field, start, end }: PlacedField, value: string): string {
  const cells = cellsOf(value);
  if (cells > end - start) {
    const name = 'name' in field ? field.name : '';
    const reason = `${cells} characters for ${end - start} cells`;
    throw hostError('SCREEN_VALUE_INVALID', { details: { field: name, reason } });
  }
  return value;
}
