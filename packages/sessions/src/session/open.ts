import type { CreateSession } from '@roundhouse/api';
import type { Scope } from '@roundhouse/core';
import { type Compat, type Session, type SessionOptions, type SessionTls, tn3270Error } from '@roundhouse/tn3270';
import { isTimeout } from './input.ts';
import type { SessionTarget } from './target.ts';

/** Connects a session; the engine's `openSession`, or a fake. The session ends with the scope. */
export type OpenSession = (options: SessionOptions, scope: Scope) => Promise<Session>;

/** What a session is like wherever it is: the part of a request that does not depend on the host. */
export type SessionProfile = Pick<
  CreateSession,
  'lu' | 'model' | 'oversize' | 'code_page' | 'user' | 'device_name' | 'application_id'
>;

/** What the engine is told for a session of this profile on a target. */
export function sessionOptions(
  profile: SessionProfile,
  target: SessionTarget,
  connectTimeoutMs: number,
): SessionOptions {
  const { lu, model, oversize, code_page, user, device_name, application_id } = profile;
  const { host, port, tls, startTls, compat } = target;
  return {
    host,
    port,
    connectTimeoutMs,
    ...(tls === undefined || tls === false ? {} : { tls: tlsOptions(tls) }),
    ...(startTls === undefined ? {} : { startTls: tlsOptions(startTls) }),
    ...(lu === undefined || lu === null ? {} : { lu: typeof lu === 'string' ? [lu] : lu }),
    ...(model === undefined ? {} : { model }),
    ...(oversize === undefined || oversize === null ? {} : { oversize }),
    ...(code_page === undefined ? {} : { codePage: code_page }),
    ...(user === undefined || user === null ? {} : { user }),
    ...(device_name === undefined || device_name === null ? {} : { deviceName: device_name }),
    ...(application_id === undefined || application_id === null ? {} : { applicationId: application_id }),
    ...(compat === undefined ? {} : { compat: compatOptions(compat) }),
  };
}

function tlsOptions(tls: Exclude<CreateSession['tls'], undefined | false>): SessionTls {
  if (tls === true) return {};
  const { server_name: serverName, min_version: minVersion, ...rest } = tls;
  return defined({ ...rest, serverName, minVersion });
}

function compatOptions(compat: Exclude<CreateSession['compat'], undefined>): Partial<Compat> {
  return defined({
    tn3270e: compat.tn3270e,
    contentionResolution: compat.contention_resolution,
    bindImage: compat.bind_image,
    bindLimit: compat.bind_limit,
    startTls: compat.start_tls,
    wrongTerminalName: compat.wrong_terminal_name,
    newEnviron: compat.new_environ,
    unlockDelayMs: compat.unlock_delay_ms,
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}

/** A first screen that leaves the keyboard locked is often followed at once by one that does not. */
const UNLOCK_GRACE_MS = 1_000;

/** Resolves when the host has written its first screen, and unlocked the keyboard or let a second pass. */
export async function firstScreen(session: Session, scope: Scope): Promise<void> {
  await untilSession(session, () => hasScreen(session), scope);
  using grace = scope.child({ what: 'The unlock', timeoutMs: UNLOCK_GRACE_MS });
  try {
    await session.waitFor({ for: 'unlocked' }, grace);
  } catch (error) {
    scope.throwIfEnded();
    if (!isTimeout(error)) throw error;
  }
}

/** Resolves when `holds`, looked at with every change of the session; rejects with what ended the session, or the scope's reason. */
export function untilSession(session: Session, holds: () => boolean, scope: Scope): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      for (const unsubscribe of subscriptions) unsubscribe();
      leaveScope();
      finish();
    };
    const check = (): void => {
      if (holds()) settle(resolve);
    };
    const subscriptions = [
      session.on('screenChanged', check),
      session.on('lockChanged', check),
      session.on('connectionStateChanged', check),
      session.on('closed', ({ error }) =>
        settle(() => reject(error ?? tn3270Error('SESSION_CLOSED', { details: { reason: 'closed' } }))),
      ),
    ];
    let leaveScope = (): void => {};
    leaveScope = scope.onEnd((reason) => settle(() => reject(reason)));
    check();
  });
}

function hasScreen(session: Session): boolean {
  const { connectionState, lockReason } = session;
  return connectionState.startsWith('connected-') && lockReason !== 'awaiting_first' && lockReason !== 'not_connected';
}
