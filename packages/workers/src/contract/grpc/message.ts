/**
 * Messages of Protocol Buffers (proto3), as far as the contract of workers and the health service of gRPC need them.
 * https://protobuf.dev/programming-guides/encoding/
 */

interface FieldTypes {
  string: string;
  bool: boolean;
  /** A varint: uint32, uint64 up to 2^53, enum. */
  number: number;
  double: number;
  /** `map<string, string>` */
  map: Readonly<Record<string, string>>;
}

type ScalarKind = keyof FieldTypes;

/** One field; `many` for `repeated` messages. */
export type Field =
  | { readonly number: number; readonly kind: ScalarKind }
  | { readonly number: number; readonly many: MessageType<never> | MessageType<object> };

type ValueOf<F extends Field> = F extends { readonly many: MessageType<infer T> }
  ? readonly T[]
  : F extends { readonly kind: infer K extends ScalarKind }
    ? FieldTypes[K]
    : never;

export interface MessageType<T> {
  readonly fields: Readonly<Record<string, Field>>;
  encode(message: T): Uint8Array;
  /** A field that is not there has the value that proto3 gives it. Throws a RangeError for bytes that are no message. */
  decode(bytes: Uint8Array): T;
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export function messageType<const F extends Readonly<Record<string, Field>>>(
  fields: F,
): MessageType<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  type Message = { readonly [K in keyof F]: ValueOf<F[K]> };
  return {
    fields,
    encode(message) {
      const writer = new Writer();
      for (const [name, field] of Object.entries(fields)) writer.field(field, message[name] as unknown);
      return writer.bytes();
    },
    decode(bytes) {
      const message: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(fields)) message[name] = emptyOf(field);
      const byNumber = new Map(Object.entries(fields).map(([name, field]) => [field.number, [name, field] as const]));
      const reader = new Reader(bytes);
      while (!reader.isAtEnd) {
        const { number, wire } = reader.tag();
        const [name, field] = byNumber.get(number) ?? [];
        if (name === undefined || field === undefined) reader.skip(wire);
        else message[name] = valueOf(reader, field, wire, message[name]);
      }
      return message as Message;
    },
  };
}

function emptyOf(field: Field): unknown {
  if ('many' in field) return [];
  return { string: '', bool: false, number: 0, double: 0, map: {} }[field.kind];
}

function valueOf(reader: Reader, field: Field, wire: number, present: unknown): unknown {
  const expected = wireOf(field);
  if (wire !== expected) throw new RangeError(`field ${field.number} has wire type ${wire}, not ${expected}`);
  if ('many' in field) return [...(present as unknown[]), field.many.decode(reader.lengthDelimited())];
  switch (field.kind) {
    case 'string':
      return textOf(reader.lengthDelimited());
    case 'bool':
      return reader.varint() !== 0;
    case 'number':
      return reader.varint();
    case 'double':
      return reader.double();
    default: {
      const { key, value } = mapEntry.decode(reader.lengthDelimited());
      // A name such as `__proto__` is a key like any other.
      return Object.fromEntries([...Object.entries(present as object), [key, value]]);
    }
  }
}

function wireOf(field: Field): number {
  if ('many' in field) return WIRE.bytes;
  return { string: WIRE.bytes, bool: WIRE.varint, number: WIRE.varint, double: WIRE.fixed64, map: WIRE.bytes }[
    field.kind
  ];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

class Writer {
  readonly #bytes: number[] = [];

  field(field: Field, value: unknown): void {
    if ('many' in field) {
      for (const each of value as readonly never[]) this.#lengthDelimited(field.number, field.many.encode(each));
      return;
    }
    switch (field.kind) {
      case 'string':
        if (value !== '') this.#lengthDelimited(field.number, Buffer.from(value as string, 'utf8'));
        break;
      case 'bool':
      case 'number':
        if (Number(value) !== 0) {
          this.#tag(field.number, WIRE.varint);
          this.#varint(Number(value));
        }
        break;
      case 'double':
        // Negative zero is a value of its own.
        if (!Object.is(value, 0)) {
          const bytes = Buffer.alloc(8);
          bytes.writeDoubleLE(value as number);
          this.#tag(field.number, WIRE.fixed64);
          this.#bytes.push(...bytes);
        }
        break;
      default:
        for (const [key, text] of Object.entries(value as Record<string, string>)) {
          this.#lengthDelimited(field.number, mapEntry.encode({ key, value: text }));
        }
    }
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #tag(number: number, wire: number): void {
    this.#varint(number * 8 + wire);
  }

  #lengthDelimited(number: number, bytes: Uint8Array): void {
    this.#tag(number, WIRE.bytes);
    this.#varint(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
  }

  #varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`${value} is not a whole number from 0 to 2^53`);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes.push((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes.push(rest);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  tag(): { readonly number: number; readonly wire: number } {
    const tag = this.varint();
    return { number: Math.floor(tag / 8), wire: tag % 8 };
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let length = 1; length <= 10; length++) {
      const byte = this.#take(1)[0] as number;
      value += (byte % 0x80) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw new RangeError('a number is above 2^53');
        return value;
      }
      scale *= 0x80;
    }
    throw new RangeError('a number does not end');
  }

  double(): number {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  lengthDelimited(): Uint8Array {
    return this.#take(this.varint());
  }

  skip(wire: number): void {
    if (wire === WIRE.varint) this.varint();
    else if (wire === WIRE.fixed64) this.#take(8);
    else if (wire === WIRE.bytes) this.lengthDelimited();
    else if (wire === WIRE.fixed32) this.#take(4);
    else throw new RangeError(`there is no wire type ${wire}`);
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('the message is cut off');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

const mapEntry = messageType({ key: { number: 1, kind: 'string' }, value: { number: 2, kind: 'string' } });
