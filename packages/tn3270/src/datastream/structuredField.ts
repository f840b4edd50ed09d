import type { ConformanceRow } from '../conformance.ts';

/** Outbound structured fields, by the id in their third byte. GA23-0059-07 ch. 5. */
export const STRUCTURED_FIELDS = {
  ReadPartition: { code: 0x01, mnemonic: 'Read Partition', source: 'GA23-0059-07 §5.16', support: 'full' },
  EraseReset: { code: 0x03, mnemonic: 'Erase/Reset', source: 'GA23-0059-07 §5.9', support: 'full' },
  SetReplyMode: { code: 0x09, mnemonic: 'Set Reply Mode', source: 'GA23-0059-07 §5.21', support: 'full' },
  CreatePartition: {
    code: 0x0c,
    mnemonic: 'Create Partition',
    source: 'GA23-0059-07 §5.6',
    support: 'full',
    note: 'partition 0 only: the buffer keeps its size and the cursor goes home, as in the reference',
  },
  Outbound3270DS: {
    code: 0x40,
    mnemonic: 'Outbound 3270DS',
    source: 'GA23-0059-07 §5.15',
    support: 'full',
    note: 'partition 0; W, EW, EWA, EAU',
  },
  TransferData: {
    code: 0xd0,
    mnemonic: 'Transfer Data',
    source: 'GA23-0059-07 §5.24',
    support: 'ignored',
    note: 'file transfer is not spoken yet: the field is passed over as by an emulator with no transfer under way',
  },
} as const satisfies Record<string, ConformanceRow>;

/** Types of Read Partition. GA23-0059-07 §5.16. */
export const READ_PARTITION = {
  Query: 0x02,
  QueryList: 0x03,
  ReadModifiedAll: 0x6e,
  ReadBuffer: 0xf2,
  ReadModified: 0xf6,
} as const;
/** Request types of Query List. GA23-0059-07 §5.16.3. */
export const QUERY_LIST = { List: 0x00, Equivalent: 0x40, All: 0x80 } as const;
/** Erase/Reset: which size follows. */
export const ERASE_RESET = { Default: 0x00, Alternate: 0x80 } as const;

/** One structured field of a WSF record: `record[start … end)`, length bytes and id included. */
export interface FieldRange {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts a WSF record into its fields, from `start`. A length of 0 means "to the end of the record". `whole` is false when
 * a field was shorter than its id or longer than the record: what stands before it is still good.
 */
export function structuredFields(record: Uint8Array, start: number): { fields: FieldRange[]; whole: boolean } {
  const fields: FieldRange[] = [];
  let at = start;
  while (at < record.length) {
    const left = record.length - at;
    if (left < 2) return { fields, whole: false };
    const length = ((record[at] as number) << 8) | (record[at + 1] as number) || left;
    if (length < 3 || length > left) return { fields, whole: false };
    fields.push({ id: record[at + 2] as number, start: at, end: at + length });
    at += length;
  }
  return { fields, whole: true };
}
