import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type ScreenKind, screenStream } from './loadScreens.ts';
import { DO, DO_TIMING_MARK, EOR, frameRecord, IAC, OPTION, SB, SE, WILL, WONT_TIMING_MARK } from './telnet.ts';
import { joinBytes } from './trace.ts';

export interface LoadOptions {
  readonly kind: ScreenKind;
  /** Screens for each client. */
  readonly screens: number;
  /** Clients that are served; the listener then closes. Default 1. */
  readonly clients?: number;
  /** Called as each client has finished. */
  readonly onResult?: (result: LoadResult) => void;
}

/** What was measured with one client. The names are those of the Python load host, so that one reader does for both. */
export interface LoadResult {
  readonly client: number;
  readonly kind: ScreenKind;
  /** From the accepted connection to the timing mark behind the first screen. */
  readonly first_screen_ms: number;
  readonly screens: number;
  readonly bytes: number;
  /** From the first byte of the load to the answer to Read Modified All. */
  readonly wall_s: number;
  readonly screens_per_s: number;
  readonly MB_per_s: number;
  /** The first three bytes of that answer, in hex: AID and cursor. */
  readonly inbound: string;
}

/** Longest silence of a client. */
const SILENCE_MS = 300_000;
/** Different screens that are sent over and over. */
const CYCLE = 100;
const READ_MODIFIED_ALL = frameRecord(Uint8Array.of(0x6e));
const END_OF_RECORD = Uint8Array.of(IAC, EOR);

const will = (option: number): Uint8Array => Uint8Array.of(IAC, WILL, option);
const wants = (option: number): Uint8Array => Uint8Array.of(IAC, DO, option);

/**
 * A classic TN3270 host that measures its clients: it negotiates, draws one screen, sends Erase/Writes as fast as TCP
 * takes them, and asks for Read Modified All: the answer proves that every screen was processed.
 */
export class LoadHost implements AsyncDisposable {
  readonly #options: LoadOptions;
  readonly #clients: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #cycle: Uint8Array;
  readonly #rest: Uint8Array;
  readonly #finished = Promise.withResolvers<LoadResult[]>();
  readonly #results: LoadResult[] = [];
  #accepted = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#clients = options.clients ?? 1;
    const screens = Array.from({ length: CYCLE }, (_, index) => screenStream(options.kind, index + 1));
    this.#cycle = joinBytes(screens);
    this.#rest = joinBytes(screens.slice(0, options.screens % CYCLE));
    // Whoever does not ask for the results does not want to hear of a failure either.
    this.#finished.promise.catch(() => {});
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Listens on 127.0.0.1 and resolves with the port; 0 takes a free one. */
  listen(port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', 1024, () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  /** The results of all clients in the order in which they finished; rejects when one of them fails. */
  get finished(): Promise<LoadResult[]> {
    return this.#finished.promise;
  }

  /** Cuts all connections and stops listening. Idempotent. */
  async close(): Promise<void> {
    this.#finished.reject(new Error('The load host was closed'));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    const client = this.#accepted++;
    if (this.#accepted >= this.#clients) this.#server.close();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`Client ${client} was silent too long`)));
    this.#serve(new ClientConnection(socket), client).then(
      (result) => {
        this.#options.onResult?.(result);
        this.#results.push(result);
        if (this.#results.length === this.#clients) this.#finished.resolve(this.#results);
      },
      (error: unknown) => {
        socket.destroy();
        this.#finished.reject(error);
      },
    );
  }

  async #serve(connection: ClientConnection, client: number): Promise<LoadResult> {
    const { kind, screens } = this.#options;
    const accepted = performance.now();
    const { Binary, EndOfRecord, TerminalType } = OPTION;
    await connection.send(wants(TerminalType));
    await connection.receive(will(TerminalType));
    await connection.send(Uint8Array.of(IAC, SB, TerminalType, 1, IAC, SE));
    await connection.receive(Uint8Array.of(IAC, SE));
    const both = [wants(EndOfRecord), will(EndOfRecord), wants(Binary), will(Binary)];
    await connection.send(joinBytes(both));
    await connection.receive(...both);
    await connection.send(joinBytes([screenStream('form', 0), DO_TIMING_MARK]));
    await connection.receive(WONT_TIMING_MARK);
    const drawn = performance.now();

    const cycles = Math.floor(screens / CYCLE);
    const started = performance.now();
    for (let cycle = 0; cycle < cycles; cycle++) await connection.send(this.#cycle);
    await connection.send(joinBytes([this.#rest, READ_MODIFIED_ALL]));
    const answer = await connection.receive(END_OF_RECORD);
    const seconds = (performance.now() - started) / 1000;

    const bytes = cycles * this.#cycle.length + this.#rest.length;
    return {
      client,
      kind,
      first_screen_ms: round(drawn - accepted, 2),
      screens,
      bytes,
      wall_s: round(seconds, 4),
      screens_per_s: Math.round(screens / seconds),
      MB_per_s: round(bytes / 1e6 / seconds, 2),
      inbound: answer.subarray(0, 3).toString('hex'),
    };
  }
}

/** One client's socket, read by waiting for what must come. */
class ClientConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #failure: Error | undefined;
  /** Resumes whoever waits; whoever waits looks at its condition again. */
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('drain', () => this.#wake());
    socket.on('error', (error) => this.#fail(error));
    socket.once('close', () => this.#fail(new Error('The client closed the connection')));
  }

  /** Resolves when the socket takes more. */
  async send(bytes: Uint8Array): Promise<void> {
    this.#socket.write(bytes);
    await this.#until(() => !this.#socket.writableNeedDrain);
  }

  /** Waits until all of `wanted` have come, and gives all that has come since the last call. */
  async receive(...wanted: Uint8Array[]): Promise<Buffer> {
    await this.#until(() => wanted.every((bytes) => this.#received.includes(Buffer.from(bytes))));
    const received = this.#received;
    this.#received = Buffer.alloc(0);
    return received;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
