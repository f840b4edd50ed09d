import { Machine, type RoundhouseError, type Transitions } from '@roundhouse/core';
import { type NegotiationVerb, OPTIONS, TELNET } from '../telnet/code.ts';
import { toAscii } from '../telnet/deviceType.ts';
import { encodeNegotiation, encodeSubnegotiation } from '../telnet/encode.ts';
import { FUNCTION, OPERATION, REASON } from '../telnet/tn3270e.ts';
import { type Model, parseModel } from '../terminal/model.ts';
import { hostError } from './errors.ts';
import type { LuAllocator, LuRefusal } from './lu.ts';

/** What both sides agreed on. */
export interface SessionTerms {
  readonly protocol: 'tn3270' | 'tn3270e';
  /** Terminal type as the client sent it, e.g. `IBM-3278-2-E`. */
  readonly deviceType: string;
  readonly model: Model;
  readonly lu: string;
  /** LU or pool name that the client asked for, or null. */
  readonly requestedLu: string | null;
  /** TN3270E functions in force; empty on classic sessions. */
  readonly functions: ReadonlySet<number>;
}

export interface NegotiationOptions {
  /** For errors. */
  readonly peer: string;
  /** Offer TN3270E before classic TN3270. */
  readonly tn3270e: boolean;
  /** Ask for TLS inside telnet; `require` refuses who will not. */
  readonly startTls: 'off' | 'offer' | 'require';
  readonly lus: LuAllocator;
}

/** Receives what the negotiation decides; byte arrays are given away. */
export interface NegotiationHandler {
  write(bytes: Uint8Array): void;
  /** Both sides said FOLLOWS: the next byte in each direction belongs to TLS. Answer with `tlsStarted`. */
  startTls(): void;
  /** An LU was not given; the terminal may ask for another. */
  luRefused(refusal: LuRefusal, connect: string | undefined): void;
  agreed(terms: SessionTerms): void;
  /** There will be no session. `farewell` is a line for the person, when the client can show one. */
  failed(error: RoundhouseError, farewell?: string): void;
}

type Phase =
  | 'idle'
  | 'tls_asked'
  | 'tls_follows'
  | 'tls_handshake'
  | 'tn3270e_asked'
  | 'device_type'
  | 'functions'
  | 'ttype_asked'
  | 'classic_options'
  | 'agreed'
  | 'ended';

const PHASES: Transitions<Phase> = {
  idle: ['tls_asked', 'tn3270e_asked', 'ttype_asked', 'ended'],
  tls_asked: ['tls_follows', 'tn3270e_asked', 'ttype_asked', 'ended'],
  tls_follows: ['tls_handshake', 'ended'],
  tls_handshake: ['tn3270e_asked', 'ttype_asked', 'ended'],
  tn3270e_asked: ['device_type', 'ttype_asked', 'ended'],
  device_type: ['functions', 'ttype_asked', 'ended'],
  functions: ['agreed', 'ttype_asked', 'ended'],
  ttype_asked: ['classic_options', 'ended'],
  classic_options: ['agreed', 'ended'],
  agreed: ['ended'],
  ended: [],
};

/** Functions a display session of this host takes part in. RFC 2355 §7.2.2 and its extensions draft (5). */
const OFFERED_FUNCTIONS: ReadonlySet<number> = new Set([
  FUNCTION.BIND_IMAGE.code,
  FUNCTION.RESPONSES.code,
  FUNCTION.SYSREQ.code,
  FUNCTION.CONTENTION_RESOLUTION.code,
]);
/** DEVICE-TYPE and TTYPE answers heard before the client is given up; emulators stop at the end of their LU list. */
const MAX_DEVICE_REQUESTS = 32;
const MAX_FUNCTION_ROUNDS = 8;

const TTYPE = { IS: 0, SEND: 1 } as const;
const START_TLS_FOLLOWS = 1;
/** Options taken in either direction whenever the client asks. */
const WELCOME: ReadonlySet<number> = new Set([OPTIONS.BINARY.code, OPTIONS.EOR.code, OPTIONS.SGA.code]);
/** Both directions of both make a classic 3270 session. RFC 1576 §3. */
const CLASSIC_OPTIONS = [OPTIONS.EOR.code, OPTIONS.BINARY.code] as const;
const PRINTER = /^IBM-3287-1$/;

const REFUSAL_TEXT: Readonly<Record<LuRefusal, string>> = {
  CONN_PARTNER: 'it is the printer of another terminal',
  DEVICE_IN_USE: 'in use',
  INV_ASSOCIATE: 'a terminal cannot be associated',
  INV_NAME: 'unknown',
  INV_DEVICE_TYPE: 'terminal type not supported',
  TYPE_NAME_ERROR: 'not for this type of terminal',
  UNKNOWN_ERROR: 'request not understood',
  UNSUPPORTED_REQ: 'no LU can be asked for here',
};

type OptionState = 'asked' | 'on' | 'off';

/**
 * The host's side of the telnet and TN3270E negotiation (RFC 854, 1576, 2355): fed by the telnet parser, it writes
 * answers and ends in `agreed` or `failed`. It stays in charge of telnet options afterwards. It holds the LU of the
 * session until `close`.
 */
export class HostNegotiation {
  readonly #options: NegotiationOptions;
  readonly #handler: NegotiationHandler;
  readonly #machine = new Machine<Phase>('host negotiation', PHASES, 'idle');
  /** Options of this side (WILL) and of the terminal (DO), by code. */
  #ours = new Map<number, OptionState>();
  #theirs = new Map<number, OptionState>();
  #lu: string | undefined;
  #requestedLu: string | null = null;
  #device: { readonly type: string; readonly model: Model } | undefined;
  #functions: ReadonlySet<number> = new Set();
  #deviceRequests = 0;
  #functionRounds = 0;
  #lastTerminalType: string | undefined;

  constructor(options: NegotiationOptions, handler: NegotiationHandler) {
    this.#options = options;
    this.#handler = handler;
  }

  /** For diagnostics: where the negotiation stands. */
  get phase(): string {
    return this.#machine.state;
  }

  start(): void {
    if (this.#options.startTls === 'off') this.#begin3270();
    else {
      this.#machine.move('tls_asked');
      this.#ask('do', OPTIONS.START_TLS.code);
    }
  }

  /** TLS is up: telnet begins anew. draft-altman-telnet-starttls-02 §3. */
  tlsStarted(): void {
    this.#ours = new Map();
    this.#theirs = new Map();
    this.#begin3270();
  }

  negotiate(verb: NegotiationVerb, option: number): void {
    if (this.#machine.state === 'ended') return;
    if (verb === TELNET.WILL) this.#will(option);
    else if (verb === TELNET.WONT) this.#wont(option);
    else if (verb === TELNET.DO) this.#do(option);
    else this.#dont(option);
  }

  /** `payload` is borrowed. */
  subnegotiate(option: number, payload: Uint8Array): void {
    const phase = this.#machine.state;
    if (option === OPTIONS.START_TLS.code && phase === 'tls_follows') this.#tlsFollows(payload);
    else if (option === OPTIONS.TTYPE.code && phase === 'ttype_asked') this.#terminalType(payload);
    else if (option === OPTIONS.TN3270E.code) {
      if (phase === 'device_type' && payload[0] === OPERATION.DEVICE_TYPE.code) this.#deviceType(payload);
      else if (phase === 'functions' && payload[0] === OPERATION.FUNCTIONS.code) this.#functionList(payload);
    }
  }

  /** Gives the LU back; nothing is heard or said afterwards. Idempotent. */
  close(): void {
    if (this.#machine.can('ended')) this.#machine.move('ended');
    this.#releaseLu();
  }

  #begin3270(): void {
    if (!this.#options.tn3270e) return this.#beginClassic();
    this.#machine.move('tn3270e_asked');
    this.#ask('do', OPTIONS.TN3270E.code);
  }

  #beginClassic(): void {
    this.#releaseLu();
    this.#deviceRequests = 0;
    this.#machine.move('ttype_asked');
    this.#ask('do', OPTIONS.TTYPE.code);
  }

  #will(option: number): void {
    const state = this.#theirs.get(option);
    if (state === 'on') return;
    if (option === OPTIONS.TIMING_MARK.code) return;
    if (state !== 'asked' && !WELCOME.has(option)) return this.#send(TELNET.DONT, option);
    if (state !== 'asked') this.#send(TELNET.DO, option);
    this.#theirs.set(option, 'on');
    if (option === OPTIONS.START_TLS.code) {
      this.#machine.move('tls_follows');
      this.#subnegotiation(option, [START_TLS_FOLLOWS]);
    } else if (option === OPTIONS.TN3270E.code) {
      this.#machine.move('device_type');
      this.#subnegotiation(option, [OPERATION.SEND.code, OPERATION.DEVICE_TYPE.code]);
    } else if (option === OPTIONS.TTYPE.code) {
      this.#subnegotiation(option, [TTYPE.SEND]);
    } else this.#completeClassic();
  }

  #wont(option: number): void {
    const state = this.#theirs.get(option);
    if (state === undefined || state === 'off') return;
    this.#theirs.set(option, 'off');
    if (state === 'on') this.#send(TELNET.DONT, option);
    if (option === OPTIONS.START_TLS.code) {
      if (this.#machine.state !== 'tls_asked') {
        this.#fail(this.#protocolError('it took back START-TLS'));
      } else if (this.#options.startTls === 'require') {
        this.#fail(hostError('TLS_REQUIRED', { details: { peer: this.#options.peer } }), 'This host requires TLS');
      } else this.#begin3270();
    } else if (option === OPTIONS.TN3270E.code) {
      if (this.#machine.state === 'agreed') this.#fail(this.#protocolError('it left TN3270E'));
      else this.#beginClassic();
    } else if (option === OPTIONS.TTYPE.code) this.#fail(this.#not3270('it does not tell its terminal type'));
    else this.#lost(option);
  }

  #do(option: number): void {
    if (option === OPTIONS.TIMING_MARK.code) return this.#send(TELNET.WILL, option);
    const state = this.#ours.get(option);
    if (state === 'on') return;
    if (!WELCOME.has(option)) return this.#send(TELNET.WONT, option);
    if (state !== 'asked') this.#send(TELNET.WILL, option);
    this.#ours.set(option, 'on');
    this.#completeClassic();
  }

  #dont(option: number): void {
    const state = this.#ours.get(option);
    if (state === undefined || state === 'off') return;
    this.#ours.set(option, 'off');
    if (state === 'on') this.#send(TELNET.WONT, option);
    this.#lost(option);
  }

  /** End of record and binary carry a classic session; without them there is none. */
  #lost(option: number): void {
    const phase = this.#machine.state;
    const needed = (CLASSIC_OPTIONS as readonly number[]).includes(option);
    const classic =
      phase === 'classic_options' || (phase === 'agreed' && this.#theirs.get(OPTIONS.TTYPE.code) === 'on');
    if (needed && classic) this.#fail(this.#not3270('it refuses end-of-record or binary transmission'));
  }

  #tlsFollows(payload: Uint8Array): void {
    if (payload[0] !== START_TLS_FOLLOWS) return this.#fail(this.#protocolError('START-TLS without FOLLOWS'));
    this.#machine.move('tls_handshake');
    this.#handler.startTls();
  }

  /** Classic: `IBM-3279-2-E`, or with the LU asked for, `IBM-3279-2-E@LU`. RFC 1646 §3.2. */
  #terminalType(payload: Uint8Array): void {
    if (payload[0] !== TTYPE.IS) return;
    const answer = ascii(payload.subarray(1));
    const [type = '', connect] = answer.split('@', 2);
    const model = displayModel(type);
    if (model === undefined)
      return this.#fail(this.#not3270(`its terminal type is ${type}`), 'This host serves 3270 terminals');
    const decision = this.#options.lus.acquire({ device: 'display', ...(connect && { connect }) });
    if (!decision.granted) {
      this.#handler.luRefused(decision.refusal, connect);
      // Asking again makes the client name its next LU; the same answer twice is the end of its list. RFC 1091 §5.
      const exhausted = answer === this.#lastTerminalType || ++this.#deviceRequests >= MAX_DEVICE_REQUESTS;
      this.#lastTerminalType = answer;
      if (!exhausted && connect) return this.#subnegotiation(OPTIONS.TTYPE.code, [TTYPE.SEND]);
      return this.#failLu(decision.refusal, connect);
    }
    this.#lu = decision.lu;
    this.#requestedLu = connect || null;
    this.#device = { type, model };
    this.#machine.move('classic_options');
    for (const option of CLASSIC_OPTIONS) {
      if (!this.#theirs.has(option)) this.#ask('do', option);
      if (!this.#ours.has(option)) this.#ask('will', option);
    }
    this.#completeClassic();
  }

  #completeClassic(): void {
    const on = (states: Map<number, OptionState>): boolean =>
      CLASSIC_OPTIONS.every((option) => states.get(option) === 'on');
    if (this.#machine.state === 'classic_options' && on(this.#ours) && on(this.#theirs)) this.#agree('tn3270');
  }

  #deviceType(payload: Uint8Array): void {
    const request = parseDeviceRequest(payload);
    const outcome = request === undefined ? 'UNKNOWN_ERROR' : this.#device3270e(request);
    if (outcome !== undefined) {
      this.#handler.luRefused(outcome, request?.connect);
      if (++this.#deviceRequests >= MAX_DEVICE_REQUESTS) return this.#failLu(outcome, request?.connect);
      return this.#subnegotiation(OPTIONS.TN3270E.code, [
        OPERATION.DEVICE_TYPE.code,
        OPERATION.REJECT.code,
        OPERATION.REASON.code,
        REASON[outcome].code,
      ]);
    }
    this.#machine.move('functions');
    this.#subnegotiation(OPTIONS.TN3270E.code, [
      OPERATION.DEVICE_TYPE.code,
      OPERATION.IS.code,
      ...toAscii(this.#device?.type ?? ''),
      OPERATION.CONNECT.code,
      ...toAscii(this.#lu ?? ''),
    ]);
  }

  /** Takes device and LU, or says why not. */
  #device3270e(request: DeviceRequest): LuRefusal | undefined {
    const { type, connect, associate } = request;
    const device = PRINTER.test(type) ? 'printer' : 'display';
    const model = displayModel(type);
    if (device === 'display' && model === undefined) return 'INV_DEVICE_TYPE';
    const decision = this.#options.lus.acquire({
      device,
      ...(connect !== undefined && { connect }),
      ...(associate !== undefined && { associate }),
    });
    if (!decision.granted) return decision.refusal;
    this.#lu = decision.lu;
    this.#requestedLu = connect ?? null;
    if (model !== undefined) this.#device = { type, model };
    return undefined;
  }

  /** Agrees to what both sides can: IS what was requested, or REQUEST the common part. RFC 2355 §7.2. */
  #functionList(payload: Uint8Array): void {
    const verb = payload[1];
    const list = [...new Set(payload.subarray(2))];
    const common = list.filter((code) => OFFERED_FUNCTIONS.has(code));
    if (++this.#functionRounds > MAX_FUNCTION_ROUNDS) return this.#fail(this.#protocolError('FUNCTIONS without end'));
    if (verb === OPERATION.IS.code) {
      if (common.length < list.length)
        return this.#fail(this.#protocolError('FUNCTIONS IS names what was not offered'));
      this.#functions = new Set(common);
      return this.#agree('tn3270e');
    }
    if (verb !== OPERATION.REQUEST.code) return;
    const whole = common.length === list.length;
    this.#subnegotiation(OPTIONS.TN3270E.code, [
      OPERATION.FUNCTIONS.code,
      whole ? OPERATION.IS.code : OPERATION.REQUEST.code,
      ...common,
    ]);
    if (!whole) return;
    this.#functions = new Set(common);
    this.#agree('tn3270e');
  }

  #agree(protocol: SessionTerms['protocol']): void {
    if (this.#device === undefined || this.#lu === undefined) return;
    this.#machine.move('agreed');
    const { type, model } = this.#device;
    this.#handler.agreed({
      protocol,
      deviceType: type,
      model,
      lu: this.#lu,
      requestedLu: this.#requestedLu,
      functions: this.#functions,
    });
  }

  #failLu(refusal: LuRefusal, connect: string | undefined): void {
    const reason = `${connect ?? 'any LU'}: ${REFUSAL_TEXT[refusal]}`;
    this.#fail(hostError('LU_REFUSED', { details: { peer: this.#options.peer, reason, refusal } }), `LU ${reason}`);
  }

  #fail(error: RoundhouseError, farewell?: string): void {
    this.close();
    this.#handler.failed(error, farewell);
  }

  #not3270(reason: string): RoundhouseError {
    return hostError('TERMINAL_NOT_3270', { details: { peer: this.#options.peer, reason } });
  }

  #protocolError(reason: string): RoundhouseError {
    return hostError('TERMINAL_PROTOCOL', { details: { peer: this.#options.peer, reason } });
  }

  #releaseLu(): void {
    if (this.#lu !== undefined) this.#options.lus.release(this.#lu);
    this.#lu = undefined;
    this.#device = undefined;
  }

  #ask(verb: 'do' | 'will', option: number): void {
    (verb === 'do' ? this.#theirs : this.#ours).set(option, 'asked');
    this.#send(verb === 'do' ? TELNET.DO : TELNET.WILL, option);
  }

  #send(verb: NegotiationVerb, option: number): void {
    this.#handler.write(encodeNegotiation(verb, option));
  }

  #subnegotiation(option: number, payload: readonly number[]): void {
    this.#handler.write(encodeSubnegotiation(option, Uint8Array.from(payload)));
  }
}

interface DeviceRequest {
  readonly type: string;
  readonly connect?: string;
  readonly associate?: string;
}

/** DEVICE-TYPE REQUEST type [CONNECT name | ASSOCIATE name]. RFC 2355 §7.1.1. */
function parseDeviceRequest(payload: Uint8Array): DeviceRequest | undefined {
  if (payload[1] !== OPERATION.REQUEST.code) return undefined;
  const rest = payload.subarray(2);
  const split = rest.findIndex((byte) => byte === OPERATION.CONNECT.code || byte === OPERATION.ASSOCIATE.code);
  const type = ascii(split < 0 ? rest : rest.subarray(0, split));
  if (type === '') return undefined;
  if (split < 0) return { type };
  const name = ascii(rest.subarray(split + 1));
  if (name === '') return undefined;
  return rest[split] === OPERATION.CONNECT.code ? { type, connect: name } : { type, associate: name };
}

/** The model of a display's terminal type, or undefined when it is not one that this host knows. */
function displayModel(type: string): Model | undefined {
  if (!/^IBM-(DYNAMIC|327[89]-[2-5](-E)?)$/i.test(type)) return undefined;
  return parseModel(type);
}

/** Printable ASCII only; anything else is dropped, so that names are safe in logs. */
function ascii(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, 64)) if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
  return text;
}
