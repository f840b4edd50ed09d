import { readFile } from 'node:fs/promises';
import { createScope } from '@roundhouse/core';
import { formatAddress } from '@roundhouse/net';
import { openSession, type SessionOptions, type SessionTls } from '@roundhouse/tn3270';
import type { Io } from '../io.ts';
import { terminalSession } from './session.ts';
import { deferredSignals } from './signals.ts';
import { modelFor, parseOversize, parseTarget, type Target } from './target.ts';
import { Terminal } from './terminal.ts';
import { fileError, TraceFile } from './traceFile.ts';
import { processTty, type Tty } from './tty.ts';

/** The command line of `connect`. */
export interface ConnectOptions {
  readonly tls?: boolean;
  readonly tlsInsecure?: boolean;
  readonly ca?: string;
  readonly model?: string;
  readonly codePage?: string;
  readonly oversize?: string;
  /** False by --no-tn3270e. */
  readonly tn3270e: boolean;
  readonly trace?: string;
}

/** A host that unlocks before it has finished writing must not take keys meant for the next screen, ms. */
const UNLOCK_DELAY_MS = 350;

/**
 * Connects and hands the terminal to the person until one of them leaves. The terminal is given back in every case; a
 * signal takes effect after that. Rejects with what ended the session, when that was not the person.
 */
export async function connectTerminal(address: string, options: ConnectOptions, io: Io): Promise<void> {
  const tty = processTty(io.env);
  const target = parseTarget(address, options.tls === true);
  const tls = await tlsOptions(options);
  using trace = options.trace === undefined ? undefined : TraceFile.open(options.trace);
  using signals = deferredSignals();
  using scope = createScope({ signal: signals.signal });

  const peer = formatAddress(target);
  const wanted = sessionOptions(target, tls, options, tty, trace);
  io.stdout.write(`Connecting to ${peer} ...\n`);
  await using live = await openSession(wanted, scope);
  const terminal = new Terminal(terminalSession(live), tty, { peer, traceFile: trace?.path }, scope.clock);
  signals.signal.addEventListener('abort', () => terminal.close({ by: 'terminal' }));
  const end = await terminal.run();
  if (end.by === 'session' && end.error !== undefined) throw end.error;
}

function sessionOptions(
  { host, port, lus }: Target,
  tls: SessionTls,
  options: ConnectOptions,
  { window }: Tty,
  trace: TraceFile | undefined,
): SessionOptions {
  const oversize = options.oversize === undefined ? undefined : parseOversize(options.oversize);
  // An oversize grows from the smallest model, which every size that makes sense contains.
  const model = options.model ?? (oversize === undefined ? modelFor(window) : '3279-2-E');
  return {
    host,
    port,
    lu: lus,
    model,
    startTls: tls,
    compat: { tn3270e: options.tn3270e, unlockDelayMs: UNLOCK_DELAY_MS },
    ...(options.tls === true ? { tls } : {}),
    ...(oversize === undefined ? {} : { oversize }),
    ...(options.codePage === undefined ? {} : { codePage: options.codePage }),
    ...(trace === undefined ? {} : { trace: (line: string) => trace.write(line) }),
  };
}

async function tlsOptions({ tlsInsecure, ca }: ConnectOptions): Promise<SessionTls> {
  return { verify: tlsInsecure !== true, ...(ca === undefined ? {} : { ca: await readAuthorities(ca) }) };
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw fileError('certificate file', file, cause);
  }
}
