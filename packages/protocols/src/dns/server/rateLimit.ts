import type { Clock } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { ipBytes } from '../message/ipAddress.ts';
import type { WireName } from '../message/name.ts';

export interface ResponseRateOptions {
  /** Answers of one kind to one network (/24, /56) a second, 1 … 100,000. */
  readonly perSecond: number;
  /** Of those that are over it, each so many-th is sent as a truncated one, so that a real client asks again over TCP; 0 for none. Default 2. */
  readonly slip?: number;
  /** Networks and kinds that are told apart, 1,024 … 1,048,576. Default 65,536. */
  readonly maxEntries?: number;
}

/** What becomes of an answer over UDP. */
export type RateVerdict = 'send' | 'slip' | 'drop';

/** A network may save up so many seconds of its rate. */
const BURST_SECONDS = 2;

/**
 * Holds back answers that a forged address would be flooded with (as the response rate limiting of BIND does): a bucket
 * for each network and kind of answer, in a table of fixed size, where one that is new takes the place of another.
 */
export class ResponseRate {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #slip: number;
  readonly #mask: number;
  readonly #keys: Uint32Array;
  readonly #tokens: Float32Array;
  readonly #filledAt: Float64Array;
  readonly #overCount: Uint8Array;

  /** Raises NET_OPTION_INVALID. */
  constructor({ perSecond, slip = 2, maxEntries = 65_536 }: ResponseRateOptions, clock: Clock) {
    demand('perSecond', perSecond, 1, 100_000);
    demand('slip', slip, 0, 255);
    demand('maxEntries', maxEntries, 1_024, 1_048_576);
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#slip = slip;
    const size = 2 ** Math.ceil(Math.log2(maxEntries));
    this.#mask = size - 1;
    this.#keys = new Uint32Array(size);
    this.#tokens = new Float32Array(size).fill(perSecond);
    this.#filledAt = new Float64Array(size);
    this.#overCount = new Uint8Array(size);
  }

  /** `kind` tells answers apart: the name, and the code of those that say no, which all are one kind. */
  judge(host: string, name: WireName, rcode: number): RateVerdict {
    const key = hashOf(host, rcode === 0 ? name : String(rcode));
    const at = key & this.#mask;
    const now = this.#clock.monotonic();
    const burst = this.#perSecond * BURST_SECONDS;
    if (this.#keys[at] !== key) {
      this.#keys[at] = key;
      this.#tokens[at] = burst;
      this.#overCount[at] = 0;
    } else {
      const arrived = ((now - (this.#filledAt[at] as number)) * this.#perSecond) / 1_000;
      this.#tokens[at] = Math.min((this.#tokens[at] as number) + arrived, burst);
    }
    this.#filledAt[at] = now;
    if ((this.#tokens[at] as number) >= 1) {
      this.#tokens[at] = (this.#tokens[at] as number) - 1;
      return 'send';
    }
    if (this.#slip === 0) return 'drop';
    const over = ((this.#overCount[at] as number) + 1) % this.#slip;
    this.#overCount[at] = over;
    return over === 0 ? 'slip' : 'drop';
  }
}

/** FNV-1a of the network and the kind. */
function hashOf(host: string, kind: string): number {
  let hash = 0x811c9dc5;
  const add = (byte: number): void => {
    hash = Math.imul(hash ^ byte, 0x01000193);
  };
  const bytes = ipBytes(host) ?? new Uint8Array();
  for (let at = 0; at < (bytes.length === 4 ? 3 : 7); at += 1) add(bytes[at] ?? 0);
  for (let at = 0; at < kind.length; at += 1) add(kind.charCodeAt(at));
  return hash >>> 0;
}

function demand(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const reason = `${name} of the response rate is ${value}, and must be a whole number from ${least} to ${most}`;
  throw netError('NET_OPTION_INVALID', { details: { reason } });
}
