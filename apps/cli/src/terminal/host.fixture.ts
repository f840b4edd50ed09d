import { createScope, type Scope } from '@roundhouse/core';
import { createMemoryPair, type Transport } from '@roundhouse/net';
import { codePage, LiveSession, resolveSessionOptions } from '@roundhouse/tn3270';
import { FakeClock } from '@roundhouse/testing';

/** DO TERMINAL-TYPE and its request; DO and WILL END-OF-RECORD and BINARY. RFC 1576 §3. */
const NEGOTIATION = 'fffd18 fffa1801fff0 fffd19 fffb19 fffd00 fffb00';
const END_OF_RECORD = 'ffef';

export const ERASE_WRITE = 'f5';
export const ERASE_WRITE_ALTERNATE = '7e';
/** WCC: reset, restore the keyboard. */
export const RESTORE = 'c2';
export const RESTORE_AND_ALARM = 'c6';
export const SOUND_ALARM = 'c4';

const CODE_PAGE = codePage('037');

/** EBCDIC of a text, in hexadecimal. */
export const ebcdic = (text: string): string =>
  Buffer.from(Array.from(text, (character) => CODE_PAGE.fromUnicode(character.codePointAt(0) as number))).toString(
    'hex',
  );

/** A real session, and a test in the place of its host at the other end of the line. */
export class ScriptedHost implements AsyncDisposable {
  readonly session: LiveSession;
  readonly clock = new FakeClock();
  readonly #line: Transport;
  readonly #scope: Scope;
  #received = '';

  constructor(model = '3279-2-E') {
    const [host, terminal] = createMemoryPair();
    this.#line = host;
    this.#scope = createScope({ clock: this.clock });
    const options = resolveSessionOptions({ host: 'host', port: 23, model, codePage: '037' });
    this.session = new LiveSession(options, terminal, this.#scope);
    host.start({
      data: (chunk) => {
        this.#received += Buffer.from(chunk).toString('hex');
      },
      ended: () => void host.close(),
      closed: () => {},
    });
  }

  /** Makes it a 3270 session. */
  async negotiate(): Promise<void> {
    await this.send(NEGOTIATION);
    this.takeReceived();
  }

  /** Sends bytes given in hexadecimal; blanks are for the reader. */
  async send(hex: string): Promise<void> {
    this.#line.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    await this.clock.advance(1);
  }

  async sendRecord(...hex: readonly string[]): Promise<void> {
    const bytes = hex.join('').match(/../g) ?? [];
    await this.send(bytes.join(' ').replaceAll('ff', 'ffff') + END_OF_RECORD);
  }

  /** What has come from the terminal since the last call, in hexadecimal. */
  takeReceived(): string {
    const received = this.#received;
    this.#received = '';
    return received;
  }

  /** Ends the connection. */
  async hangUp(): Promise<void> {
    await this.#line.close();
    await this.clock.advance(1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#scope.end();
    this.#line.destroy();
    await this.clock.advance(1);
  }
}
