import { QUESTION_TYPES } from './codes.ts';

/**
 * What a field of a record's data is. `compressible` is a name that may be compressed on the wire, which only types of
 * RFC 1035 may have (RFC 3597 §4); `seconds` may be written with units; `strings` and `remainder` take all that is left.
 */
export type FieldKind =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'seconds'
  | 'ipv4'
  | 'ipv6'
  | 'name'
  | 'compressible'
  | 'string'
  | 'strings'
  | 'tag'
  | 'remainder'
  | 'hex'
  | 'base64';

interface TypeRow {
  readonly code: number;
  /** In order; the data of a type without fields is kept as bytes. */
  readonly fields?: Readonly<Record<string, FieldKind>>;
}

/** Every type that has a name here. RFC of each in the comment behind it. */
export const RECORD_TYPES = {
  A: { code: 1, fields: { address: 'ipv4' } }, // 1035 §3.4.1
  NS: { code: 2, fields: { target: 'compressible' } }, // 1035 §3.3.11
  CNAME: { code: 5, fields: { target: 'compressible' } }, // 1035 §3.3.1
  SOA: {
    code: 6, // 1035 §3.3.13; `minimum` as 2308 §4 has it
    fields: {
      primary: 'compressible',
      mailbox: 'compressible',
      serial: 'u32',
      refresh: 'seconds',
      retry: 'seconds',
      expire: 'seconds',
      minimum: 'seconds',
    },
  },
  PTR: { code: 12, fields: { target: 'compressible' } }, // 1035 §3.3.12
  HINFO: { code: 13, fields: { cpu: 'string', os: 'string' } }, // 1035 §3.3.2, 8482 §4.2
  MX: { code: 15, fields: { preference: 'u16', exchange: 'compressible' } }, // 1035 §3.3.9
  TXT: { code: 16, fields: { strings: 'strings' } }, // 1035 §3.3.14
  AAAA: { code: 28, fields: { address: 'ipv6' } }, // 3596 §2.2
  SRV: { code: 33, fields: { priority: 'u16', weight: 'u16', port: 'u16', target: 'name' } }, // 2782
  NAPTR: {
    code: 35, // 3403 §4.1
    fields: {
      order: 'u16',
      preference: 'u16',
      flags: 'string',
      services: 'string',
      regexp: 'string',
      replacement: 'name',
    },
  },
  DNAME: { code: 39, fields: { target: 'name' } }, // 6672 §2.1
  DS: { code: 43, fields: { keyTag: 'u16', algorithm: 'u8', digestType: 'u8', digest: 'hex' } }, // 4034 §5.1
  SSHFP: { code: 44, fields: { algorithm: 'u8', fingerprintType: 'u8', fingerprint: 'hex' } }, // 4255 §3.1
  RRSIG: { code: 46 }, // 4034 §3
  NSEC: { code: 47 }, // 4034 §4
  DNSKEY: { code: 48, fields: { flags: 'u16', protocol: 'u8', algorithm: 'u8', key: 'base64' } }, // 4034 §2.1
  NSEC3: { code: 50 }, // 5155 §3
  NSEC3PARAM: { code: 51 }, // 5155 §4
  TLSA: { code: 52, fields: { usage: 'u8', selector: 'u8', matchingType: 'u8', association: 'hex' } }, // 6698 §2.1
  SVCB: { code: 64 }, // 9460 §2
  HTTPS: { code: 65 }, // 9460 §9
  CAA: { code: 257, fields: { flags: 'u8', tag: 'tag', value: 'remainder' } }, // 8659 §4.1
} as const satisfies Readonly<Record<string, TypeRow>>;

export type NamedType = keyof typeof RECORD_TYPES;

/** A type by its name, or by its number as RFC 3597 §5 writes it. */
export type RecordType = NamedType | `TYPE${number}`;
/** What a question may ask for. */
export type QuestionType = RecordType | keyof typeof QUESTION_TYPES;

type FieldsOf<T extends NamedType> = (typeof RECORD_TYPES)[T] extends { readonly fields: infer F } ? F : never;
/** Types whose data has fields. */
type StructuredType = { [T in NamedType]: FieldsOf<T> extends never ? never : T }[NamedType];

type FieldValue<K> = K extends 'u8' | 'u16' | 'u32' | 'seconds'
  ? number
  : K extends 'ipv4' | 'ipv6' | 'name' | 'compressible' | 'tag'
    ? string
    : K extends 'strings'
      ? readonly Uint8Array[]
      : Uint8Array;

/** Data of a structured type: numbers, addresses and names as text, strings as bytes. */
export type DataOf<T extends StructuredType> = { readonly type: T } & {
  readonly [F in keyof FieldsOf<T>]: FieldValue<FieldsOf<T>[F]>;
};

/** Data of a type whose inside is not known here. RFC 3597. */
export interface OpaqueData {
  readonly type: Exclude<NamedType, StructuredType> | `TYPE${number}`;
  readonly bytes: Uint8Array;
}

export type RecordData = { [T in StructuredType]: DataOf<T> }[StructuredType] | OpaqueData;

const rows: Readonly<Record<string, TypeRow>> = RECORD_TYPES;
const byCode = new Map<
  number,
  readonly [name: NamedType, fields: readonly (readonly [string, FieldKind])[] | undefined]
>(
  Object.entries(rows).map(([name, { code, fields }]) => [
    code,
    [name as NamedType, fields && Object.entries(fields)] as const,
  ]),
);
const questionNames = new Map<number, keyof typeof QUESTION_TYPES>(
  Object.entries(QUESTION_TYPES).map(([name, code]) => [code, name as keyof typeof QUESTION_TYPES]),
);

/** The name of a type of records, or `TYPE` and its number. */
export function typeName(code: number): RecordType {
  return byCode.get(code)?.[0] ?? `TYPE${code}`;
}

/** As `typeName`, with the types that only a question may have. */
export function questionTypeName(code: number): QuestionType {
  return questionNames.get(code) ?? typeName(code);
}

/** The number of a type by its name, in any case; undefined for what is none. */
export function typeCode(name: string): number | undefined {
  const upper = name.toUpperCase();
  if (Object.hasOwn(rows, upper)) return rows[upper]?.code;
  if (Object.hasOwn(QUESTION_TYPES, upper)) return QUESTION_TYPES[upper as keyof typeof QUESTION_TYPES];
  const number = /^TYPE(\d{1,5})$/.exec(upper)?.[1];
  return number !== undefined && Number(number) <= 0xffff ? Number(number) : undefined;
}

/** The fields of a type in order; undefined for one that is kept as bytes. */
export function fieldsOf(code: number): readonly (readonly [string, FieldKind])[] | undefined {
  return byCode.get(code)?.[1];
}
