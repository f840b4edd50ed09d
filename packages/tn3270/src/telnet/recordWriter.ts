import { TELNET } from './code.ts';
import { indexOfIac } from './iac.ts';
import { type SendBuffer, SendBuffers } from './sendBuffers.ts';
import { HEADER_BYTES } from './tn3270e.ts';

const BUFFERS = new SendBuffers();

/** Bytes for the line. */
export interface Gathered {
  /** They do not change until `sent`. */
  readonly bytes: Uint8Array;
  /** To be called once, when they are needed no more. */
  readonly sent: () => void;
}

/**
 * Gathers records as they go over the line, one behind the other: IAC doubled, IAC EOR at the end (RFC 885). Holds
 * memory only while something is gathered or being sent.
 */
export class RecordWriter {
  #buffer: SendBuffer | undefined;
  #start = 0;
  #end = 0;

  /** The header that TN3270E has before each record, to be put first. RFC 2355 §8.1. */
  putHeader(dataType: number, requestFlag: number, responseFlag: number, sequence: number): void {
    const memory = this.#reserve(2 * HEADER_BYTES);
    this.#byte(memory, dataType);
    this.#byte(memory, requestFlag);
    this.#byte(memory, responseFlag);
    this.#byte(memory, sequence >> 8);
    this.#byte(memory, sequence & 0xff);
  }

  /** A record; `framed`: it holds no IAC, and IAC EOR lies behind it in its memory. */
  put(body: Uint8Array, framed = false): void {
    if (framed) {
      const bytes = body.length + 2;
      const memory = this.#reserve(bytes);
      memory.set(new Uint8Array(body.buffer, body.byteOffset, bytes), this.#end);
      this.#end += bytes;
      return;
    }
    const memory = this.#reserve(2 * body.length + 2);
    this.#double(memory, body);
    memory[this.#end++] = TELNET.IAC;
    memory[this.#end++] = TELNET.EOR;
  }

  /** What was put since the last call, if anything. */
  take(): Gathered | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#start === this.#end) return undefined;
    const bytes = buffer.memory.subarray(this.#start, this.#end);
    this.#start = this.#end;
    buffer.uses++;
    return { bytes, sent: () => this.#sent(buffer) };
  }

  #sent(buffer: SendBuffer): void {
    buffer.uses--;
    if (buffer.uses > 0) return;
    if (buffer === this.#buffer) {
      if (this.#start < this.#end) return;
      this.#buffer = undefined;
    }
    BUFFERS.give(buffer);
  }

  /** Memory with room for `bytes` more at `#end`. */
  #reserve(bytes: number): Uint8Array {
    const buffer = this.#buffer;
    if (buffer !== undefined && this.#end + bytes <= buffer.memory.length) return buffer.memory;
    const gathered = buffer?.memory.subarray(this.#start, this.#end);
    const length = gathered?.length ?? 0;
    // What was gathered before is the measure of what is to come.
    const next = BUFFERS.take(2 * length + bytes);
    if (gathered !== undefined) next.memory.set(gathered);
    if (buffer?.uses === 0) BUFFERS.give(buffer);
    this.#buffer = next;
    this.#start = 0;
    this.#end = length;
    return next.memory;
  }

  #byte(memory: Uint8Array, value: number): void {
    memory[this.#end++] = value;
    if (value === TELNET.IAC) memory[this.#end++] = TELNET.IAC;
  }

  #double(memory: Uint8Array, bytes: Uint8Array): void {
    let from = 0;
    for (let iac = indexOfIac(bytes, 0); iac >= 0; iac = indexOfIac(bytes, from)) {
      this.#copy(memory, bytes.subarray(from, iac + 1));
      memory[this.#end++] = TELNET.IAC;
      from = iac + 1;
    }
    this.#copy(memory, from === 0 ? bytes : bytes.subarray(from));
  }

  #copy(memory: Uint8Array, bytes: Uint8Array): void {
    memory.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}
