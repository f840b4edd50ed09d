import type { Scope } from '@roundhouse/core';
import { OPCODES, QUESTION_TYPES, RCODES } from '../message/codes.ts';
import { NO_QUERY } from './query.ts';
import type { Responder } from './responder.ts';
import type { Counters } from './stats.ts';
import type { ZoneHistory } from './history.ts';
import type { ZoneTable } from './zoneTable.ts';
import { isNewer } from './history.ts';
import { soaOf } from '../zone/difference.ts';
import type { Zone } from '../zone/zone.ts';
import { changesOf, transferMessages, type TransferQuery, wholeZone } from './transfer.ts';

/** Sends an answer, or one of the many of a transfer; resolves when more may follow. */
export type SendMessage = (message: Uint8Array) => Promise<void>;

export interface StreamDeskDependencies {
  readonly responder: Responder;
  readonly zones: ZoneTable;
  readonly history: ZoneHistory;
  readonly counters: Counters;
  readonly mayTransfer: (host: string) => boolean;
  readonly maxTransfers: number;
  readonly maxUdpBytes: number;
}

/** Answers what comes over streams, transfers of zones among it. */
export class StreamDesk {
  readonly #deps: StreamDeskDependencies;
  #transfers = 0;

  constructor(deps: StreamDeskDependencies) {
    this.#deps = deps;
  }

  /** Answers one query. False for what was none: whoever sent it is not to be trusted with more. */
  async serve(bytes: Uint8Array, host: string, send: SendMessage, scope: Scope): Promise<boolean> {
    const { responder, counters } = this.#deps;
    const query = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const status = responder.read(query);
    if (status === NO_QUERY) {
      counters.ignored += 1;
      return false;
    }
    counters.streamQueries += 1;
    const { type, opcode, ednsVersion } = responder.query;
    const isTransfer = type === QUESTION_TYPES.AXFR || type === QUESTION_TYPES.IXFR;
    if (isTransfer && status === RCODES.NOERROR && opcode === OPCODES.QUERY && ednsVersion === 0) {
      await this.#transfer(query, host, send, scope);
      return true;
    }
    const answer = responder.respond(query, status, false) as Uint8Array;
    counters.answered(responder.rcode);
    await send(answer);
    return true;
  }

  async #transfer(query: Buffer, host: string, send: SendMessage, scope: Scope): Promise<void> {
    const { responder, zones, counters, mayTransfer, maxTransfers, maxUdpBytes } = this.#deps;
    const { key, questionEnd, hasEdns, serial, type } = responder.query;
    const zone = zones.get(key);
    const isAllowed = mayTransfer(host);
    if (zone === undefined || !isAllowed || this.#transfers >= maxTransfers) {
      counters.transfersRefused += 1;
      // Whoever may not have zones does not learn which there are.
      const rcode = !isAllowed || zone !== undefined ? RCODES.REFUSED : RCODES.NOTAUTH;
      const refusal = responder.refuse(query, rcode);
      counters.answered(rcode);
      return send(refusal);
    }
    counters.answered(RCODES.NOERROR);
    counters.transfers += 1;
    this.#transfers += 1;
    const question: TransferQuery = {
      question: query.subarray(0, questionEnd),
      hasEdns,
      udpBytes: maxUdpBytes,
    };
    const records = this.#recordsFor(zone, type === QUESTION_TYPES.IXFR ? serial : undefined);
    try {
      for (const message of transferMessages(records, question)) {
        await send(message);
        scope.throwIfEnded();
      }
    } finally {
      this.#transfers -= 1;
    }
  }

  /** RFC 1995 §2: what has changed, the SOA alone for whoever is up to date, or all. */
  #recordsFor(zone: Zone, serial: number | undefined) {
    if (serial === undefined) return wholeZone(zone);
    if (!isNewer(zone.serial, serial)) return [soaOf(zone)];
    const differences = this.#deps.history.since(zone, serial);
    return differences === undefined ? wholeZone(zone) : changesOf(zone, differences);
  }
}
