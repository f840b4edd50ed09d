import { DATA_TYPE, HEADER, REQUEST_FLAG } from '../telnet/tn3270e.ts';
import type { TelnetClient } from '../telnet/client.ts';
import type { TelnetTrace } from '../telnet/clientContract.ts';
import type { Relay } from './relay.ts';

/** Reads of one host that are under way at a time; no real host has more than one. */
const MAX_WITHHELD = 16;

/** Types that a terminal is sent; NVT data come as text. */
const RELAYED: ReadonlySet<number> = new Set([
  DATA_TYPE.BIND_IMAGE.code,
  DATA_TYPE.UNBIND.code,
  DATA_TYPE.SSCP_LU_DATA.code,
  DATA_TYPE.BID.code,
]);

/** Takes the records of a host off the telnet client, header and all, and hands them to a relay. */
export class RelayTap implements TelnetTrace {
  readonly #telnet: TelnetClient;
  readonly #relay: Relay;
  readonly #next: TelnetTrace | undefined;
  /** Answers of this side to reads that the terminal is to answer, oldest first. */
  readonly #withheld: Uint8Array[] = [];
  /** Whether the host says by SEND-DATA when the terminal may send; asked for at the first record of a connection. */
  #resolvesContention: boolean | undefined;

  /** `next` goes on seeing everything. */
  constructor(telnet: TelnetClient, relay: Relay, next: TelnetTrace | undefined) {
    this.#telnet = telnet;
    this.#relay = relay;
    this.#next = next;
  }

  /** The trace that was there before. */
  get next(): TelnetTrace | undefined {
    return this.#next;
  }

  /** The mode of the connection changed: functions are agreed upon anew. */
  stateChanged(): void {
    this.#resolvesContention = undefined;
  }

  /** Keeps an answer (copied) that the terminal will give. */
  withhold(reply: Uint8Array): void {
    if (this.#withheld.length === MAX_WITHHELD) this.#withheld.shift();
    this.#withheld.push(reply.slice());
  }

  /**
   * Whether a record of the terminal is the answer that is waited for. It begins with the same AID; a key that the
   * terminal sent before it saw the read does not: without a key pressed the answer has none.
   */
  isAnswer(record: Uint8Array): boolean {
    if (this.#withheld[0]?.[0] !== record[0]) return false;
    this.#withheld.shift();
    return true;
  }

  /** Answers that the terminal still owes. */
  takeWithheld(): readonly Uint8Array[] {
    return this.#withheld.splice(0);
  }

  nvtData(bytes: Uint8Array, start: number, end: number): void {
    this.#relay.record(DATA_TYPE.NVT_DATA.code, this.#turn(0), bytes.subarray(start, end), false);
  }

  received(bytes: Uint8Array): void {
    this.#next?.received(bytes);
  }

  recordBegins(): void {
    this.#next?.recordBegins();
  }

  recordEnded(header: Uint8Array, body: Uint8Array, isDataStream: boolean, framed: boolean): void {
    this.#next?.recordEnded(header, body, isDataStream, framed);
    const { state } = this.#telnet;
    if (state === 'connected-3270') {
      this.#relay.record(DATA_TYPE.DATA_3270.code, REQUEST_FLAG.SEND_DATA.code, body, framed);
    } else {
      const dataType = header[HEADER.DataType] as number;
      const isDrawn = dataType === DATA_TYPE.DATA_3270.code && state === 'connected-tn3270e';
      if (!isDrawn && !RELAYED.has(dataType)) return;
      this.#relay.record(dataType, this.#turn(header[HEADER.RequestFlag] as number), body, framed);
    }
  }

  sent(bytes: Uint8Array): void {
    this.#next?.sent(bytes);
  }

  sentRecord(header: Uint8Array, body: Uint8Array, isDataStream: boolean): void {
    this.#next?.sentRecord(header, body, isDataStream);
  }

  #turn(requestFlag: number): number {
    this.#resolvesContention ??= this.#telnet.functions.includes('CONTENTION-RESOLUTION');
    return this.#resolvesContention ? requestFlag : requestFlag | REQUEST_FLAG.SEND_DATA.code;
  }
}
