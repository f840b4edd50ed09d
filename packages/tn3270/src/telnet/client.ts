import type { RoundhouseError } from '@roundhouse/core';
import { tn3270Error } from '../errors.ts';
import type { Compat } from '../compat.ts';
import type { ConnectionState } from '../connectionState.ts';
import type { TelnetClientHandler, TelnetClientOptions, TelnetCounters, TelnetTrace } from './clientContract.ts';
import { type NegotiationVerb, OPTIONS, TELNET } from './code.ts';
import { deviceTypeName, terminalTypeName, toAscii } from './deviceType.ts';
import { encodeData, encodeNegotiation, encodeRecord, encodeSubnegotiation } from './encode.ts';
import { ENVIRON, Environment } from './environ.ts';
import { LuCycle } from './luCycle.ts';
import { TelnetParser } from './parser.ts';
import { RecordAssembler } from './record.ts';
import { DATA_TYPE, type FunctionName, HEADER, HEADER_BYTES } from './tn3270e.ts';
import { type Submode, Tn3270eNegotiation } from './tn3270eNegotiation.ts';
import { Tn3270eRecords } from './tn3270eRecords.ts';

const { BINARY, ECHO, EOR, NAWS, NEW_ENVIRON, SGA, START_TLS, TN3270E, TTYPE } = OPTIONS;

/** Classic TN3270 has none. */
const NO_HEADER = new Uint8Array(0);

/** TERMINAL-TYPE and STARTTLS subnegotiations. RFC 1091; draft-altman-telnet-starttls-02. */
const TTYPE_IS = 0;
const TTYPE_SEND = 1;
const TLS_FOLLOWS = 1;

const STATE_OF_SUBMODE = {
  unbound: 'connected-unbound',
  '3270': 'connected-tn3270e',
  nvt: 'connected-e-nvt',
  sscp: 'connected-sscp',
} as const satisfies Record<Submode, ConnectionState>;

/** What this side's records are in each TN3270E state that has any. */
const OUTBOUND_DATA_TYPE: Partial<Record<ConnectionState, number>> = {
  'connected-tn3270e': DATA_TYPE.DATA_3270.code,
  'connected-sscp': DATA_TYPE.SSCP_LU_DATA.code,
  'connected-e-nvt': DATA_TYPE.NVT_DATA.code,
};

/**
 * The client's half of telnet, classic TN3270 and TN3270E for a display, without I/O: give it what the host sends and
 * it tells the handler what to send back and what has come. It agrees to a request only if that changes something, so no
 * loop of negotiations can arise from it (RFC 854). RFC 1576, RFC 2355, draft-ietf-tn3270e-extensions-04.
 */
export class TelnetClient {
  readonly counters: TelnetCounters = {
    recordsReceived: 0,
    recordsSent: 0,
    recordsRefused: 0,
    recordsIgnored: 0,
    optionsRefused: 0,
    commandsIgnored: 0,
    subnegotiationsIgnored: 0,
  };
  /** Set to record the session. */
  trace: TelnetTrace | undefined;
  readonly #options: TelnetClientOptions;
  readonly #handler: TelnetClientHandler;
  readonly #parser: TelnetParser;
  readonly #record: RecordAssembler;
  readonly #lus: LuCycle;
  readonly #environment: Environment;
  readonly #enhanced: Tn3270eNegotiation;
  readonly #records: Tn3270eRecords;
  /** Options in force by number: what this side does, and what the host does. */
  readonly #mine = new Uint8Array(256);
  readonly #hosts = new Uint8Array(256);
  #state: ConnectionState = 'telnet-pending';
  #lineMode = true;
  #environmentSent = false;
  #terminalTypeDeferred = false;
  #tlsActive: boolean;
  #tlsExpected = false;
  #lu: string | null = null;
  #deviceType: string | null = null;
  #rejection: RoundhouseError | undefined;
  #hasFailed = false;

  constructor(options: TelnetClientOptions, handler: TelnetClientHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#tlsActive = options.tlsActive;
    this.#parser = new TelnetParser({
      data: (bytes, start, end) => this.#data(bytes, start, end),
      command: (code) => this.#command(code),
      negotiate: (verb, option) => this.#negotiate(verb, option),
      subnegotiate: (option, payload) => this.#subnegotiate(option, payload),
      subnegotiationOverflow: () => {
        this.counters.subnegotiationsIgnored++;
      },
    });
    this.#record = new RecordAssembler(options.maxRecordBytes);
    this.#lus = new LuCycle(options.lus);
    this.#environment = new Environment({
      ...options,
      cgcsgid: options.codePage.cgcsgid,
      keyboardType: options.codePage.keyboardType,
    });
    const settings = { deviceType: deviceTypeName(options.model, false), functions: functionsOf(options.compat) };
    this.#enhanced = new Tn3270eNegotiation(settings, this.#lus, {
      send: (bytes) => this.#send(bytes),
      luAssigned: (lu, deviceType) => {
        // A host that names no LU again leaves the one it gave before.
        this.#lu = lu ?? this.#lu;
        this.#deviceType = deviceType ?? this.#deviceType;
        handler.luAssigned(this.#lu, this.#deviceType);
      },
      deviceRejected: (error) => {
        this.#rejection = error;
        handler.deviceRejected(error);
      },
    });
    this.#records = new Tn3270eRecords(options, this.#enhanced, this.counters, {
      send: (bytes) => this.#send(bytes),
      enterSubmode: (submode) => this.#enterSubmode(submode),
      record: (bytes, dataType, keyboardRestore) => handler.record(bytes, dataType, keyboardRestore),
      nvtData: (bytes, start, end) => handler.nvtData(bytes, start, end),
      bound: (image) => handler.bound(image),
      unbound: (type) => handler.unbound(type),
      bid: (signal) => handler.bid(signal),
      sendData: () => handler.sendData(),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether this side edits and echoes lines in NVT mode. */
  get lineMode(): boolean {
    return this.#lineMode;
  }

  /** LU that the host gave, or null; classic TN3270 never says. */
  get lu(): string | null {
    return this.#lu;
  }

  /** Device type that the host gave with the LU, or null. */
  get deviceType(): string | null {
    return this.#deviceType;
  }

  /** Whether an application is bound on a TN3270E session. */
  get bound(): boolean {
    return this.#enhanced.bound;
  }

  /** Name of the bound application, or null. */
  get pluName(): string | null {
    return this.#records.pluName;
  }

  /** TN3270E functions in force. */
  get functions(): readonly FunctionName[] {
    return this.#enhanced.functions;
  }

  /**
   * Takes bytes from the host, cut anywhere, and returns how many it has consumed: all, unless TLS begins within them
   * or the connection failed. Runs of data are handed on without a copy: they are borrowed until it returns.
   */
  receive(chunk: Uint8Array): number {
    if (this.#hasFailed) return 0;
    const consumed = this.#parser.push(chunk);
    this.#record.settle();
    return consumed;
  }

  /** For the session: TLS stands; what follows in `receive` is plain telnet again. */
  tlsStarted(): void {
    this.#tlsActive = true;
  }

  /** Sends a record. False, and nothing is sent, in a state that has no records. */
  sendRecord(body: Uint8Array): boolean {
    if (this.#state === 'connected-3270') {
      this.trace?.sentRecord(NO_HEADER, body, true);
      this.#handler.send(encodeRecord(body));
    } else {
      const dataType = OUTBOUND_DATA_TYPE[this.#state];
      if (dataType === undefined) return false;
      const header = this.#records.nextHeader(dataType);
      this.trace?.sentRecord(header, body, dataType === DATA_TYPE.DATA_3270.code);
      this.#handler.send(encodeRecord(body, header));
    }
    this.counters.recordsSent++;
    return true;
  }

  /** Sends characters of an NVT, line discipline already applied. False in a state that has no NVT. */
  sendNvt(bytes: Uint8Array): boolean {
    if (this.#state === 'connected-e-nvt') return this.sendRecord(bytes);
    if (!this.#isPlainNvt()) return false;
    this.#send(encodeData(bytes));
    return true;
  }

  /** Break: the second half of ATTN on classic TN3270, where PA1 goes before it. */
  sendBreak(): void {
    this.#send(Uint8Array.of(TELNET.IAC, TELNET.BRK));
  }

  /** Interrupt Process: ATTN on TN3270E. RFC 2355 §11. */
  sendInterrupt(): void {
    this.#send(Uint8Array.of(TELNET.IAC, TELNET.IP));
  }

  /** Abort Output: SYSREQ on TN3270E. False, and nothing is sent, where SYSREQ has no meaning. RFC 2355 §10.5. */
  sendAbortOutput(): boolean {
    const { submode } = this.#enhanced;
    if (!this.#enhanced.has('SYSREQ') || (submode !== 'sscp' && submode !== '3270')) return false;
    this.#send(Uint8Array.of(TELNET.IAC, TELNET.AO));
    return true;
  }

  /** A sign of life that asks for nothing. */
  sendNop(): void {
    this.#send(Uint8Array.of(TELNET.IAC, TELNET.NOP));
  }

  #send(bytes: Uint8Array): void {
    this.trace?.sent(bytes);
    this.#handler.send(bytes);
  }

  #data(bytes: Uint8Array, start: number, end: number): void {
    // A host that sends characters before it negotiates anything wants an NVT.
    if (this.#state === 'telnet-pending') this.#enter(this.#lineMode ? 'connected-nvt' : 'connected-nvt-charmode');
    if (this.#isPlainNvt()) {
      this.trace?.received(bytes.subarray(start, end));
      this.#handler.nvtData(bytes, start, end);
    } else if (!this.#record.append(bytes, start, end)) {
      const { peer, maxRecordBytes } = this.#options;
      this.#fail(tn3270Error('RECORD_TOO_LARGE', { details: { peer, max_record_bytes: maxRecordBytes } }));
    }
  }

  #command(code: number): void {
    if (code !== TELNET.EOR) {
      this.trace?.received(Uint8Array.of(TELNET.IAC, code));
      this.counters.commandsIgnored++;
    } else if (this.#state === 'connected-3270' || (this.#mine[TN3270E.code] === 1 && this.#enhanced.agreed)) {
      this.#endOfRecord();
    } else {
      this.counters.recordsIgnored++;
      this.#record.clear();
    }
  }

  #negotiate(verb: NegotiationVerb, option: number): void {
    this.trace?.received(Uint8Array.of(TELNET.IAC, verb, option));
    switch (verb) {
      case TELNET.WILL:
        return this.#hostWill(option);
      case TELNET.WONT:
        return this.#hostWont(option);
      case TELNET.DO:
        return this.#hostDo(option);
      case TELNET.DONT:
        return this.#hostDont(option);
    }
  }

  #hostWill(option: number): void {
    if (!this.#acceptsFromHost(option)) return this.#refuse(TELNET.DONT, option);
    if (this.#hosts[option] === 1) return;
    this.#hosts[option] = 1;
    this.#answer(TELNET.DO, option);
    // Some hosts say WILL EOR and wait for the same, unasked.
    if (option === EOR.code && this.#mine[option] === 0) {
      this.#mine[option] = 1;
      this.#answer(TELNET.WILL, option);
    }
    this.#optionsChanged();
  }

  #hostWont(option: number): void {
    if (this.#hosts[option] === 1) {
      this.#hosts[option] = 0;
      this.#answer(TELNET.DONT, option);
      this.#optionsChanged();
    } else if (option === TN3270E.code) {
      // Some hosts end TN3270E by WONT, though it is this side that does it.
      this.#hostDont(option);
    }
  }

  #hostDo(option: number): void {
    if (!this.#does(option)) return this.#refuse(TELNET.WONT, option);
    if (option === TTYPE.code && this.#mine[NEW_ENVIRON.code] === 1 && !this.#environmentSent) {
      // The terminal type makes some hosts choose a device at once, so they are to know the environment before.
      this.#mine[option] = 1;
      this.#terminalTypeDeferred = true;
      return;
    }
    if (this.#mine[option] === 0) {
      this.#mine[option] = 1;
      this.#answer(TELNET.WILL, option);
      this.#optionsChanged();
    }
    if (option === NAWS.code) this.#sendWindowSize();
    if (option === START_TLS.code) {
      this.#send(encodeSubnegotiation(option, Uint8Array.of(TLS_FOLLOWS)));
      this.#tlsExpected = true;
    }
  }

  #hostDont(option: number): void {
    if (option === TTYPE.code) this.#terminalTypeDeferred = false;
    if (this.#mine[option] === 0) return;
    this.#mine[option] = 0;
    this.#answer(TELNET.WONT, option);
    this.#optionsChanged();
  }

  #acceptsFromHost(option: number): boolean {
    switch (option) {
      case BINARY.code:
      case ECHO.code:
      case EOR.code:
      case SGA.code:
      case TTYPE.code:
        return true;
      case TN3270E.code:
        return this.#options.compat.tn3270e;
      default:
        return false;
    }
  }

  #does(option: number): boolean {
    const { compat } = this.#options;
    switch (option) {
      case BINARY.code:
      case EOR.code:
      case NAWS.code:
      case SGA.code:
      case TTYPE.code:
        return true;
      case NEW_ENVIRON.code:
        return compat.newEnviron;
      case START_TLS.code:
        return compat.startTls && !this.#tlsActive;
      case TN3270E.code:
        return compat.tn3270e;
      default:
        return false;
    }
  }

  #answer(verb: NegotiationVerb, option: number): void {
    this.#send(encodeNegotiation(verb, option));
  }

  #refuse(verb: NegotiationVerb, option: number): void {
    this.counters.optionsRefused++;
    this.#answer(verb, option);
  }

  #subnegotiate(option: number, payload: Uint8Array): void {
    this.trace?.received(encodeSubnegotiation(option, payload));
    if (option === TTYPE.code && payload[0] === TTYPE_SEND) this.#sendTerminalType();
    else if (option === TN3270E.code && this.#mine[option] === 1) this.#negotiateTn3270e(payload);
    else if (option === START_TLS.code && this.#mine[option] === 1 && this.#tlsExpected) this.#beginTls(payload);
    else if (option === NEW_ENVIRON.code && payload[0] === ENVIRON.SEND && this.#options.compat.newEnviron) {
      this.#sendEnvironment(payload.subarray(1));
    } else this.counters.subnegotiationsIgnored++;
  }

  #sendTerminalType(): void {
    const { model, compat } = this.#options;
    if (this.#lus.exhausted) {
      const lu = this.#lus.toString();
      return this.#fail(this.#rejection ?? tn3270Error('LU_UNKNOWN', { details: { lu } }));
    }
    const type = terminalTypeName(model, compat.wrongTerminalName);
    const lu = this.#lus.current ?? '';
    const name = toAscii(lu === '' ? type : `${type}@${lu}`);
    this.#send(encodeSubnegotiation(TTYPE.code, Uint8Array.of(TTYPE_IS, ...name)));
    this.#lus.advance();
  }

  /** NAWS: columns and rows of the largest screen. RFC 1073. */
  #sendWindowSize(): void {
    const { rows, columns } = this.#options.model.alternateSize;
    const size = Uint8Array.of(columns >> 8, columns & 0xff, rows >> 8, rows & 0xff);
    this.#send(encodeSubnegotiation(NAWS.code, size));
  }

  #sendEnvironment(list: Uint8Array): void {
    const reply = this.#environment.answer(list);
    if (reply === undefined) this.counters.subnegotiationsIgnored++;
    else this.#send(encodeSubnegotiation(NEW_ENVIRON.code, reply));
    this.#environmentSent = true;
    if (!this.#terminalTypeDeferred) return;
    this.#terminalTypeDeferred = false;
    this.#answer(TELNET.WILL, TTYPE.code);
    this.#optionsChanged();
  }

  #beginTls(payload: Uint8Array): void {
    this.#tlsExpected = false;
    if (payload[0] !== TLS_FOLLOWS) {
      return this.#fail(tn3270Error('START_TLS_FAILED', { details: { peer: this.#options.peer } }));
    }
    this.#parser.stop();
    this.#handler.startTls();
  }

  #negotiateTn3270e(payload: Uint8Array): void {
    const outcome = this.#enhanced.receive(payload);
    if (outcome === 'continue') return;
    if (outcome === 'back-off') {
      this.#answer(TELNET.WONT, TN3270E.code);
      this.#mine[TN3270E.code] = 0;
      // Classic TN3270 may have what TN3270E has not: ask for every LU again.
      this.#lus.restart();
      this.#lu = null;
      this.#deviceType = null;
      this.#resetEnhanced();
    }
    this.#checkMode();
  }

  #optionsChanged(): void {
    this.#checkMode();
    this.#checkLineMode();
  }

  /** Moves to the state that the options in force stand for. */
  #checkMode(): void {
    const state = this.#stateOfOptions();
    if (state === this.#state) return;
    if (this.#mine[TN3270E.code] === 0) this.#resetEnhanced();
    this.#enter(state);
  }

  #stateOfOptions(): ConnectionState {
    const mine = this.#mine;
    const hosts = this.#hosts;
    if (mine[TN3270E.code] === 1) {
      return this.#enhanced.agreed ? STATE_OF_SUBMODE[this.#enhanced.submode] : 'connected-unbound';
    }
    const isBinary = mine[BINARY.code] === 1 && hosts[BINARY.code] === 1;
    const hasRecords = mine[EOR.code] === 1 && hosts[EOR.code] === 1;
    return isBinary && hasRecords && mine[TTYPE.code] === 1 ? 'connected-3270' : 'telnet-pending';
  }

  /**
   * ECHO alone decides: some hosts offer SGA but refuse ECHO, and mean lines. Character-at-a-time without echo is not
   * supported. The state follows with the next character.
   */
  #checkLineMode(): void {
    const lineMode = this.#hosts[ECHO.code] === 0;
    if (lineMode === this.#lineMode) return;
    this.#lineMode = lineMode;
    this.#handler.lineModeChanged(lineMode);
  }

  #isPlainNvt(): boolean {
    return this.#state === 'connected-nvt' || this.#state === 'connected-nvt-charmode';
  }

  #enter(state: ConnectionState): void {
    const from = this.#state;
    this.#state = state;
    this.#handler.stateChanged(from, state);
  }

  #enterSubmode(submode: Submode): void {
    this.#enhanced.submode = submode;
    this.#checkMode();
  }

  #resetEnhanced(): void {
    this.#enhanced.reset();
    this.#records.reset();
  }

  #endOfRecord(): void {
    this.counters.recordsReceived++;
    const record = this.#record.take();
    const { framed } = this.#record;
    if (record.length === 0) return;
    this.trace?.recordBegins();
    if (this.#state === 'connected-3270') {
      this.#handler.record(record, '3270-data', false);
      this.trace?.recordEnded(NO_HEADER, record, true, framed);
    } else {
      this.#records.receive(record);
      const isDataStream = record[HEADER.DataType] === DATA_TYPE.DATA_3270.code;
      const header = record.subarray(0, HEADER_BYTES);
      this.trace?.recordEnded(header, record.subarray(HEADER_BYTES), isDataStream, framed);
    }
  }

  #fail(error: RoundhouseError): void {
    this.#hasFailed = true;
    this.#parser.stop();
    this.#handler.failed(error);
  }
}

/** The TN3270E functions that a display asks for. */
function functionsOf(compat: Compat): ReadonlySet<FunctionName> {
  const functions = new Set<FunctionName>(['RESPONSES', 'SYSREQ']);
  if (compat.bindImage) functions.add('BIND-IMAGE');
  if (compat.contentionResolution) functions.add('CONTENTION-RESOLUTION');
  return functions;
}
