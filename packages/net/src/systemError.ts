import { coreError, type RoundhouseError } from '@roundhouse/core';
import { type NetErrorCode, type NetPhase, type NetErrorInit, netError } from './errors.ts';

/** What the operating system says while a connection is made or a port is opened. errno(3), getaddrinfo(3). */
const CODES: Readonly<Record<string, NetErrorCode>> = {
  ENOTFOUND: 'NAME_NOT_FOUND',
  ENODATA: 'NAME_NOT_FOUND',
  EAI_NODATA: 'NAME_NOT_FOUND',
  EAI_AGAIN: 'NAME_TEMPORARY_FAILURE',
  EAI_FAIL: 'NAME_TEMPORARY_FAILURE',
  ECONNREFUSED: 'CONNECT_REFUSED',
  ECONNRESET: 'CONNECT_RESET',
  ECONNABORTED: 'CONNECT_RESET',
  EPIPE: 'CONNECT_RESET',
  EHOSTUNREACH: 'CONNECT_UNREACHABLE',
  ENETUNREACH: 'CONNECT_UNREACHABLE',
  EHOSTDOWN: 'CONNECT_UNREACHABLE',
  ENETDOWN: 'CONNECT_UNREACHABLE',
  EAFNOSUPPORT: 'CONNECT_UNREACHABLE',
  ETIMEDOUT: 'TIMEOUT',
  EADDRINUSE: 'ADDRESS_IN_USE',
  EADDRNOTAVAIL: 'ADDRESS_NOT_AVAILABLE',
  EINVAL: 'ADDRESS_NOT_AVAILABLE',
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EMFILE: 'DESCRIPTORS_EXHAUSTED',
  ENFILE: 'DESCRIPTORS_EXHAUSTED',
};

/** Where a system call failed; `address` is the one that the call was about. */
export interface Place extends NetErrorInit {
  readonly phase: NetPhase;
  readonly address: string;
  readonly host: string;
}

/**
 * Reads an error of connect, bind or accept. When several addresses of one name have failed the last speaks: Node gives
 * up the earlier attempts after a moment, so that they may tell of a time-out where none was.
 */
export function systemError(error: unknown, { address, host, ...init }: Place): RoundhouseError {
  const { errors } = error as { errors?: readonly Error[] };
  const { code, syscall } = (errors?.at(-1) ?? error) as { code?: string; syscall?: string };
  const known = CODES[code ?? ''];
  if (known === undefined) return coreError('INTERNAL', { details: { reason: String(error) }, cause: error });
  const attempts = errors === undefined ? {} : { attempts: errors.map(({ message }) => message) };
  return netError(known, {
    ...init,
    details: { address, host, system_code: code, syscall, ...attempts },
    cause: error,
  });
}

/** Reads an error of a connection that stood. */
export function connectionLost(error: unknown, peer: string, sent: 'none' | 'maybe' | 'all'): RoundhouseError {
  const { code, syscall, message = String(error) } = error as { code?: string; syscall?: string; message?: string };
  const phase = syscall === 'write' ? 'write' : 'read';
  const reason = REASONS[code ?? ''] ?? message;
  return netError('CONNECTION_LOST', { phase, peer, sent, details: { reason, system_code: code }, cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNRESET: 'the other side reset it',
  EPIPE: 'the other side no longer reads',
  ETIMEDOUT: 'the other side no longer answers',
  EHOSTUNREACH: 'the route is gone',
  ENETUNREACH: 'the route is gone',
  ENETDOWN: 'the network is down',
};

/** The reason of a scope that ended while `phase` went on: its deadline is a TIMEOUT of that phase. */
export function endedDuring(phase: NetPhase, peer: string, reason: RoundhouseError): RoundhouseError {
  if (reason.code !== 'DEADLINE_EXCEEDED') return reason;
  return netError('TIMEOUT', { phase, peer, details: { timeout_ms: reason.details.timeout_ms }, cause: reason });
}
