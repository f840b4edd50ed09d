import { isIPv6 } from 'node:net';
import type { Scope } from '@roundhouse/core';
import { type Address, type NetRuntime, netError } from '@roundhouse/net';
import { ipBytes } from '../message/ipAddress.ts';
import type { DecodedMessage } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';
import type { Exchange } from './exchange.ts';
import type { NameServer, ResolvedResolverOptions } from './options.ts';
import { type Entropy, makeQuestion, readReply } from './question.ts';

/** Datagrams that may arrive for one question and be no answer to it: beyond, somebody is guessing (RFC 5452 §5). */
const MAX_STRAY = 64;

/**
 * Asks over UDP, each question from a port of its own that the system chooses at random, and goes on over TCP where the
 * answer is not whole, or where somebody seems to guess.
 */
export function createUdpExchange(
  server: NameServer,
  options: ResolvedResolverOptions,
  tcp: Exchange,
  runtime: NetRuntime,
  entropy: Entropy,
): Exchange {
  return {
    async ask(name, type, hasEdns, scope, onSent) {
      const message = await askOnce({ name, type, hasEdns }, server, options, runtime, entropy, scope, onSent);
      return message === undefined || message.isTruncated ? await tcp.ask(name, type, hasEdns, scope, onSent) : message;
    },
    close: () => tcp.close(),
  };
}

interface Asked {
  readonly name: string;
  readonly type: QuestionType;
  readonly hasEdns: boolean;
}

/** Undefined where UDP is not to be trusted for it. */
async function askOnce(
  { name, type, hasEdns }: Asked,
  { address, label }: NameServer,
  { randomizesCase }: ResolvedResolverOptions,
  runtime: NetRuntime,
  entropy: Entropy,
  scope: Scope,
  onSent: () => void,
): Promise<DecodedMessage | undefined> {
  const question = makeQuestion(name, type, { randomizesCase, hasEdns }, entropy);
  const { promise, resolve, reject } = Promise.withResolvers<DecodedMessage | undefined>();
  let stray = 0;
  await using port = await runtime.datagrams.open(
    { host: isIPv6(address.host) ? '::' : '0.0.0.0' },
    {
      message(bytes, from) {
        const reply = isSame(from, address) ? readReply(bytes, question) : ({ kind: 'none' } as const);
        if (reply.kind === 'answer') return resolve(reply.message);
        stray += 1;
        if (reply.kind === 'otherCase' || stray > MAX_STRAY) resolve(undefined);
      },
      closed(error) {
        reject(error ?? netError('CONNECTION_CLOSED', { peer: label, phase: 'read', protocol: 'dns' }));
      },
    },
    scope,
  );
  port.send(question.bytes, address);
  onSent();
  return await scope.race(promise);
}

function isSame(from: Address, server: Address): boolean {
  if (from.port !== server.port) return false;
  if (from.host === server.host) return true;
  const [a, b] = [ipBytes(from.host), ipBytes(server.host)];
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
