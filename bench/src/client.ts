import { createScope } from '@roundhouse/core';
import { openSession } from '@roundhouse/tn3270';

/**
 * Our client as a process: `client.ts PORT [SESSIONS]`. Opens the sessions one after another, each when the one before
 * has its first screen, and answers the host on all of them until it is ended.
 */
const [port, sessions = '1'] = process.argv.slice(2);
const FIRST_SCREEN_TIMEOUT_MS = 30_000;

const scope = createScope();
for (let opened = 0; opened < Number(sessions); opened++) {
  const session = await openSession({ host: '127.0.0.1', port: Number(port), model: '3279-2-E' }, scope);
  using wait = scope.child({ what: 'The first screen', timeoutMs: FIRST_SCREEN_TIMEOUT_MS });
  await session.waitFor({ for: 'unlocked' }, wait);
}
