import type { RoundhouseError } from '@roundhouse/core';
import { tn3270Error } from '../errors.ts';
import { OPTIONS } from './code.ts';
import { toAscii } from './deviceType.ts';
import { encodeSubnegotiation } from './encode.ts';
import type { LuCycle } from './luCycle.ts';
import { FUNCTION, type FunctionName, OPERATION, REASON, rowOf } from './tn3270e.ts';

/** What the host uses the session for at present. RFC 2355 §9, §10.3, §10.5. */
export type Submode = 'unbound' | '3270' | 'nvt' | 'sscp';

export interface Tn3270eSettings {
  /** E.g. `IBM-3278-4-E`. */
  readonly deviceType: string;
  /** To be asked for, in the order of their codes. */
  readonly functions: ReadonlySet<FunctionName>;
}

export interface Tn3270eHandler {
  send(bytes: Uint8Array): void;
  /** The host gave a device; null for what it left unsaid. */
  luAssigned(lu: string | null, deviceType: string | null): void;
  /** The host refused a device; the negotiation goes on. */
  deviceRejected(error: RoundhouseError): void;
}

/** What the client is to do after a subnegotiation. */
export type NegotiationOutcome = 'continue' | 'agreed' | 'back-off';

/** Stands for all functions that have no name here; never offered, so never agreed upon. */
const UNKNOWN_FUNCTION = 1 << 31;

/** Longest device type and LU name kept of what a host says. */
const MAX_NAME = 32;

/** The TN3270E state of one connection: its subnegotiations and what they led to. RFC 2355 §7. */
export class Tn3270eNegotiation {
  submode: Submode = 'unbound';
  bound = false;
  #agreed = false;
  #functions = 0;
  readonly #settings: Tn3270eSettings;
  readonly #lus: LuCycle;
  readonly #handler: Tn3270eHandler;

  constructor(settings: Tn3270eSettings, lus: LuCycle, handler: Tn3270eHandler) {
    this.#settings = settings;
    this.#lus = lus;
    this.#handler = handler;
    this.reset();
  }

  /** Functions are agreed upon; records may flow. */
  get agreed(): boolean {
    return this.#agreed;
  }

  /** Whether a function is offered or, after the agreement, in force. */
  has(name: keyof typeof FUNCTION): boolean {
    return (this.#functions & (1 << FUNCTION[name].code)) !== 0;
  }

  /** The functions in force. */
  get functions(): readonly FunctionName[] {
    if (!this.#agreed) return [];
    return Object.values(FUNCTION)
      .filter(({ code }) => (this.#functions & (1 << code)) !== 0)
      .map(({ mnemonic }) => mnemonic);
  }

  /** Forgets everything, as when TN3270E has been negotiated off. */
  reset(): void {
    this.submode = 'unbound';
    this.bound = false;
    this.#agreed = false;
    this.#functions = 0;
    for (const { code, mnemonic } of Object.values(FUNCTION)) {
      if (this.#settings.functions.has(mnemonic)) this.#functions |= 1 << code;
    }
  }

  /** Acts on the payload of a TN3270E subnegotiation. Payloads that mean nothing are passed over. */
  receive(payload: Uint8Array): NegotiationOutcome {
    const [subject, verb] = payload;
    if (subject === OPERATION.SEND.code) {
      if (verb === OPERATION.DEVICE_TYPE.code) this.#requestDevice();
    } else if (subject === OPERATION.DEVICE_TYPE.code) {
      if (verb === OPERATION.IS.code) return this.#deviceGiven(payload.subarray(2));
      if (verb === OPERATION.REJECT.code) return this.#deviceRejected(payload[3]);
    } else if (subject === OPERATION.FUNCTIONS.code) {
      if (verb === OPERATION.REQUEST.code) return this.#functionsRequested(payload.subarray(2));
      if (verb === OPERATION.IS.code) return this.#functionsGiven(payload.subarray(2));
    }
    return 'continue';
  }

  #requestDevice(): void {
    const lu = this.#lus.current ?? '';
    this.#send([
      OPERATION.DEVICE_TYPE.code,
      OPERATION.REQUEST.code,
      ...toAscii(this.#settings.deviceType),
      ...(lu === '' ? [] : [OPERATION.CONNECT.code, ...toAscii(lu)]),
    ]);
  }

  #deviceGiven(names: Uint8Array): NegotiationOutcome {
    const connect = names.indexOf(OPERATION.CONNECT.code);
    const deviceType = connect < 0 ? names : names.subarray(0, connect);
    const lu = connect < 0 ? names.subarray(names.length) : names.subarray(connect + 1);
    this.#handler.luAssigned(printable(lu), printable(deviceType));
    this.#sendFunctions(OPERATION.REQUEST.code);
    return 'continue';
  }

  #deviceRejected(reason: number | undefined): NegotiationOutcome {
    this.#handler.deviceRejected(rejection(reason, this.#lus.current ?? '', this.#settings.deviceType));
    if (reason === REASON.UNSUPPORTED_REQ.code) return 'back-off';
    this.#lus.advance();
    if (this.#lus.current === undefined) return 'back-off';
    this.#requestDevice();
    return 'continue';
  }

  /** The host asks for functions: what was offered or less is agreed, anything else answered with what is common. */
  #functionsRequested(codes: Uint8Array): NegotiationOutcome {
    const wanted = functionBits(codes);
    const isMore = (wanted & ~this.#functions) !== 0;
    this.#functions &= wanted;
    if (isMore) {
      this.#sendFunctions(OPERATION.REQUEST.code);
      return 'continue';
    }
    this.#sendFunctions(OPERATION.IS.code);
    this.#agreed = true;
    return 'agreed';
  }

  /** The host accepts. One that then adds functions of its own cannot be talked to in TN3270E. */
  #functionsGiven(codes: Uint8Array): NegotiationOutcome {
    const given = functionBits(codes);
    if ((given & ~this.#functions) !== 0) return 'back-off';
    this.#functions = given;
    this.#agreed = true;
    // Without BIND-IMAGE no BIND will ever say that the 3270 session has begun.
    if (!this.has('BIND_IMAGE')) this.submode = '3270';
    return 'agreed';
  }

  #sendFunctions(verb: number): void {
    const codes = Object.values(FUNCTION)
      .map(({ code }) => code)
      .filter((code) => (this.#functions & (1 << code)) !== 0);
    this.#send([OPERATION.FUNCTIONS.code, verb, ...codes]);
  }

  #send(payload: readonly number[]): void {
    this.#handler.send(encodeSubnegotiation(OPTIONS.TN3270E.code, Uint8Array.from(payload)));
  }
}

function functionBits(codes: Uint8Array): number {
  let bits = 0;
  for (const code of codes) bits |= code <= FUNCTION.SNA_SENSE.code ? 1 << code : UNKNOWN_FUNCTION;
  return bits;
}

function rejection(reason: number | undefined, lu: string, deviceType: string): RoundhouseError {
  const row = reason === undefined ? undefined : rowOf(REASON, reason);
  const reasonName = row?.mnemonic ?? `reason ${reason ?? 'not given'}`;
  const isAboutLu = row?.error === 'LU_IN_USE' || row?.error === 'LU_UNKNOWN';
  const code = row === undefined || (isAboutLu && lu === '') ? 'TN3270E_REJECTED' : row.error;
  return tn3270Error(code, { details: { lu, device_type: deviceType, reason_name: reasonName } });
}

/** A name the host gave, as text that is safe to show; null when empty. */
function printable(name: Uint8Array): string | null {
  if (name.length === 0) return null;
  return String.fromCharCode(...name.subarray(0, MAX_NAME)).replace(/[^ -~]/g, '?');
}
