import type { ServerStats } from '@roundhouse/net';
import { rcodeName } from '../message/codes.ts';

/** What a server has done since it began; connections are those of TCP, TLS and HTTPS. */
export interface DnsServerStats extends ServerStats {
  readonly udpQueries: number;
  /** Over TCP, TLS and HTTPS. */
  readonly streamQueries: number;
  /** Answers by their code: `{ NOERROR: 1, NXDOMAIN: 2 }`. */
  readonly answers: Readonly<Record<string, number>>;
  /** Answers over UDP that did not fit. */
  readonly truncated: number;
  /** Answers that the response rate held back, those that were sent truncated included. */
  readonly limited: number;
  /** What was no query, and got no answer. */
  readonly ignored: number;
  readonly transfers: number;
  readonly transfersRefused: number;
  readonly notified: number;
  /** Secondaries that did not answer to the last attempt. */
  readonly notifyFailed: number;
}

/** Numbers that grow; cheap enough for every query. */
export class Counters {
  udpQueries = 0;
  streamQueries = 0;
  truncated = 0;
  limited = 0;
  ignored = 0;
  transfers = 0;
  transfersRefused = 0;
  notified = 0;
  notifyFailed = 0;
  readonly #answers = new Float64Array(32);

  answered(rcode: number): void {
    this.#answers[rcode & 31] = (this.#answers[rcode & 31] as number) + 1;
  }

  view(): Omit<DnsServerStats, keyof ServerStats> {
    const { udpQueries, streamQueries, truncated, limited, ignored } = this;
    const { transfers, transfersRefused, notified, notifyFailed } = this;
    const answers: Record<string, number> = {};
    for (const [rcode, count] of this.#answers.entries()) if (count > 0) answers[rcodeName(rcode)] = count;
    return {
      udpQueries,
      streamQueries,
      answers,
      truncated,
      limited,
      ignored,
      transfers,
      transfersRefused,
      notified,
      notifyFailed,
    };
  }
}
