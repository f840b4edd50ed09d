import { type NegotiationVerb, TELNET } from './code.ts';
import { indexOfIac } from './iac.ts';

const NOTHING = new Uint8Array(0);

/** `IAC verb option`. RFC 855. */
export function encodeNegotiation(verb: NegotiationVerb, option: number): Uint8Array {
  return Uint8Array.of(TELNET.IAC, verb, option);
}

/** `IAC SB option payload IAC SE` with every IAC of the payload doubled. RFC 855. */
export function encodeSubnegotiation(option: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(3 + payload.length + countIac(payload) + 2);
  bytes[0] = TELNET.IAC;
  bytes[1] = TELNET.SB;
  bytes[2] = option;
  const end = copyDoubled(payload, bytes, 3);
  bytes[end] = TELNET.IAC;
  bytes[end + 1] = TELNET.SE;
  return bytes;
}

/** `header body IAC EOR` with every IAC doubled. A classic record has no header. RFC 885, RFC 2355 §8. */
export function encodeRecord(body: Uint8Array, header: Uint8Array = NOTHING): Uint8Array {
  const bytes = new Uint8Array(header.length + body.length + countIac(header) + countIac(body) + 2);
  const end = copyDoubled(body, bytes, copyDoubled(header, bytes, 0));
  bytes[end] = TELNET.IAC;
  bytes[end + 1] = TELNET.EOR;
  return bytes;
}

/** User data outside records, every IAC doubled. RFC 854. */
export function encodeData(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + countIac(data));
  copyDoubled(data, bytes, 0);
  return bytes;
}

function countIac(bytes: Uint8Array): number {
  let count = 0;
  for (let at = indexOfIac(bytes, 0); at >= 0; at = indexOfIac(bytes, at + 1)) count++;
  return count;
}

/** Copies to `target[at …)` and returns the end. */
function copyDoubled(source: Uint8Array, target: Uint8Array, at: number): number {
  let start = 0;
  let to = at;
  for (let iac = indexOfIac(source, 0); iac >= 0; iac = indexOfIac(source, start)) {
    target.set(source.subarray(start, iac + 1), to);
    to += iac + 1 - start;
    target[to++] = TELNET.IAC;
    start = iac + 1;
  }
  target.set(source.subarray(start), to);
  return to + source.length - start;
}
