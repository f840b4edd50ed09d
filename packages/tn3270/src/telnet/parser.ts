import { TELNET, type NegotiationVerb } from './code.ts';
import { indexOfIac } from './iac.ts';

/** What the parser finds, in the order of the stream. Byte ranges are borrowed: copy to keep. */
export interface TelnetHandler {
  /** User data `bytes[start … end)`, IAC doubling already removed. */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** A command without operand: EOR, NOP, BRK, IP, AO, AYT, …; unknown codes too. */
  command(code: number): void;
  negotiate(verb: NegotiationVerb, option: number): void;
  /** The whole of a subnegotiation after its option byte, IAC doubling removed. */
  subnegotiate(option: number, payload: Uint8Array): void;
  /** A subnegotiation outgrew its limit and was dropped. */
  subnegotiationOverflow(option: number): void;
}

const STATE = { Data: 0, Iac: 1, Negotiation: 2, Sub: 3, SubIac: 4 } as const;

/** Option byte and payload. No real subnegotiation comes near it; what is longer is dropped. */
const MAX_SUBNEGOTIATION_BYTES = 1024;

const LITERAL_IAC = Uint8Array.of(TELNET.IAC);

/**
 * Incremental telnet framing (RFC 854): takes chunks cut anywhere and calls the handler. Total: every byte stream is
 * consumed. Runs of data are handed on in place, without a copy.
 */
export class TelnetParser {
  readonly #handler: TelnetHandler;
  #state: number = STATE.Data;
  #verb: NegotiationVerb = TELNET.DO;
  /** The option byte, then the payload. */
  #sub: Uint8Array = new Uint8Array(0);
  #subLength = 0;
  #overflow = false;
  #stopped = false;

  constructor(handler: TelnetHandler) {
    this.#handler = handler;
  }

  /**
   * Consumes `chunk` and returns how many bytes of it were consumed: all, unless the handler called `stop`.
   */
  push(chunk: Uint8Array): number {
    this.#stopped = false;
    const length = chunk.length;
    let at = 0;
    while (at < length && !this.#stopped) {
      if (this.#state === STATE.Data) {
        const iac = indexOfIac(chunk, at);
        const end = iac < 0 ? length : iac;
        if (end > at) this.#handler.data(chunk, at, end);
        if (iac < 0) return length;
        at = iac + 1;
        this.#state = STATE.Iac;
      } else {
        this.#step(chunk[at] as number);
        at++;
      }
    }
    return at;
  }

  /** For the handler: ends the present `push` after the current item, as TLS takes over the rest of the stream. */
  stop(): void {
    this.#stopped = true;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case STATE.Iac:
        this.#state = STATE.Data;
        if (byte === TELNET.IAC) this.#handler.data(LITERAL_IAC, 0, 1);
        else if (byte === TELNET.SB) {
          this.#subLength = 0;
          this.#overflow = false;
          this.#state = STATE.Sub;
        } else if (byte >= TELNET.WILL) {
          this.#verb = byte as NegotiationVerb;
          this.#state = STATE.Negotiation;
        } else this.#handler.command(byte);
        return;
      case STATE.Negotiation:
        this.#state = STATE.Data;
        this.#handler.negotiate(this.#verb, byte);
        return;
      case STATE.Sub:
        if (byte === TELNET.IAC) this.#state = STATE.SubIac;
        else this.#keep(byte);
        return;
      case STATE.SubIac:
        if (byte === TELNET.SE) {
          this.#state = STATE.Data;
          this.#endSubnegotiation();
        } else {
          // IAC IAC is a data byte; IAC and anything else breaks RFC 855 and is kept as data, as the reference does.
          this.#state = STATE.Sub;
          this.#keep(byte);
        }
        return;
      default:
        return;
    }
  }

  #endSubnegotiation(): void {
    // IAC SB IAC SE names no option; there is nothing to hand on.
    if (this.#subLength === 0) return;
    const option = this.#sub[0] as number;
    if (this.#overflow) this.#handler.subnegotiationOverflow(option);
    else this.#handler.subnegotiate(option, this.#sub.subarray(1, this.#subLength));
  }

  #keep(byte: number): void {
    if (this.#subLength === this.#sub.length) {
      if (this.#subLength >= MAX_SUBNEGOTIATION_BYTES) {
        this.#overflow = true;
        return;
      }
      const larger = new Uint8Array(Math.max(64, this.#sub.length * 2));
      larger.set(this.#sub);
      this.#sub = larger;
    }
    this.#sub[this.#subLength++] = byte;
  }
}
