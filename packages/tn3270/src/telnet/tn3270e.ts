import type { ConformanceRow, ConformanceTable } from '../conformance.ts';

const RFC = 'RFC 2355';
/** Internet-Draft "TN3270E Functional Extensions", draft-ietf-tn3270e-extensions-04. */
const EXTENSIONS = 'draft-ietf-tn3270e-extensions-04';

/** Words of the TN3270E subnegotiation. */
export const OPERATION = {
  ASSOCIATE: { code: 0, mnemonic: 'ASSOCIATE', source: `${RFC} §7.1`, support: 'none' },
  CONNECT: { code: 1, mnemonic: 'CONNECT', source: `${RFC} §7.1`, support: 'full' },
  DEVICE_TYPE: { code: 2, mnemonic: 'DEVICE-TYPE', source: `${RFC} §7.1`, support: 'full' },
  FUNCTIONS: { code: 3, mnemonic: 'FUNCTIONS', source: `${RFC} §7.2`, support: 'full' },
  IS: { code: 4, mnemonic: 'IS', source: `${RFC} §7`, support: 'full' },
  REASON: { code: 5, mnemonic: 'REASON', source: `${RFC} §7.1`, support: 'full' },
  REJECT: { code: 6, mnemonic: 'REJECT', source: `${RFC} §7.1`, support: 'full' },
  REQUEST: { code: 7, mnemonic: 'REQUEST', source: `${RFC} §7`, support: 'full' },
  SEND: { code: 8, mnemonic: 'SEND', source: `${RFC} §7.1`, support: 'full' },
} as const satisfies Record<string, ConformanceRow>;

/** Why a host rejects a DEVICE-TYPE REQUEST; `error` is this engine's code for it. */
export const REASON = {
  CONN_PARTNER: reason(0, 'CONN-PARTNER', 'TN3270E_REJECTED'),
  DEVICE_IN_USE: reason(1, 'DEVICE-IN-USE', 'LU_IN_USE'),
  INV_ASSOCIATE: reason(2, 'INV-ASSOCIATE', 'TN3270E_REJECTED'),
  INV_NAME: reason(3, 'INV-NAME', 'LU_UNKNOWN'),
  INV_DEVICE_TYPE: reason(4, 'INV-DEVICE-TYPE', 'DEVICE_TYPE_REFUSED'),
  TYPE_NAME_ERROR: reason(5, 'TYPE-NAME-ERROR', 'TN3270E_REJECTED'),
  UNKNOWN_ERROR: reason(6, 'UNKNOWN-ERROR', 'TN3270E_REJECTED'),
  UNSUPPORTED_REQ: reason(7, 'UNSUPPORTED-REQ', 'TN3270E_REJECTED'),
} as const satisfies Record<string, ReasonRow>;

export type ReasonError = 'TN3270E_REJECTED' | 'LU_IN_USE' | 'LU_UNKNOWN' | 'DEVICE_TYPE_REFUSED';

export interface ReasonRow extends ConformanceRow {
  readonly error: ReasonError;
}

/** Functions that both sides must agree upon. */
export const FUNCTION = {
  BIND_IMAGE: { code: 0, mnemonic: 'BIND-IMAGE', source: `${RFC} §7.2`, support: 'full' },
  DATA_STREAM_CTL: { code: 1, mnemonic: 'DATA-STREAM-CTL', source: `${RFC} §7.2`, support: 'refused' },
  RESPONSES: { code: 2, mnemonic: 'RESPONSES', source: `${RFC} §7.2`, support: 'full' },
  SCS_CTL_CODES: { code: 3, mnemonic: 'SCS-CTL-CODES', source: `${RFC} §7.2`, support: 'refused' },
  SYSREQ: { code: 4, mnemonic: 'SYSREQ', source: `${RFC} §7.2`, support: 'full' },
  CONTENTION_RESOLUTION: { code: 5, mnemonic: 'CONTENTION-RESOLUTION', source: EXTENSIONS, support: 'full' },
  SNA_SENSE: { code: 6, mnemonic: 'SNA-SENSE', source: EXTENSIONS, support: 'refused' },
} as const satisfies Record<string, ConformanceRow>;

export type FunctionName = (typeof FUNCTION)[keyof typeof FUNCTION]['mnemonic'];

/** What a record is; first byte of its header. */
export const DATA_TYPE = {
  DATA_3270: { code: 0, mnemonic: '3270-DATA', source: `${RFC} §8.1.1`, support: 'full' },
  SCS_DATA: { code: 1, mnemonic: 'SCS-DATA', source: `${RFC} §8.1.1`, support: 'ignored', note: 'printers only' },
  RESPONSE: { code: 2, mnemonic: 'RESPONSE', source: `${RFC} §8.1.1`, support: 'full', note: 'sent, never expected' },
  BIND_IMAGE: { code: 3, mnemonic: 'BIND-IMAGE', source: `${RFC} §8.1.1`, support: 'full' },
  UNBIND: { code: 4, mnemonic: 'UNBIND', source: `${RFC} §8.1.1`, support: 'full' },
  NVT_DATA: { code: 5, mnemonic: 'NVT-DATA', source: `${RFC} §8.1.1`, support: 'full' },
  REQUEST: { code: 6, mnemonic: 'REQUEST', source: `${RFC} §8.1.1`, support: 'ignored' },
  SSCP_LU_DATA: { code: 7, mnemonic: 'SSCP-LU-DATA', source: `${RFC} §8.1.1`, support: 'full' },
  PRINT_EOJ: { code: 8, mnemonic: 'PRINT-EOJ', source: `${RFC} §8.1.1`, support: 'ignored', note: 'printers only' },
  BID: { code: 9, mnemonic: 'BID', source: EXTENSIONS, support: 'full' },
} as const satisfies Record<string, ConformanceRow>;

/** Bits of the second byte of a header, by data type. */
export const REQUEST_FLAG = {
  ERR_COND_CLEARED: {
    code: 0x00,
    mnemonic: 'ERR-COND-CLEARED',
    source: `${RFC} §8.1.2`,
    support: 'ignored',
    note: 'REQUEST records of printers',
  },
  SEND_DATA: { code: 0x01, mnemonic: 'SEND-DATA', source: EXTENSIONS, support: 'full' },
  KEYBOARD_RESTORE: { code: 0x02, mnemonic: 'KEYBOARD-RESTORE', source: EXTENSIONS, support: 'full' },
  SIGNAL: { code: 0x04, mnemonic: 'SIGNAL', source: EXTENSIONS, support: 'full', note: 'on BID' },
} as const satisfies Record<string, ConformanceRow>;

/** The third byte of a header: which answer the sender of data wants. */
export const RESPONSE_FLAG = {
  NO_RESPONSE: { code: 0, mnemonic: 'NO-RESPONSE', source: `${RFC} §8.1.3`, support: 'full' },
  ERROR_RESPONSE: { code: 1, mnemonic: 'ERROR-RESPONSE', source: `${RFC} §8.1.3`, support: 'full' },
  ALWAYS_RESPONSE: { code: 2, mnemonic: 'ALWAYS-RESPONSE', source: `${RFC} §8.1.3`, support: 'full' },
} as const satisfies Record<string, ConformanceRow>;

/** The third byte of a header of a RESPONSE record. */
export const RESPONSE = {
  POSITIVE: { code: 0, mnemonic: 'POSITIVE-RESPONSE', source: `${RFC} §8.1.3`, support: 'full' },
  NEGATIVE: { code: 1, mnemonic: 'NEGATIVE-RESPONSE', source: `${RFC} §8.1.3`, support: 'full' },
  SNA_SENSE: { code: 2, mnemonic: 'SNA-SENSE', source: EXTENSIONS, support: 'none' },
} as const satisfies Record<string, ConformanceRow>;

/** The data byte of a positive response. */
export const DEVICE_END = 0x00;

/** The data byte of a negative response. */
export const NEGATIVE = {
  COMMAND_REJECT: { code: 0, mnemonic: 'COMMAND-REJECT', source: `${RFC} §10.4.1`, support: 'full' },
  INTERVENTION_REQUIRED: {
    code: 1,
    mnemonic: 'INTERVENTION-REQUIRED',
    source: `${RFC} §10.4.1`,
    support: 'none',
    note: 'printers only',
  },
  OPERATION_CHECK: { code: 2, mnemonic: 'OPERATION-CHECK', source: `${RFC} §10.4.1`, support: 'full' },
  COMPONENT_DISCONNECTED: {
    code: 3,
    mnemonic: 'COMPONENT-DISCONNECTED',
    source: `${RFC} §10.4.1`,
    support: 'none',
    note: 'printers only',
  },
} as const satisfies Record<string, ConformanceRow>;

/** Why a host ends an SNA session; the data byte of an UNBIND record. */
export const UNBIND = {
  NORMAL: unbind(0x01, 'normal'),
  BIND_FORTHCOMING: unbind(0x02, 'BIND forthcoming'),
  VR_INOPERATIVE: unbind(0x07, 'virtual route inoperative'),
  RX_INOPERATIVE: unbind(0x08, 'route extension inoperative'),
  HIERARCHICAL_RESET: unbind(0x09, 'hierarchical reset'),
  SSCP_GONE: unbind(0x0a, 'SSCP gone'),
  VR_DEACTIVATED: unbind(0x0b, 'virtual route deactivated'),
  LU_FAILURE_PERMANENT: unbind(0x0c, 'unrecoverable LU failure'),
  LU_FAILURE_TEMPORARY: unbind(0x0e, 'recoverable LU failure'),
  CLEANUP: unbind(0x0f, 'cleanup'),
  BAD_SENSE: unbind(0xfe, 'bad sense code'),
} as const satisfies Record<string, ConformanceRow>;

/** Offsets in a header; the sequence number is big endian. RFC 2355 §8.1. */
export const HEADER = { DataType: 0, RequestFlag: 1, ResponseFlag: 2, Sequence: 3 } as const;
export const HEADER_BYTES = 5;
/** Sequence numbers of each side run from 0 to here. */
export const MAX_SEQUENCE = 0x7fff;

export function encodeHeader(
  dataType: number,
  requestFlag: number,
  responseFlag: number,
  sequence: number,
): Uint8Array {
  return Uint8Array.of(dataType, requestFlag, responseFlag, (sequence >> 8) & 0xff, sequence & 0xff);
}

/** The row of a table by code. */
export function rowOf<R extends ConformanceRow>(table: Readonly<Record<string, R>>, code: number): R | undefined {
  for (const row of Object.values(table)) if (row.code === code) return row;
  return undefined;
}

export const tn3270eTables: readonly ConformanceTable[] = [
  { title: 'TN3270E operations', rows: Object.values(OPERATION) },
  { title: 'TN3270E reject reasons', rows: Object.values(REASON) },
  { title: 'TN3270E functions', rows: Object.values(FUNCTION) },
  { title: 'TN3270E data types', rows: Object.values(DATA_TYPE) },
  { title: 'TN3270E request flags', rows: Object.values(REQUEST_FLAG) },
  { title: 'TN3270E response flags', rows: Object.values(RESPONSE_FLAG) },
  { title: 'TN3270E responses', rows: Object.values(RESPONSE) },
  { title: 'TN3270E negative response codes', rows: Object.values(NEGATIVE) },
  { title: 'UNBIND types', rows: Object.values(UNBIND) },
];

function reason(code: number, mnemonic: string, error: ReasonError): ReasonRow {
  return { code, mnemonic, error, source: `${RFC} §7.1`, support: 'full' };
}

function unbind(code: number, mnemonic: string): ConformanceRow {
  return { code, mnemonic, source: 'GA27-3136-20, UNBIND type', support: 'full' };
}
