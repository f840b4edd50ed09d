import { isIP } from 'node:net';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { type Execute, runCommand } from '../probe/command.ts';
import { excerpt } from '../probe/excerpt.ts';
import { exchangeHttp } from '../probe/httpExchange.ts';
import type { HookSpec } from '../spec/spec.ts';

export interface HookDependencies {
  /** Runs a command as the program is run. */
  readonly execute: Execute;
}

/**
 * Carries out what is to be done around the life of a program, once. A command must end with 0, a request be answered
 * with 200 to 399. Raises HOOK_FAILED, or the reason of the scope, which bounds it.
 */
export async function runHook(hook: HookSpec, { execute }: HookDependencies, scope: Scope): Promise<void> {
  scope.throwIfEnded();
  try {
    await scope.race(hook.kind === 'exec' ? runCommand(hook.command, execute, scope) : ask(hook, scope));
  } catch (cause) {
    scope.throwIfEnded();
    const reason = isRoundhouseError(cause) ? cause.message : String(cause);
    throw workerError('HOOK_FAILED', { details: { reason }, cause });
  }
}

async function ask({ url: text, method }: Extract<HookSpec, { kind: 'http' }>, scope: Scope): Promise<void> {
  const url = new URL(text);
  const isVerified = !isLoopback(url.hostname);
  const { status, text: answer } = await exchangeHttp({ url, method, headers: {}, isVerified }, scope);
  if (status >= 200 && status < 400) return;
  // Credentials may stand in the address.
  const shown = `${url.origin}${url.pathname}`;
  throw workerError('PROBE_HTTP_STATUS', { details: { url: shown, http_status: status, answer: excerpt(answer) } });
}

/** Nobody stands between this machine and itself: there the certificate of a server need not be trusted. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
