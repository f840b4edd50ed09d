import type { RoundhouseError } from '@roundhouse/core';
import type { Screen } from '../screen/screen.ts';
import { TELNET } from '../telnet/code.ts';
import type { TelnetTrace } from '../telnet/clientContract.ts';
import type { Model } from '../terminal/model.ts';
import type { CodePage } from '../codepage/codePage.ts';
import { maskInbound, maskOutbound } from './mask.ts';

const BYTES_PER_LINE = 32;
const IAC_EOR = [TELNET.IAC, TELNET.EOR];

export interface TraceOptions {
  readonly peer: string;
  readonly model: Model;
  readonly codePage: CodePage;
  /** Show what stands in nondisplay fields instead of asterisks. */
  readonly traceHidden: boolean;
}

/**
 * Writes the bytes of a session in the notation of the reference: `< 0xOFF   HEX` for the host, `> 0xOFF   HEX` for this
 * side, 32 bytes a line. A trace can be replayed against any emulator; with hidden fields masked it shows asterisks in
 * their place. What is sent while a record is being carried out stands after the record.
 */
export class TraceRecorder implements TelnetTrace {
  readonly #screen: Screen;
  readonly #write: (line: string) => void;
  readonly #masks: boolean;
  #held: string[] | undefined;

  constructor(emulator: { readonly screen: Screen }, write: (line: string) => void, options: TraceOptions) {
    this.#screen = emulator.screen;
    this.#write = write;
    this.#masks = !options.traceHidden;
    const { model, codePage, peer } = options;
    const { rows, columns } = model.alternateSize;
    write(`// Host ${peer}`);
    write(` Model ${model.name}, ${rows} rows x ${columns} cols`);
    write(` Host codepage: ${codePage.cgcsgid & 0xffff}`);
    if (this.#masks) write('// Nondisplay fields are masked.');
  }

  received(bytes: Uint8Array): void {
    this.#lines('<', bytes);
  }

  recordBegins(): void {
    this.#held = [];
  }

  recordEnded(header: Uint8Array, body: Uint8Array, isDataStream: boolean): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    const shown = isDataStream && this.#masks ? maskOutbound(body, this.#screen) : body;
    this.#lines('<', framed(header, shown));
    for (const line of held) this.#write(line);
  }

  sent(bytes: Uint8Array): void {
    this.#lines('>', bytes);
  }

  sentRecord(header: Uint8Array, body: Uint8Array, isDataStream: boolean): void {
    this.#lines('>', framed(header, isDataStream && this.#masks ? maskInbound(body, this.#screen) : body));
  }

  end(error: RoundhouseError | undefined): void {
    this.#write(error === undefined ? '// Closed.' : `// Ended: ${error.code}`);
  }

  #lines(direction: '<' | '>', bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length; offset += BYTES_PER_LINE) {
      const hex = Buffer.from(bytes.subarray(offset, offset + BYTES_PER_LINE)).toString('hex');
      const line = `${direction} 0x${offset.toString(16).padEnd(4)}${hex}`;
      if (this.#held !== undefined) this.#held.push(line);
      else this.#write(line);
    }
  }
}

/** A record as it goes over the line: IAC doubled, IAC EOR at the end. RFC 885, RFC 2355 §8. */
function framed(header: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  for (const part of [header, body]) {
    for (const byte of part) {
      if (byte === TELNET.IAC) bytes.push(TELNET.IAC);
      bytes.push(byte);
    }
  }
  return Uint8Array.from([...bytes, ...IAC_EOR]);
}
