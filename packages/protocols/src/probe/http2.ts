import { connect } from 'node:http2';
import { Socket } from 'node:net';
import { dialStream, netError } from '@roundhouse/net';
import type { Check, Checker } from './checker.ts';
import { noteTls } from './connection.ts';
import { authorityOf, noteStatus } from './httpStatus.ts';

export const checkHttp2: Checker = (check) => ask(check, 'https');

export const checkHttp2InTheClear: Checker = (check) => ask(check, 'http');

async function ask(check: Check, scheme: 'http' | 'https'): Promise<void> {
  const { address, timeouts, runtime, scope, enter, facts, url } = check;
  const tls = scheme === 'https' ? { ...check.tls, alpn: ['h2'] } : undefined;
  const dialled = await dialStream(address, { timeouts, tls }, runtime, scope, { onPhase: enter });
  const { stream, peer } = dialled;
  noteTls(facts, dialled.tls, runtime.clock.now());
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const violation = (reason: string, cause?: unknown): void =>
    failed.reject(
      netError('PROTOCOL_VIOLATION', { protocol: 'h2', phase: 'negotiate', peer, details: { reason }, cause }),
    );
  const leave = scope.onEnd((reason) => failed.reject(reason));
  const session = connect(`${scheme}://${authorityOf(check)}`, { createConnection: () => stream });
  // It takes the handle of a socket as it is, and ours does not read yet.
  if (stream instanceof Socket && tls === undefined) stream.resume();
  session.on('error', (error) => violation(error.message, error));
  session.on('close', () => violation('it closed before it answered'));
  try {
    if (tls !== undefined && dialled.tls?.alpn !== 'h2') violation('it does not offer h2 (RFC 9113 §3.2)');
    enter('negotiate');
    await Promise.race([
      new Promise<void>((resolve) => session.once('remoteSettings', () => resolve())),
      failed.promise,
    ]);
    enter('request');
    const request = session.request({ ':path': `${url.pathname}${url.search}`, 'user-agent': 'roundhouse-probe' });
    request.on('error', (error) => violation(error.message, error));
    const answer = new Promise<Readonly<Record<string, unknown>>>((resolve) => request.once('response', resolve));
    const headers = await Promise.race([answer, failed.promise]);
    facts['server'] = typeof headers['server'] === 'string' ? headers['server'] : null;
    noteStatus(facts, Number(headers[':status']), '', peer);
  } finally {
    leave();
    session.destroy();
    stream.destroy();
  }
}
