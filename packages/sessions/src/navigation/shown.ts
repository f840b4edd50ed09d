import type { Scope } from '@roundhouse/core';
import type { Session } from '@roundhouse/tn3270';
import { matches, type Signature } from './signature.ts';

/** What a session lacks to be on a screen with the keyboard unlocked, in words; nothing of what it shows. */
export function lacks(session: Session, signature: Signature | undefined): string[] {
  const { keyboardLocked, lockReason } = session;
  return [
    ...(keyboardLocked ? [`an unlocked keyboard (${lockReason ?? 'locked'})`] : []),
    ...(signature === undefined ? [] : matches(signature, session).missing),
  ];
}

/**
 * Resolves when the keyboard is unlocked and the screen, if one is given, is shown. Rejects as `Session.waitFor` does:
 * with a coded time-out, SESSION_CLOSED, or the scope's reason.
 */
export async function untilShown(session: Session, signature: Signature | undefined, scope: Scope): Promise<void> {
  for (;;) {
    await session.waitFor({ for: 'unlocked' }, scope);
    if (lacks(session, signature).length === 0) return;
    // A lock that came between is waited out above; only a screen that is not the one needs a newer version.
    if (!session.keyboardLocked) await session.waitFor({ for: 'change', after: session.screen.version }, scope);
  }
}
