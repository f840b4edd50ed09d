import { createScope, type Scope } from '@roundhouse/core';
import {
  ByteReader,
  type CloseReason,
  dialTransport,
  type Drainable,
  type DrainReport,
  establish,
  netError,
  type NetRuntime,
  type NetServer,
  openServer,
  resolveTimeouts,
  type ServerOptions,
  SessionCore,
  type SessionState,
  type TlsServerOptions,
  type Transport,
} from '@roundhouse/net';
import type { ClientConnect } from './client.ts';

const PROTOCOL = 'echo';
const MAX_LINE_BYTES = 1_024;

/** Ways in which a client may be wrong; each is a mistake that the contract has to find. */
export type Fault =
  | 'waits without an end'
  | 'keeps the connection when it is given up'
  | 'goes on in the clear'
  | 'reads lines without a bound'
  | 'leaves the connection open when the greeting is wrong'
  | 'leaves a timer behind';

/**
 * The smallest protocol that has everything: the server speaks first, lines are answered by lines, TLS by agreement or
 * from the first byte, and a log-in.
 */
export class EchoClient implements Drainable {
  readonly #core: SessionCore;
  readonly #transport: Transport;
  readonly #reader: ByteReader;
  readonly #fault: Fault | undefined;

  constructor(core: SessionCore, transport: Transport, reader: ByteReader, fault: Fault | undefined) {
    this.#core = core;
    this.#transport = transport;
    this.#reader = reader;
    this.#fault = fault;
  }

  get state(): SessionState {
    return this.#core.state;
  }

  get closed(): Promise<CloseReason> {
    return this.#core.closed;
  }

  get inFlight(): number {
    return this.#core.inFlight;
  }

  echo(text: string, scope: Scope): Promise<string> {
    const timeoutMs = this.#fault === 'waits without an end' ? Infinity : undefined;
    return this.#core.operate(
      'echo',
      scope,
      async (operation) => {
        if (this.#fault !== 'keeps the connection when it is given up') operation.sent('maybe');
        this.#transport.write(Buffer.from(`ECHO ${text}\r\n`));
        return ask(this.#reader, '= ', this.#fault, operation.scope);
      },
      timeoutMs === undefined ? {} : { timeoutMs },
    );
  }

  drain(options?: { readonly timeoutMs?: number }): Promise<DrainReport> {
    return this.#core.drain(options);
  }

  abort(): void {
    this.#core.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#core.drain();
  }
}

export async function connectEcho(
  { host, port, tls, timeouts }: ClientConnect,
  scope: Scope,
  runtime: NetRuntime,
  fault?: Fault,
): Promise<EchoClient> {
  const peer = `${host}:${port}`;
  return establish(PROTOCOL, peer, runtime, scope, async (elapsedMs) => {
    const implicit = tls?.mode === 'implicit' ? tls.options : undefined;
    const transport = await dialTransport({ host, port }, { timeouts, tls: implicit }, runtime, scope);
    let core: SessionCore | undefined;
    const reader = new ByteReader(transport, { protocol: PROTOCOL, onClosed: (error) => core?.lost(error) });
    try {
      using greeting = scope.child({ what: 'The greeting', timeoutMs: timeouts.greetingMs });
      await ask(reader, 'READY', fault, greeting);
      if (tls?.mode === 'starttls') {
        transport.write(Buffer.from('STARTTLS\r\n'));
        const answer = await line(reader, fault, greeting);
        if (answer === 'GO' && reader.buffered === 0) await transport.upgradeTls(tls.options, greeting);
        else if (fault !== 'goes on in the clear') {
          throw netError('TLS_REFUSED', { phase: 'tls', peer, details: { reason: `it answered ${answer}` } });
        }
      }
      transport.write(Buffer.from('LOGIN hunter2\r\n'));
      await ask(reader, 'OK', fault, greeting);
    } catch (error) {
      if (fault !== 'leaves the connection open when the greeting is wrong') transport.destroy();
      throw asTimeout(error, peer);
    }
    if (fault === 'leaves a timer behind') runtime.clock.setTimer(1_000_000, () => {});
    core = new SessionCore({
      protocol: PROTOCOL,
      role: 'client',
      peer,
      tls: transport.tls,
      runtime,
      timeouts: resolveTimeouts(timeouts),
      openedInMs: elapsedMs(),
      isExclusive: true,
      destroy: (reason) => transport.destroy(reason),
      goodBye: async (own) => {
        transport.write(Buffer.from('QUIT\r\n'));
        await ask(reader, 'BYE', fault, own);
        await transport.close();
      },
    });
    return new EchoClient(core, transport, reader, fault);
  });
}

function asTimeout(error: unknown, peer: string): unknown {
  const { code } = error as { code?: string };
  return code === 'DEADLINE_EXCEEDED' ? netError('TIMEOUT', { phase: 'greeting', peer, cause: error }) : error;
}

async function ask(reader: ByteReader, start: string, fault: Fault | undefined, scope: Scope): Promise<string> {
  const answer = await line(reader, fault, scope);
  if (answer.startsWith(start)) return answer.slice(start.length);
  const details = { protocol: PROTOCOL, reason: 'an answer that was not asked for' };
  throw netError('PROTOCOL_VIOLATION', { phase: 'read', peer: 'the echo server', details });
}

async function line(reader: ByteReader, fault: Fault | undefined, scope: Scope): Promise<string> {
  const bound = fault === 'reads lines without a bound' ? Infinity : MAX_LINE_BYTES;
  return Buffer.from(await reader.line(bound, scope)).toString('latin1');
}

export interface EchoServerOptions extends ServerOptions {
  readonly startTls?: TlsServerOptions;
}

export function serveEcho(options: EchoServerOptions, runtime: NetRuntime, scope?: Scope): Promise<NetServer> {
  const timeouts = resolveTimeouts(options.timeouts);
  return openServer(
    PROTOCOL,
    options,
    (transport) => {
      const core: SessionCore = new SessionCore({
        protocol: PROTOCOL,
        role: 'server',
        peer: transport.peer,
        tls: transport.tls,
        runtime,
        timeouts,
        openedInMs: 0,
        isExclusive: true,
        destroy: (reason) => (reason === undefined ? void transport.close() : transport.destroy(reason)),
      });
      const reader = new ByteReader(transport, {
        protocol: PROTOCOL,
        onClosed: (error) => core.lost(error),
      });
      void converse(core, transport, reader, timeouts.idleMs, options.startTls);
      return core;
    },
    runtime,
    scope ?? createScope({ clock: runtime.clock }),
  );
}

async function converse(
  core: SessionCore,
  transport: Transport,
  reader: ByteReader,
  idleMs: number,
  startTls: TlsServerOptions | undefined,
): Promise<void> {
  const say = (text: string): void => void transport.write(Buffer.from(`${text}\r\n`));
  say('READY echo');
  try {
    for (;;) {
      using waiting = core.scope.child({ what: 'The next command', timeoutMs: idleMs });
      const [verb = '', ...rest] = Buffer.from(await reader.line(MAX_LINE_BYTES, waiting))
        .toString('latin1')
        .split(' ');
      if (verb === 'QUIT') {
        say('BYE');
        return core.abort();
      }
      if (verb === 'STARTTLS' && startTls !== undefined) {
        say('GO');
        await transport.upgradeTls({ ...startTls, role: 'server' }, waiting);
      } else if (verb === 'LOGIN') say('OK');
      else if (verb === 'ECHO') await core.operate('echo', waiting, async () => say(`= ${rest.join(' ')}`));
      else say('NO such command');
    }
  } catch {
    core.abort();
    transport.destroy();
  }
}
