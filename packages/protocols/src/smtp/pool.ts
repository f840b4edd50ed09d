import { createScope, type Scope } from '@roundhouse/core';
import {
  createPool,
  createRuntime,
  type Drainable,
  type NetRuntime,
  netError,
  type PoolOptions,
  type PoolStats,
} from '@roundhouse/net';
import type { SmtpClient } from './client.ts';
import { connectSmtp } from './connect.ts';
import type { Envelope } from './envelope.ts';
import type { MessageSource } from './message.ts';
import { poolKeyOf, resolveSmtpOptions, type SmtpConnectOptions } from './options.ts';
import type { SendOptions, SendReport } from './transaction.ts';

export interface SmtpPoolOptions extends Omit<PoolOptions<SmtpClient, never>, 'open' | 'check'> {
  /** Messages on one connection, 1 … 1,000,000; then another one is opened. Default 100. */
  readonly maxMessages?: number;
}

/** Connections to mail servers that are used again, each by those alone who agree on server, TLS and credentials. */
export interface SmtpPool extends Drainable {
  /** As `SmtpClient.send`, on a connection that is free; also rejects as `connect` does, or with POOL_EXHAUSTED. */
  send(
    server: SmtpConnectOptions,
    envelope: Envelope,
    message: MessageSource,
    scope?: Scope,
    options?: SendOptions,
  ): Promise<SendReport>;
  stats(): PoolStats;
}

const MOST_MESSAGES = 1_000_000;

/** Raises NET_OPTION_INVALID. */
export function createSmtpPool(
  { maxMessages = 100, ...options }: SmtpPoolOptions = {},
  runtime: NetRuntime = createRuntime(),
): SmtpPool {
  if (!Number.isInteger(maxMessages) || maxMessages < 1 || maxMessages > MOST_MESSAGES) {
    const reason = `maxMessages is ${maxMessages}, and must be a whole number from 1 to ${MOST_MESSAGES}`;
    throw netError('NET_OPTION_INVALID', { protocol: 'smtp', details: { reason } });
  }
  type Key = ReturnType<typeof poolKeyOf> & { readonly server: SmtpConnectOptions };
  const pool = createPool<SmtpClient, Key>(
    {
      ...options,
      open: ({ server }, scope) => connectSmtp(server, scope, runtime),
      check: (client, scope) => client.reset(scope),
    },
    runtime,
  );
  return {
    get state() {
      return pool.state;
    },
    get inFlight() {
      return pool.inFlight;
    },
    closed: pool.closed,
    stats: () => pool.stats(),
    drain: (drain) => pool.drain(drain),
    abort: (reason) => pool.abort(reason),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
    async send(server, envelope, message, scope = createScope({ clock: runtime.clock }), sendOptions = {}) {
      const key = { ...poolKeyOf(resolveSmtpOptions(server)), server };
      return pool.use(
        key,
        async (client) => {
          const report = await client.send(envelope, message, scope, sendOptions);
          if (client.messages >= maxMessages) void client.drain();
          return report;
        },
        scope,
      );
    },
  };
}
