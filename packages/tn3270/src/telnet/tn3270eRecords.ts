import type { CodePage } from '../codepage/codePage.ts';
import type { Model } from '../terminal/model.ts';
import { parseBindImage } from './bind.ts';
import type { TelnetClientHandler, TelnetCounters } from './clientContract.ts';
import { encodeRecord } from './encode.ts';
import {
  DATA_TYPE,
  DEVICE_END,
  encodeHeader,
  HEADER,
  HEADER_BYTES,
  MAX_SEQUENCE,
  NEGATIVE,
  REQUEST_FLAG,
  RESPONSE,
  RESPONSE_FLAG,
} from './tn3270e.ts';
import type { Submode, Tn3270eNegotiation } from './tn3270eNegotiation.ts';

/** Where records lead: what they hold goes on to the session, answers to the host. */
export interface Tn3270eRecordsHandler
  extends Pick<TelnetClientHandler, 'record' | 'nvtData' | 'bound' | 'unbound' | 'bid' | 'sendData'> {
  /** A response, complete as it is. */
  send(bytes: Uint8Array): void;
  /** A record showed what the host uses the session for; before its contents are handed on. */
  enterSubmode(submode: Submode): void;
}

/** The records of a TN3270E session: their headers, the responses to them, and BIND and UNBIND. RFC 2355 §8. */
export class Tn3270eRecords {
  readonly #display: { readonly codePage: CodePage; readonly model: Model };
  readonly #negotiation: Tn3270eNegotiation;
  readonly #counters: TelnetCounters;
  readonly #handler: Tn3270eRecordsHandler;
  #pluName: string | null = null;
  /** Sequence number of the next record to send. */
  #sequence = 0;
  /** Of the record being carried out: the response wanted, until given, and the number to give it under. */
  #responseWanted: number = RESPONSE_FLAG.NO_RESPONSE.code;
  #responseSequence = 0;

  constructor(
    display: { readonly codePage: CodePage; readonly model: Model },
    negotiation: Tn3270eNegotiation,
    counters: TelnetCounters,
    handler: Tn3270eRecordsHandler,
  ) {
    this.#display = display;
    this.#negotiation = negotiation;
    this.#counters = counters;
    this.#handler = handler;
  }

  /** Name of the bound application, or null. */
  get pluName(): string | null {
    return this.#negotiation.bound ? this.#pluName : null;
  }

  /** Forgets the numbers, as when TN3270E has been negotiated off. */
  reset(): void {
    this.#sequence = 0;
  }

  /** The header of the next record to send. */
  nextHeader(dataType: number): Uint8Array {
    // A reply to a record comes after the response to it.
    if (this.#responseWanted === RESPONSE_FLAG.ALWAYS_RESPONSE.code) this.#respondPositive();
    const header = encodeHeader(dataType, 0, 0, this.#sequence);
    if (this.#negotiation.has('RESPONSES')) this.#sequence = (this.#sequence + 1) & MAX_SEQUENCE;
    return header;
  }

  /** Carries out a record. Types that only printers are sent, and records without a whole header, are ignored. */
  receive(record: Uint8Array): void {
    if (!this.#carryOut(record)) this.#counters.recordsIgnored++;
  }

  #carryOut(record: Uint8Array): boolean {
    if (record.length < HEADER_BYTES) return false;
    const requestFlag = record[HEADER.RequestFlag] as number;
    const responseFlag = record[HEADER.ResponseFlag] as number;
    this.#responseSequence = ((record[HEADER.Sequence] as number) << 8) | (record[HEADER.Sequence + 1] as number);
    const hasBinds = this.#negotiation.has('BIND_IMAGE');
    switch (record[HEADER.DataType]) {
      case DATA_TYPE.DATA_3270.code:
        if (hasBinds && !this.#negotiation.bound) return false;
        this.#dataStream(record.subarray(HEADER_BYTES), requestFlag, responseFlag);
        return true;
      case DATA_TYPE.BIND_IMAGE.code:
        return hasBinds && this.#bind(record.subarray(HEADER_BYTES));
      case DATA_TYPE.UNBIND.code:
        if (!hasBinds) return false;
        this.#unbind(record[HEADER_BYTES]);
        return true;
      case DATA_TYPE.NVT_DATA.code:
        this.#handler.enterSubmode('nvt');
        this.#handler.nvtData(record, HEADER_BYTES, record.length);
        if (responseFlag === RESPONSE_FLAG.ALWAYS_RESPONSE.code) this.#respondPositive();
        return true;
      case DATA_TYPE.SSCP_LU_DATA.code:
        this.#handler.enterSubmode('sscp');
        this.#handler.record(record.subarray(HEADER_BYTES), 'sscp-lu-data', false);
        return true;
      case DATA_TYPE.BID.code:
        if (!this.#negotiation.has('CONTENTION_RESOLUTION')) return false;
        this.#handler.bid((requestFlag & REQUEST_FLAG.SIGNAL.code) !== 0);
        if (responseFlag !== RESPONSE_FLAG.NO_RESPONSE.code) this.#respondPositive();
        return true;
      default:
        return false;
    }
  }

  #dataStream(body: Uint8Array, requestFlag: number, responseFlag: number): void {
    this.#handler.enterSubmode('3270');
    this.#responseWanted = responseFlag;
    const keyboardRestore = (requestFlag & REQUEST_FLAG.KEYBOARD_RESTORE.code) !== 0;
    const outcome = this.#handler.record(body, '3270-data', keyboardRestore);
    if (outcome === 'ok') {
      if (this.#responseWanted === RESPONSE_FLAG.ALWAYS_RESPONSE.code) this.#respondPositive();
    } else if (outcome !== 'replied' && this.#responseWanted !== RESPONSE_FLAG.NO_RESPONSE.code) {
      this.#respondNegative(outcome === 'bad-command' ? NEGATIVE.COMMAND_REJECT.code : NEGATIVE.OPERATION_CHECK.code);
    }
    this.#responseWanted = RESPONSE_FLAG.NO_RESPONSE.code;
    if (!this.#negotiation.has('CONTENTION_RESOLUTION')) return;
    if ((requestFlag & REQUEST_FLAG.SEND_DATA.code) !== 0) this.#handler.sendData();
    else this.#handler.bid(false);
  }

  #bind(image: Uint8Array): boolean {
    const { codePage, model } = this.#display;
    const bind = parseBindImage(image, codePage, model.alternateSize);
    this.#pluName = bind?.pluName ?? null;
    this.#negotiation.bound = true;
    // Bound by something else than a BIND: the first 3270 data will show the submode.
    if (bind === undefined) return false;
    this.#handler.bound(bind);
    this.#handler.enterSubmode('3270');
    return true;
  }

  #unbind(type: number | undefined): void {
    this.#negotiation.bound = false;
    this.#pluName = null;
    this.#handler.unbound(type);
    this.#handler.enterSubmode('unbound');
  }

  #respondPositive(): void {
    this.#responseWanted = RESPONSE_FLAG.NO_RESPONSE.code;
    this.#respond(RESPONSE.POSITIVE.code, DEVICE_END);
  }

  #respondNegative(reason: number): void {
    this.#counters.recordsRefused++;
    this.#respond(RESPONSE.NEGATIVE.code, reason);
  }

  #respond(kind: number, data: number): void {
    const header = encodeHeader(DATA_TYPE.RESPONSE.code, 0, kind, this.#responseSequence);
    this.#handler.send(encodeRecord(Uint8Array.of(data), header));
  }
}
