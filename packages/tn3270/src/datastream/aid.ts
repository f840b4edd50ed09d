/** Attention identifiers: the first byte of an inbound record. GA23-0059-07 §3.5.6. */
export const AID = {
  None: 0x60,
  QueryReply: 0x61,
  StructuredField: 0x88,
  Enter: 0x7d,
  Clear: 0x6d,
  PA1: 0x6c,
  PA2: 0x6e,
  PA3: 0x6b,
  SysReq: 0xf0,
  /** Cursor select or light pen. */
  Select: 0x7e,
  OperatorIdCard: 0xe6,
  MagneticReader: 0xe7,
  PF1: 0xf1,
  PF2: 0xf2,
  PF3: 0xf3,
  PF4: 0xf4,
  PF5: 0xf5,
  PF6: 0xf6,
  PF7: 0xf7,
  PF8: 0xf8,
  PF9: 0xf9,
  PF10: 0x7a,
  PF11: 0x7b,
  PF12: 0x7c,
  PF13: 0xc1,
  PF14: 0xc2,
  PF15: 0xc3,
  PF16: 0xc4,
  PF17: 0xc5,
  PF18: 0xc6,
  PF19: 0xc7,
  PF20: 0xc8,
  PF21: 0xc9,
  PF22: 0x4a,
  PF23: 0x4b,
  PF24: 0x4c,
} as const;

export type AidName = keyof typeof AID;
export type AidByte = (typeof AID)[AidName];

const NAMES = new Map<number, AidName>(Object.entries(AID).map(([name, code]) => [code, name as AidName]));

export function aidName(code: number): AidName | undefined {
  return NAMES.get(code);
}

/** AIDs that send no data with Read Modified (a short read): the PA keys and Clear. GA23-0059-07 §3.5.6. */
export function isShortRead(aid: number): boolean {
  return aid === AID.PA1 || aid === AID.PA2 || aid === AID.PA3 || aid === AID.Clear;
}
