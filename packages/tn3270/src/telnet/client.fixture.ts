import type { RoundhouseError } from '@roundhouse/core';
import type { CodePage } from '../codepage/codePage.ts';
import type { RecordOutcome } from '../datastream/outcome.ts';
import type { Compat } from '../compat.ts';
import type { ConnectionState } from '../connectionState.ts';
import { type Model, parseModel } from '../terminal/model.ts';
import type { BindImage } from './bind.ts';
import { TelnetClient } from './client.ts';
import type { TelnetClientHandler, TelnetClientOptions } from './clientContract.ts';

/** A code page for tests: the capital letters, digits and nothing else. */
export const LETTERS: CodePage = {
  id: 'letters',
  aliases: [],
  cgcsgid: 0x02b90025,
  keyboardType: 'USB',
  toUnicode: (code) => {
    const offset = (code & 0x0f) - 1;
    if (code >= 0xf0 && code <= 0xf9) return 0x30 + (code & 0x0f);
    if (code >= 0xc1 && code <= 0xc9) return 0x41 + offset;
    if (code >= 0xd1 && code <= 0xd9) return 0x4a + offset;
    return code >= 0xe2 && code <= 0xe9 ? 0x53 + offset - 1 : 0;
  },
  fromUnicode: () => -1,
};

const COMPAT: Compat = {
  tn3270e: true,
  contentionResolution: false,
  bindImage: true,
  bindLimit: true,
  startTls: true,
  wrongTerminalName: false,
  newEnviron: true,
  unlockDelayMs: 0,
};

export interface ScriptedOptions extends Partial<Omit<TelnetClientOptions, 'model' | 'compat'>> {
  readonly model?: string | Model;
  readonly compat?: Partial<Compat>;
}

/** A client whose every send and event is written down. */
export class ScriptedClient implements TelnetClientHandler {
  readonly client: TelnetClient;
  /** All bytes sent, as hex. */
  sent = '';
  /** Events in order; NVT characters that follow one another are one event. */
  readonly events: string[] = [];
  readonly failures: RoundhouseError[] = [];
  readonly rejections: RoundhouseError[] = [];
  readonly binds: BindImage[] = [];
  /** What the next records come to; 'ok' when empty. */
  readonly outcomes: RecordOutcome[] = [];
  /** Records sent from within `record`, one a record. */
  readonly replies: Uint8Array[] = [];

  constructor(options: ScriptedOptions = {}) {
    const { model = '3278-4-E', compat, ...rest } = options;
    this.client = new TelnetClient(
      {
        codePage: LETTERS,
        keyboardType: 'USB',
        lus: [],
        tlsActive: false,
        maxRecordBytes: 65_536,
        peer: 'host.test:23',
        ...rest,
        model: typeof model === 'string' ? parseModel(model) : model,
        compat: { ...COMPAT, ...compat },
      },
      this,
    );
  }

  /** Gives the client bytes of the host and returns what it sent back, as hex. */
  host(hex: string): string {
    const before = this.sent.length;
    this.client.receive(fromHex(hex));
    return this.sent.slice(before);
  }

  send(bytes: Uint8Array): void {
    this.sent += toHex(bytes);
  }

  record(bytes: Uint8Array, dataType: string, keyboardRestore: boolean): RecordOutcome {
    this.events.push(`${dataType}${keyboardRestore ? ' restore' : ''} ${toHex(bytes)}`);
    const reply = this.replies.shift();
    if (reply !== undefined) this.client.sendRecord(reply);
    return this.outcomes.shift() ?? 'ok';
  }

  nvtData(bytes: Uint8Array, start: number, end: number): void {
    const characters = toHex(bytes.subarray(start, end));
    const last = this.events.length - 1;
    if (this.events[last]?.startsWith('nvt ')) this.events[last] += characters;
    else this.events.push(`nvt ${characters}`);
  }

  stateChanged(from: ConnectionState, to: ConnectionState): void {
    this.events.push(`${from} > ${to}`);
  }

  lineModeChanged(lineMode: boolean): void {
    this.events.push(lineMode ? 'line mode' : 'character mode');
  }

  bound(image: BindImage): void {
    this.binds.push(image);
    this.events.push(`bound ${image.pluName}`);
  }

  unbound(type: number | undefined): void {
    this.events.push(`unbound ${type}`);
  }

  bid(signal: boolean): void {
    this.events.push(signal ? 'bid signal' : 'bid');
  }

  sendData(): void {
    this.events.push('send data');
  }

  luAssigned(lu: string | null, deviceType: string | null): void {
    this.events.push(`lu ${lu} ${deviceType}`);
  }

  deviceRejected(error: RoundhouseError): void {
    this.rejections.push(error);
    this.events.push(`rejected ${error.code}`);
  }

  startTls(): void {
    this.events.push('start tls');
  }

  failed(error: RoundhouseError): void {
    this.failures.push(error);
    this.events.push(`failed ${error.code}`);
  }
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Hex of ASCII text. */
export function text(characters: string): string {
  return toHex(new TextEncoder().encode(characters));
}
