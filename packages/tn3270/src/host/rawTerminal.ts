import type { Logger, Scope } from '@roundhouse/core';
import type { TlsInfo } from '@roundhouse/net';
import type { CodePage } from '../codepage/codePage.ts';
import { AID } from '../datastream/aid.ts';
import { commandOf } from '../datastream/command.ts';
import { WCC } from '../datastream/wcc.ts';
import type { ScreenSize } from '../screen/screen.ts';
import { TELNET } from '../telnet/code.ts';
import { RecordWriter } from '../telnet/recordWriter.ts';
import {
  DATA_TYPE,
  FUNCTION,
  HEADER,
  HEADER_BYTES,
  MAX_SEQUENCE,
  NEGATIVE,
  REQUEST_FLAG,
  RESPONSE,
  RESPONSE_FLAG,
  rowOf,
  UNBIND,
} from '../telnet/tn3270e.ts';
import type { Model } from '../terminal/model.ts';
import { encodeBindImage } from './bind.ts';
import { hostError } from './errors.ts';
import { isUse } from './inbound.ts';
import type { SessionTerms } from './negotiate.ts';
import { parseQueryReplies, type QueryFacts, READ_PARTITION_QUERY } from './query.ts';
import type { TerminalLine, TerminalService, TerminalServiceFactory } from './service.ts';

/** What a terminal does. Byte arrays are borrowed. */
export interface RawTerminalHandler {
  /** A record, without header: 3270-DATA (all that classic terminals send), SSCP-LU-DATA or NVT-DATA of DATA_TYPE. */
  record(dataType: number, body: Uint8Array): void;
  /** The ATTN key. */
  attention(): void;
  /** The SysReq key of TN3270E; a classic one sends a Test Request record. */
  systemRequest(): void;
  /** The terminal takes more, after `flush` had returned false. */
  drained(): void;
}

/** What a BIND tells a terminal of the session that begins. */
export interface SessionFacts {
  /** Name of the application, or null: the host's own. */
  readonly pluName: string | null;
  readonly defaultSize: ScreenSize;
  /** Undefined when the terminal is to find its own. */
  readonly alternateSize: ScreenSize | undefined;
}

/** A terminal record by record. Its end is the end of its scope. */
export interface RawTerminal {
  readonly peer: string;
  /** `address:port` of this side. */
  readonly local: string;
  readonly tls: TlsInfo | null;
  readonly lu: string;
  /** LU or pool name that it asked for, or null. */
  readonly requestedLu: string | null;
  /** Terminal type as the client named it. */
  readonly deviceType: string;
  readonly model: Model;
  readonly protocol: SessionTerms['protocol'];
  /** Its largest screen; of `IBM-DYNAMIC` what it answered to a query. */
  readonly size: ScreenSize;
  readonly scope: Scope;
  /** Whether BIND and UNBIND reach it. */
  readonly takesBinds: boolean;
  /**
   * When somebody last used it, or it came: monotonic time of its scope, ms. Keys that send, ATTN, SysReq and transfers
   * are use; what the emulator answers by itself, telnet commands and what it is sent are not.
   */
  readonly lastUseAt: number;
  /** Takes the place of the handler before; records that come without one are dropped. */
  handle(handler: RawTerminalHandler): void;
  /** Begins another session: ends the one that stands, where the terminal knows of sessions. */
  bind(facts: SessionFacts): void;
  /** Ends the session that stands, if any. */
  unbind(): void;
  /**
   * Gathers a record for `flush`; `body` is copied. False when the terminal has no use for such a record: a classic one
   * takes 3270-DATA alone, others BIND-IMAGE, UNBIND and BID as agreed. 3270 data in an unbound terminal bind it first.
   * `framed`: the body holds no IAC, and IAC EOR lies behind it in its memory. Default false.
   */
  send(dataType: number, requestFlag: number, body: Uint8Array, framed?: boolean): boolean;
  /** Lets what was gathered go. False: hold back until `drained`. */
  flush(): boolean;
  /** Stops reading from the terminal, until `resume`. */
  pause(): void;
  resume(): void;
  /** Says goodbye: what was sent still arrives. Idempotent. */
  close(): Promise<void>;
}

/** What runs for each terminal; its return or throw ends that session and no other. */
export type RawApplication = (terminal: RawTerminal) => Promise<void>;

export interface RawTerminalOptions {
  readonly codePage: CodePage;
  /** Application name of BINDs that name none. */
  readonly pluName: string;
  /** Longest wait for the answer to the query of a dynamic terminal, ms. */
  readonly replyTimeoutMs: number;
}

/** Commands whose second byte is a write control character. */
const WRITES: ReadonlySet<string | undefined> = new Set(['W', 'EW', 'EWA']);

/** Runs `application` for each terminal, record by record. */
export function rawService(application: RawApplication, options: RawTerminalOptions): TerminalServiceFactory {
  return (terms, line, scope, log) => {
    const terminal = new LineTerminal(terms, line, options, scope, log);
    return Object.assign(terminal, {
      async run() {
        await terminal.begin();
        await application(terminal);
        terminal.flush();
      },
    });
  };
}

class LineTerminal implements RawTerminal, Omit<TerminalService, 'run'> {
  readonly scope: Scope;
  readonly takesBinds: boolean;
  readonly #terms: SessionTerms;
  readonly #line: TerminalLine;
  readonly #options: RawTerminalOptions;
  readonly #log: Logger;
  readonly #resolvesContention: boolean;
  readonly #responds: boolean;
  readonly #gathered = new RecordWriter();
  #handler: RawTerminalHandler | undefined;
  #size: ScreenSize;
  #bound = false;
  #takes = true;
  #sequence = 0;
  #lastUseAt: number;

  constructor(terms: SessionTerms, line: TerminalLine, options: RawTerminalOptions, scope: Scope, log: Logger) {
    this.#terms = terms;
    this.#line = line;
    this.#options = options;
    this.#log = log;
    this.scope = scope;
    this.#lastUseAt = scope.clock.monotonic();
    this.#size = terms.model.alternateSize;
    this.takesBinds = terms.functions.has(FUNCTION.BIND_IMAGE.code);
    this.#resolvesContention = terms.functions.has(FUNCTION.CONTENTION_RESOLUTION.code);
    this.#responds = terms.functions.has(FUNCTION.RESPONSES.code);
  }

  get peer(): string {
    return this.#line.peer;
  }

  get local(): string {
    return this.#line.local;
  }

  get tls(): TlsInfo | null {
    return this.#line.tls;
  }

  get lu(): string {
    return this.#terms.lu;
  }

  get requestedLu(): string | null {
    return this.#terms.requestedLu;
  }

  get deviceType(): string {
    return this.#terms.deviceType;
  }

  get model(): Model {
    return this.#terms.model;
  }

  get protocol(): SessionTerms['protocol'] {
    return this.#terms.protocol;
  }

  get size(): ScreenSize {
    return this.#size;
  }

  get lastUseAt(): number {
    return this.#lastUseAt;
  }

  /** Asks for the size where the terminal type leaves it open. */
  async begin(): Promise<void> {
    const { model } = this.#terms;
    if (!model.dynamic) return;
    const { implicitSizes, usableArea } = await this.#query();
    this.#size = implicitSizes?.alternate ?? usableArea ?? model.defaultSize;
  }

  handle(handler: RawTerminalHandler): void {
    this.#handler = handler;
  }

  bind({ pluName, defaultSize, alternateSize }: SessionFacts): void {
    if (!this.takesBinds) return;
    if (this.#bound) this.#put(DATA_TYPE.UNBIND.code, 0, Uint8Array.of(UNBIND.BIND_FORTHCOMING.code), false);
    const facts = { pluName: pluName ?? this.#options.pluName, defaultSize, alternateSize };
    this.#put(DATA_TYPE.BIND_IMAGE.code, 0, encodeBindImage(facts, this.#options.codePage), false);
    this.#bound = true;
  }

  unbind(): void {
    if (!this.#bound) return;
    this.#put(DATA_TYPE.UNBIND.code, 0, Uint8Array.of(UNBIND.NORMAL.code), false);
    this.#bound = false;
  }

  send(dataType: number, requestFlag: number, body: Uint8Array, framed = false): boolean {
    if (!this.#takesType(dataType)) return false;
    const isData = dataType === DATA_TYPE.DATA_3270.code;
    if (isData && this.takesBinds && !this.#bound) this.#bindDefault();
    if (dataType === DATA_TYPE.BIND_IMAGE.code) this.#bound = true;
    else if (dataType === DATA_TYPE.UNBIND.code) this.#bound = false;
    const restores = (requestFlag & REQUEST_FLAG.KEYBOARD_RESTORE.code) !== 0;
    if (isData && restores && !this.#resolvesContention) this.#put(dataType, requestFlag, restoring(body), false);
    else this.#put(dataType, requestFlag, body, framed);
    return true;
  }

  flush(): boolean {
    const gathered = this.#gathered.take();
    if (gathered !== undefined) this.#takes = this.#line.write(gathered.bytes, gathered.sent);
    return this.#takes;
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  close(): Promise<void> {
    this.flush();
    return this.#line.close();
  }

  receive(record: Uint8Array): boolean {
    const handler = this.#handler;
    if (this.#terms.protocol === 'tn3270') {
      if (isUse(record)) this.#noteUse();
      handler?.record(DATA_TYPE.DATA_3270.code, record);
      return handler !== undefined;
    }
    if (record.length < HEADER_BYTES) {
      const reason = 'a record is shorter than its header';
      this.#line.fail(hostError('TERMINAL_PROTOCOL', { details: { peer: this.peer, reason } }));
      return false;
    }
    const dataType = record[HEADER.DataType] as number;
    switch (dataType) {
      case DATA_TYPE.DATA_3270.code:
      case DATA_TYPE.SSCP_LU_DATA.code:
      case DATA_TYPE.NVT_DATA.code: {
        const body = record.subarray(HEADER_BYTES);
        if (dataType !== DATA_TYPE.DATA_3270.code || isUse(body)) this.#noteUse();
        handler?.record(dataType, body);
        return handler !== undefined;
      }
      case DATA_TYPE.RESPONSE.code:
        return this.#response(record);
      default:
        return false;
    }
  }

  command(code: number): void {
    const isAttention = code === TELNET.IP || code === TELNET.BRK;
    if (!isAttention && code !== TELNET.AO) return;
    this.#noteUse();
    if (isAttention) this.#handler?.attention();
    else this.#handler?.systemRequest();
  }

  drained(): void {
    this.#takes = true;
    this.#handler?.drained();
  }

  #noteUse(): void {
    this.#lastUseAt = this.scope.clock.monotonic();
  }

  #takesType(dataType: number): boolean {
    switch (dataType) {
      case DATA_TYPE.DATA_3270.code:
        return true;
      case DATA_TYPE.BIND_IMAGE.code:
      case DATA_TYPE.UNBIND.code:
        return this.takesBinds;
      case DATA_TYPE.BID.code:
        return this.#resolvesContention;
      case DATA_TYPE.SSCP_LU_DATA.code:
      case DATA_TYPE.NVT_DATA.code:
        return this.#terms.protocol === 'tn3270e';
      default:
        return false;
    }
  }

  #bindDefault(): void {
    const { defaultSize, dynamic } = this.model;
    this.bind({ pluName: null, defaultSize, alternateSize: dynamic ? undefined : this.#size });
  }

  /** The terminal's refusals are wanted for the log; what it takes it need not say. */
  #put(dataType: number, requestFlag: number, body: Uint8Array, framed: boolean): void {
    if (this.#terms.protocol === 'tn3270') {
      this.#gathered.put(body, framed);
      return;
    }
    const flag = this.#resolvesContention ? requestFlag : 0;
    const wantsError = this.#responds && dataType === DATA_TYPE.DATA_3270.code;
    const response = wantsError ? RESPONSE_FLAG.ERROR_RESPONSE.code : RESPONSE_FLAG.NO_RESPONSE.code;
    this.#gathered.putHeader(dataType, flag, response, this.#sequence);
    this.#gathered.put(body, framed);
    this.#sequence = this.#sequence === MAX_SEQUENCE ? 0 : this.#sequence + 1;
  }

  #response(record: Uint8Array): boolean {
    if (record[HEADER.ResponseFlag] === RESPONSE.NEGATIVE.code) {
      const reason = rowOf(NEGATIVE, record[HEADER_BYTES] ?? -1)?.mnemonic ?? 'no known reason';
      this.#log.debug('record refused', { reason });
    }
    return true;
  }

  /** Raises DEADLINE_EXCEEDED when no answer comes. */
  async #query(): Promise<QueryFacts> {
    const { promise, resolve } = Promise.withResolvers<QueryFacts>();
    this.handle({
      record: (_dataType, body) => {
        if (body[0] === AID.StructuredField) resolve(parseQueryReplies(body.subarray(1)));
      },
      attention() {},
      systemRequest() {},
      drained() {},
    });
    this.#bindDefault();
    this.send(DATA_TYPE.DATA_3270.code, REQUEST_FLAG.SEND_DATA.code, READ_PARTITION_QUERY);
    this.flush();
    using limit = this.scope.child({ what: 'The query of the terminal', timeoutMs: this.#options.replyTimeoutMs });
    return await limit.race(promise);
  }
}

/** A write with the keyboard restore bit set, for a terminal that knows nothing of the indicator in the header. */
function restoring(body: Uint8Array): Uint8Array {
  if (body.length < 2 || !WRITES.has(commandOf(body[0] as number))) return body;
  const copy = body.slice();
  copy[1] = (copy[1] as number) | WCC.KeyboardRestore;
  return copy;
}
