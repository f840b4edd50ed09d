import { connect, type Socket } from 'node:net';
import type { Clock } from '@roundhouse/core';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of several the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** What came of it: of a stream only the beginning. */
  readonly body: string;
}

/** An answer, or what came in its place. */
export type Outcome = RawAnswer | 'closed' | 'timeout' | 'garbage';

/** How long an answer may take, ms: longer than any wait that a caller does not bound. */
const ANSWER_TIMEOUT_MS = 30_000;
const HEAD_END = '\r\n\r\n';

/**
 * Sends bytes as they are and reads the answers, one after the other on one connection while the server lets it: what an
 * HTTP client would refuse to send is what is to be sent here.
 */
export class RawConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #clock: Clock;
  #socket: Socket | undefined;

  constructor(url: URL, clock: Clock) {
    this.#host = url.hostname;
    this.#port = Number(url.port);
    this.#clock = clock;
  }

  /** `isHead`: the answer has no body. */
  async send(request: Buffer, isHead: boolean): Promise<Outcome> {
    const isFresh = this.#socket === undefined;
    const outcome = await this.#exchange(request, isHead);
    // A server may close a kept connection at any time, RFC 9112 §9.3.1; one that was made for the request it may not.
    return outcome === 'closed' && !isFresh ? this.#exchange(request, isHead) : outcome;
  }

  async #exchange(request: Buffer, isHead: boolean): Promise<Outcome> {
    const socket = await this.#connected();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const reader = new AnswerReader(isHead);
    const timer = this.#clock.setTimer(ANSWER_TIMEOUT_MS, () => resolve('timeout'));
    const onData = (chunk: Buffer): void => {
      const outcome = reader.read(chunk.toString('latin1'));
      if (outcome !== undefined) resolve(outcome);
    };
    const onClose = (): void => resolve(reader.end());
    socket.on('data', onData).on('close', onClose);
    socket.write(request);
    const outcome = await promise;
    timer.cancel();
    socket.off('data', onData).off('close', onClose);
    if (typeof outcome === 'string' || !reader.isReusable) this.close();
    return outcome;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #connected(): Promise<Socket> {
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#socket.readable) return this.#socket;
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    // A reset shows as a close.
    socket.on('error', () => {});
    this.#socket = socket;
    return socket;
  }
}

/** Takes one answer apart, RFC 9112 §6. */
class AnswerReader {
  readonly #isHead: boolean;
  #text = '';
  #reusable = true;

  constructor(isHead: boolean) {
    this.#isHead = isHead;
  }

  /** Whether the connection can carry another request. */
  get isReusable(): boolean {
    return this.#reusable;
  }

  read(chunk: string): Outcome | undefined {
    this.#text += chunk;
    return this.#parse(false);
  }

  end(): Outcome {
    this.#reusable = false;
    return this.#parse(true) ?? (this.#text === '' ? 'closed' : 'garbage');
  }

  #parse(hasEnded: boolean): Outcome | undefined {
    // 100 Continue goes ahead of the answer itself.
    while (/^HTTP\/1\.1 1\d\d /.test(this.#text) && this.#text.includes(HEAD_END)) {
      this.#text = this.#text.slice(this.#text.indexOf(HEAD_END) + HEAD_END.length);
    }
    const end = this.#text.indexOf(HEAD_END);
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = this.#text.slice(0, end).split('\r\n');
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1];
    if (status === undefined) return 'garbage';
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    if (headers['connection'] === 'close') this.#reusable = false;
    const answer = (body: string): RawAnswer => ({ status: Number(status), headers, body });
    const rest = this.#text.slice(end + HEAD_END.length);
    // Bytes that are no HTTP are refused with a body, whatever method they seem to have.
    const isRefusal = headers['connection'] === 'close' && rest !== '';
    if ((this.#isHead && !isRefusal) || status === '204' || status === '304')
      return rest === '' ? answer('') : 'garbage';
    if (headers['content-type']?.startsWith('text/event-stream')) {
      this.#reusable = false;
      return answer(utf8(rest));
    }
    if (headers['transfer-encoding'] === 'chunked') {
      const body = unchunked(rest);
      return body === undefined ? undefined : answer(utf8(body));
    }
    const length = headers['content-length'];
    if (length === undefined) return hasEnded ? answer(utf8(rest)) : undefined;
    if (rest.length < Number(length)) return undefined;
    // More than was announced would be taken for the next answer.
    return rest.length > Number(length) ? 'garbage' : answer(utf8(rest));
  }
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** The chunks put together; undefined while some are missing. */
function unchunked(text: string): string | undefined {
  let body = '';
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const begin = lineEnd + 2;
    if (text.length < begin + size + 2) return undefined;
    if (size === 0) return body;
    body += text.slice(begin, begin + size);
    at = begin + size + 2;
  }
}
