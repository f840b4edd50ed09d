import { type Clock, createScope, type Logger, type LogFields, type Timer } from '@roundhouse/core';
import { createMemoryPair, type Transport } from '@roundhouse/net';
import { codePage } from '../codepage/registry.ts';
import { encodeNegotiation, encodeRecord, encodeSubnegotiation } from '../telnet/encode.ts';
import { OPTIONS, TELNET } from '../telnet/code.ts';
import { type TelnetHandler, TelnetParser } from '../telnet/parser.ts';
import { RecordAssembler } from '../telnet/record.ts';
import { type ConnectionSettings, HostConnection } from './connection.ts';
import type { TerminalServiceFactory } from './service.ts';
import { type HostApplication, screenService } from './terminal.ts';
import { LuTable } from './lu.ts';

/** Time that stands until it is moved. */
class HeldClock implements Clock {
  #now = 0;
  #timers: Array<{ readonly at: number; readonly callback: () => void }> = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const entry = { at: this.#now + delayMs, callback };
    this.#timers.push(entry);
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== entry)) };
  }

  /** Calls what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }
}

/** Keeps the codes and messages of what was logged. */
class KeptLog implements Logger {
  readonly lines: string[] = [];
  readonly debug = (message: string, fields?: LogFields): void => this.#keep('debug', message, fields);
  readonly info = (message: string, fields?: LogFields): void => this.#keep('info', message, fields);
  readonly warn = (message: string, fields?: LogFields): void => this.#keep('warn', message, fields);
  readonly error = (message: string, fields?: LogFields): void => this.#keep('error', message, fields);
  readonly child = (): Logger => this;

  #keep(level: string, message: string, fields: LogFields = {}): void {
    this.lines.push([level, message, typeof fields['code'] === 'string' ? fields['code'] : ''].join(' ').trim());
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A terminal reduced to its protocol: it agrees to what it is told to and keeps what it gets. */
export class PlainTerminal implements TelnetHandler {
  readonly #transport: Transport;
  readonly #parser = new TelnetParser(this);
  readonly #assembler = new RecordAssembler(1 << 20);
  readonly #script: ReadonlyMap<string, Uint8Array>;
  readonly #arrivals: string[] = [];
  #wanted: ((arrival: string) => void) | undefined;
  #closed = false;

  /** `script`: what to answer to a telnet command or subnegotiation, by the hex of the latter. */
  constructor(transport: Transport, script: ReadonlyMap<string, Uint8Array>) {
    this.#transport = transport;
    this.#script = script;
    transport.start({
      data: (chunk) => {
        this.#parser.push(chunk);
        this.#assembler.settle();
      },
      ended: () => void transport.close(),
      closed: () => {
        this.#closed = true;
        this.#arrive('closed');
      },
    });
  }

  /** The next record or unscripted telnet command, in hex; `closed` at the end. */
  async next(): Promise<string> {
    const arrival = this.#arrivals.shift();
    if (arrival !== undefined) return arrival;
    if (this.#closed) return 'closed';
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  record(bytes: string): void {
    this.#transport.write(encodeRecord(new Uint8Array(Buffer.from(bytes.replaceAll(' ', ''), 'hex'))));
  }

  raw(bytes: string): void {
    this.#transport.write(new Uint8Array(Buffer.from(bytes.replaceAll(' ', ''), 'hex')));
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.#assembler.append(bytes, start, end);
  }

  command(code: number): void {
    if (code === TELNET.EOR) this.#arrive(hex(this.#assembler.take()));
  }

  negotiate(verb: number, option: number): void {
    this.#answer(hex(Uint8Array.of(verb, option)));
  }

  subnegotiate(option: number, payload: Uint8Array): void {
    this.#answer(hex(Uint8Array.of(option, ...payload)));
  }

  subnegotiationOverflow(): void {}

  #answer(asked: string): void {
    const answer = this.#script.get(asked);
    if (answer === undefined) this.#arrive(asked);
    else this.#transport.write(answer);
  }

  #arrive(arrival: string): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined) this.#arrivals.push(arrival);
    else wanted(arrival);
  }
}

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];
const { WILL, WONT, DO } = TELNET;
const { TN3270E, TTYPE, EOR, BINARY } = OPTIONS;
const key = (...bytes: number[]): string => hex(Uint8Array.from(bytes));

/** Answers of a terminal that speaks TN3270E with these functions. */
export function tn3270eScript(deviceType: string, functions: readonly number[]): Map<string, Uint8Array> {
  const request = Uint8Array.of(2, 7, ...ascii(deviceType));
  return new Map([
    [key(DO, TN3270E.code), encodeNegotiation(WILL, TN3270E.code)],
    [key(TN3270E.code, 8, 2), encodeSubnegotiation(TN3270E.code, request)],
    [
      key(TN3270E.code, 2, 4, ...ascii(deviceType), 1, ...ascii('TCP0001')),
      encodeSubnegotiation(TN3270E.code, Uint8Array.of(3, 7, ...functions)),
    ],
    [key(TN3270E.code, 3, 4, ...functions), new Uint8Array(0)],
  ]);
}

/** Answers of a terminal that speaks classic TN3270 alone. */
export function classicScript(terminalType: string): Map<string, Uint8Array> {
  const agree = (option: number): Array<[string, Uint8Array]> => [
    [key(DO, option), encodeNegotiation(WILL, option)],
    [key(WILL, option), encodeNegotiation(DO, option)],
  ];
  return new Map([
    [key(DO, TN3270E.code), encodeNegotiation(WONT, TN3270E.code)],
    ...agree(TTYPE.code),
    [key(TTYPE.code, 1), encodeSubnegotiation(TTYPE.code, Uint8Array.of(0, ...ascii(terminalType)))],
    ...agree(EOR.code),
    ...agree(BINARY.code),
  ]);
}

export interface Meeting {
  readonly terminal: PlainTerminal;
  readonly clock: HeldClock;
  readonly log: KeptLog;
  readonly lus: LuTable;
  /** Resolves when nothing of the host's side is left. */
  readonly over: Promise<void>;
}

/** A host's connection and a terminal, joined in memory. */
export function meet(
  script: ReadonlyMap<string, Uint8Array>,
  application: HostApplication,
  settings: Partial<ConnectionSettings> = {},
): Meeting {
  const options = { codePage: codePage('037'), pluName: 'TEST', idleTimeoutMs: 600_000, replyTimeoutMs: 10_000 };
  return meetService(script, screenService(application, options), settings);
}

/** A connection with any service, and a terminal, joined in memory. */
export function meetService(
  script: ReadonlyMap<string, Uint8Array>,
  open: TerminalServiceFactory,
  settings: Partial<ConnectionSettings> = {},
): Meeting {
  const clock = new HeldClock();
  const log = new KeptLog();
  const lus = new LuTable();
  // The transports keep the system's clock: the waits under test are those of the host.
  const [hostSide, terminalSide] = createMemoryPair();
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const terminal = new PlainTerminal(terminalSide, script);
  new HostConnection(
    hostSide,
    {
      tn3270e: true,
      startTls: undefined,
      lus,
      negotiationTimeoutMs: 20_000,
      keepAliveMs: 0,
      maxRecordBytes: 4_096,
      ...settings,
    },
    open,
    createScope({ clock }),
    log,
    resolve,
  );
  return { terminal, clock, log, lus, over };
}
