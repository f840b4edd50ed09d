import fc from 'fast-check';
import type { Chunks } from './chunks.ts';
import { DO, doubleIac, frameRecord, IAC, OPTION, SB, SE, WILL } from './telnet.ts';
import { joinBytes } from './trace.ts';

/**
 * Streams and records for fuzzing: mostly well formed, so that they reach deep into the engine, with every kind of
 * error mixed in. All are from the host to the emulator; codes of RFC 2355 and GA23-0059-07 stand as numbers, so that
 * a fault of the engine's tables cannot hide itself.
 */
export type Bytes = fc.Arbitrary<Uint8Array>;

const byte = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 255 });
const anyByte = (): Bytes => byte().map((value) => Uint8Array.of(value));
const bytes = (maxLength: number): Bytes => fc.uint8Array({ maxLength });
const constant = (...values: number[]): Bytes => fc.constant(Uint8Array.from(values));
const joined = (...parts: readonly Bytes[]): Bytes => fc.tuple(...parts).map(joinBytes);
const listOf = (part: Bytes, maxLength: number): Bytes => fc.array(part, { maxLength }).map(joinBytes);
/** One of `known` mostly, any byte at times. */
const mostly = (known: readonly number[]): Bytes =>
  fc
    .oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: byte() })
    .map((value) => Uint8Array.of(value));
/** Whole mostly, cut short at times. */
const sometimesCut = (whole: Bytes): Bytes =>
  fc.oneof(
    { weight: 9, arbitrary: whole },
    {
      weight: 1,
      arbitrary: fc.tuple(whole, fc.nat()).map(([all, at]) => all.subarray(0, at % (all.length + 1))),
    },
  );

const KNOWN_OPTIONS: readonly number[] = [0, 1, 3, 6, 24, 25, 31, 39, 40];

// --- 3270 data stream -----------------------------------------------------------------------------------------------

/** Twelve-bit and fourteen-bit addresses on and off any screen. GA23-0059-07 §4.2. */
const bufferAddress = (): Bytes => fc.tuple(byte(), byte()).map((pair) => Uint8Array.from(pair));
/** Attribute types of SA, SFE and MF with a value. */
const attributePair = (): Bytes =>
  joined(
    mostly([0x00, 0xc0, 0xc1, 0xc2, 0x41, 0x42, 0x43, 0x45, 0x46, 0xfe]),
    mostly([0x00, 0xf1, 0xf2, 0xf4, 0xf8, 0x60]),
  );
/** SFE and MF: a count that mostly agrees with the pairs behind it. */
const attributeList = (order: number): Bytes =>
  fc
    .tuple(fc.array(attributePair(), { maxLength: 5 }), fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, 200))
    .map(([pairs, excess]) => joinBytes([Uint8Array.of(order, (pairs.length + excess) & 0xff), ...pairs]));
/** A byte that is neither an order nor a format control. */
const graphic = (): fc.Arbitrary<number> => fc.integer({ min: 0x40, max: 0xfe });

/** One order with its operands, or some text. GA23-0059-07 §4.3. */
export function order(): Bytes {
  return fc.oneof(
    { weight: 6, arbitrary: fc.array(graphic(), { maxLength: 20 }).map((text) => Uint8Array.from(text)) },
    { weight: 4, arbitrary: joined(constant(0x11), bufferAddress()) },
    { weight: 4, arbitrary: joined(constant(0x1d), anyByte()) },
    { weight: 2, arbitrary: attributeList(0x29) },
    { weight: 2, arbitrary: joined(constant(0x28), attributePair()) },
    { weight: 1, arbitrary: attributeList(0x2c) },
    { weight: 1, arbitrary: constant(0x13) },
    { weight: 1, arbitrary: constant(0x05) },
    { weight: 2, arbitrary: joined(constant(0x3c), bufferAddress(), anyByte()) },
    { weight: 1, arbitrary: joined(constant(0x3c), bufferAddress(), constant(0x08), anyByte()) },
    { weight: 1, arbitrary: joined(constant(0x12), bufferAddress()) },
    { weight: 1, arbitrary: joined(constant(0x08), anyByte()) },
    { weight: 1, arbitrary: mostly([0x00, 0x0c, 0x0d, 0x0e, 0x0f, 0x15, 0x19, 0x1c, 0x1e, 0x25, 0x3f, 0xff]) },
    { weight: 1, arbitrary: bytes(4) },
  );
}

/** Write, Erase/Write and Erase/Write Alternate in either code, with WCC and orders; at times cut short. */
export function write3270(): Bytes {
  const command = mostly([0x01, 0xf1, 0x05, 0xf5, 0xf5, 0x0d, 0x7e]);
  return sometimesCut(joined(command, anyByte(), listOf(order(), 24)));
}

/** One structured field with a length that mostly agrees; GA23-0059-07 ch. 5. */
export function structuredField(): Bytes {
  const partition = mostly([0x00, 0xff, 0x01]);
  const body = fc.oneof(
    // Read Partition: Query, Query List, RB, RM, RMA.
    joined(constant(0x01), partition, mostly([0x02, 0x03, 0xf2, 0xf6, 0x6e]), bytes(6)),
    // Erase/Reset
    joined(constant(0x03), mostly([0x00, 0x80])),
    // Set Reply Mode
    joined(constant(0x09), partition, mostly([0x00, 0x01, 0x02]), bytes(4)),
    // Create Partition
    joined(constant(0x0c), bytes(20)),
    // Outbound 3270DS
    joined(constant(0x40), partition, write3270()),
    // Transfer Data: open, close, set cursor, get, insert.
    joined(constant(0xd0), mostly([0x00, 0x41, 0x45, 0x46, 0x47]), mostly([0x04, 0x08, 0x11, 0x12]), bytes(40)),
    bytes(12),
  );
  const excess = fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: -3, max: 300 }) },
  );
  return fc.tuple(body, excess).map(([content, error]) => {
    const length = Math.max(0, content.length + 2 + error);
    return joinBytes([Uint8Array.of(length >> 8, length & 0xff), content]);
  });
}

/** Write Structured Field, in either code. */
export function writeStructuredField(): Bytes {
  return sometimesCut(joined(mostly([0x11, 0xf3]), listOf(structuredField(), 5)));
}

/** Any record of a classic TN3270 host: a write, a structured field, a read, an erase, or noise. */
export function hostRecord(): Bytes {
  return fc.oneof(
    { weight: 8, arbitrary: write3270() },
    { weight: 3, arbitrary: writeStructuredField() },
    { weight: 2, arbitrary: mostly([0x02, 0xf2, 0x06, 0xf6, 0x0e, 0x6e, 0x0f, 0x6f, 0x03]) },
    { weight: 1, arbitrary: bytes(40) },
  );
}

// --- TN3270E --------------------------------------------------------------------------------------------------------

/** The five bytes of RFC 2355 §8.1: data type, request flag, response flag, sequence number. */
export function tn3270eHeader(dataType: Bytes = mostly([0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])): Bytes {
  return joined(dataType, mostly([0, 1, 2]), mostly([0, 1, 2]), anyByte(), anyByte());
}

/** A BIND image as SNA has it, with the bytes that the emulator reads: RU sizes, screen sizes, PLU name. */
export function bindImage(): Bytes {
  const size = mostly([0, 24, 32, 43, 80, 132]);
  const sizes = joined(size, size, size, size, mostly([0x00, 0x02, 0x03, 0x7e, 0x7f]));
  const name = fc.array(graphic(), { maxLength: 9 }).map((letters) => Uint8Array.of(letters.length, ...letters));
  return sometimesCut(
    joined(
      constant(0x31, 0x01, 0x03, 0x03, 0xb1, 0x90, 0x30, 0x80),
      anyByte(),
      anyByte(),
      anyByte(),
      constant(0x87, 0xf8, 0x87, 0, 2, 0x80, 0, 0, 0, 0),
      sizes,
      constant(0, 0),
      name,
    ),
  );
}

/** A TN3270E record: header and a body that mostly suits it; at times cut short. */
export function tn3270eRecord(): Bytes {
  const typed = (dataType: number, body: Bytes): Bytes => joined(tn3270eHeader(constant(dataType)), body);
  return sometimesCut(
    fc.oneof(
      { weight: 8, arbitrary: typed(0, hostRecord()) },
      { weight: 2, arbitrary: typed(3, bindImage()) },
      { weight: 1, arbitrary: typed(4, mostly([0x01, 0x02, 0x0f])) },
      { weight: 1, arbitrary: typed(5, bytes(40)) },
      { weight: 1, arbitrary: typed(7, bytes(40)) },
      { weight: 1, arbitrary: typed(2, bytes(2)) },
      { weight: 3, arbitrary: joined(tn3270eHeader(), bytes(20)) },
    ),
  );
}

// --- telnet ---------------------------------------------------------------------------------------------------------

/** WILL, WONT, DO, DONT with an option that is spoken, or with any. */
export function negotiation(): Bytes {
  return joined(
    constant(IAC),
    fc.integer({ min: 0xfb, max: 0xfe }).map((verb) => Uint8Array.of(verb)),
    mostly(KNOWN_OPTIONS),
  );
}

/** A subnegotiation of an option that is spoken, with a body that mostly suits it; at times without its end. */
export function subnegotiation(): Bytes {
  const name = fc.string({ minLength: 0, maxLength: 10 }).map((text) => Uint8Array.from(Buffer.from(text, 'latin1')));
  const body = fc.oneof(
    // TERMINAL-TYPE SEND, RFC 1091
    constant(OPTION.TerminalType, 1),
    // NEW-ENVIRON SEND with variables, RFC 1572
    joined(constant(39, 1), listOf(joined(mostly([0, 3]), name), 3)),
    // TN3270E SEND DEVICE-TYPE; DEVICE-TYPE IS … CONNECT …; REJECT REASON; FUNCTIONS IS and REQUEST. RFC 2355 §7
    constant(OPTION.Tn3270e, 8, 2),
    joined(constant(OPTION.Tn3270e, 2, 4), name, constant(1), name),
    joined(constant(OPTION.Tn3270e, 2, 6, 5), mostly([0, 1, 2, 3, 4, 5, 6, 7])),
    joined(
      constant(OPTION.Tn3270e, 3),
      mostly([4, 7]),
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 7 }).map((codes) => Uint8Array.from(codes)),
    ),
    joined(mostly(KNOWN_OPTIONS), bytes(12)),
  );
  const ending = fc.oneof({ weight: 9, arbitrary: constant(IAC, SE) }, { weight: 1, arbitrary: constant() });
  return joined(constant(IAC, SB), body.map(doubleIac), ending);
}

/** Items of a telnet stream in any order: negotiation, records, commands, noise. `record` makes the unframed records. */
export function telnetStream(record: Bytes = fc.oneof(hostRecord(), tn3270eRecord())): Bytes {
  return listOf(
    fc.oneof(
      { weight: 3, arbitrary: negotiation() },
      { weight: 3, arbitrary: subnegotiation() },
      { weight: 8, arbitrary: record.map(frameRecord) },
      { weight: 1, arbitrary: joined(constant(IAC), mostly([0xef, 0xf1, 0xf3, 0xf4, 0xf5, 0xf6, 0xf9])) },
      { weight: 1, arbitrary: bytes(8) },
    ),
    12,
  );
}

/** A session that gets into 3270 mode the classic way (RFC 1576) and then receives records. */
export function classicSession(): Bytes {
  const opening = Uint8Array.of(IAC, DO, OPTION.TerminalType, IAC, SB, OPTION.TerminalType, 1, IAC, SE);
  const both = [OPTION.EndOfRecord, OPTION.Binary].flatMap((option) => [IAC, DO, option, IAC, WILL, option]);
  return joined(constant(...opening, ...both), listOf(hostRecord().map(frameRecord), 8));
}

/** A session that gets into TN3270E mode (RFC 2355 §7) with BIND-IMAGE, RESPONSES and SYSREQ, and then receives records. */
export function tn3270eSession(): Bytes {
  const device = Buffer.from('IBM-3278-4-E\u0001LU1', 'latin1');
  const opening = joinBytes([
    Uint8Array.of(IAC, DO, OPTION.Tn3270e),
    Uint8Array.of(IAC, SB, OPTION.Tn3270e, 8, 2, IAC, SE),
    Uint8Array.of(IAC, SB, OPTION.Tn3270e, 2, 4, ...device, IAC, SE),
    Uint8Array.of(IAC, SB, OPTION.Tn3270e, 3, 4, 0, 2, 4, IAC, SE),
  ]);
  return joined(fc.constant(opening), listOf(tn3270eRecord().map(frameRecord), 8));
}

/** The same bytes in pieces, cut anywhere; pieces may be empty. */
export function chunksOf(whole: Uint8Array): fc.Arbitrary<Chunks> {
  return fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), whole.length];
    return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
  });
}
