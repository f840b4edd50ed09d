import { TELNET } from './code.ts';
import { indexOfIac } from './iac.ts';

/** A fresh stretch of memory; small, because each connection keeps one. */
const SMALLEST_CHUNK = 4 * 1024;
const LARGEST_CHUNK = 256 * 1024;

/**
 * Gathers records as they go over the line, one behind the other: IAC doubled, IAC EOR at the end (RFC 885). They are
 * written straight into memory that is then given away, without a buffer for each record.
 */
export class RecordWriter {
  #chunk: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  put(header: Uint8Array, body: Uint8Array): void {
    this.#reserve(2 * (header.length + body.length) + 2);
    this.#double(header);
    this.#double(body);
    this.#chunk[this.#end++] = TELNET.IAC;
    this.#chunk[this.#end++] = TELNET.EOR;
  }

  /** What was put since the last call; it never changes afterwards. */
  take(): Uint8Array {
    const taken = this.#chunk.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#chunk.length) return;
    const gathered = this.#chunk.subarray(this.#start, this.#end);
    // What was gathered before is the measure of what is to come.
    const size = Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, 4 * gathered.length), gathered.length + bytes);
    this.#chunk = Buffer.allocUnsafeSlow(size);
    this.#chunk.set(gathered);
    this.#start = 0;
    this.#end = gathered.length;
  }

  #double(bytes: Uint8Array): void {
    let from = 0;
    for (let iac = indexOfIac(bytes, 0); iac >= 0; iac = indexOfIac(bytes, from)) {
      this.#copy(bytes.subarray(from, iac + 1));
      this.#chunk[this.#end++] = TELNET.IAC;
      from = iac + 1;
    }
    this.#copy(from === 0 ? bytes : bytes.subarray(from));
  }

  #copy(bytes: Uint8Array): void {
    this.#chunk.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}
