/** Numbers of the protocol by their names. IANA, "Domain Name System (DNS) Parameters". */

export const OPCODES = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const;

/** RFC 1035 §4.1.1, RFC 2136 §2.2; from 16 on with the upper bits in EDNS (RFC 6891 §9). */
export const RCODES = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
} as const;

const rcodeNames = new Map<number, string>(Object.entries(RCODES).map(([name, code]) => [code, name]));

/** `NXDOMAIN`, or `RCODE11` for one without a name here. */
export function rcodeName(code: number): string {
  return rcodeNames.get(code) ?? `RCODE${code}`;
}

export const CLASSES = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

/** Types that only a question may have. */
export const QUESTION_TYPES = { IXFR: 251, AXFR: 252, ANY: 255 } as const;
/** RFC 6891 §6.1.1: no record of a zone. */
export const OPT = 41;
