import { createScope, type Scope } from '@roundhouse/core';
import { createCertificateAuthority, openS3270, type S3270, s3270Available } from '@roundhouse/testing';
import { dumpScreen, type Key, openSession, type Session } from '@roundhouse/tn3270';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoHost, startDemoHost } from './demoHost.ts';

/** One step at the keyboard: text, or a key. */
type Step = { readonly text: string } | { readonly key: Key };

const text = (value: string): Step => ({ text: value });
const key = (value: Key): Step => ({ key: value });

/** Through every screen of the application; each list ends with the key that calls the host. */
const WALK: ReadonlyArray<readonly [screen: string, steps: readonly Step[]]> = [
  ['a refused logon', [text('joe'), key('Tab'), text('guess'), key('Enter')]],
  ['the menu', [text('demo'), key('Enter')]],
  ['the inquiry', [text('1'), key('Enter')]],
  ['an account', [text('10001007'), key('Enter')]],
  ['no account', [key('EraseEOF'), text('1'), key('Enter')]],
  ['the menu again', [key('PF3')]],
  ['the update', [text('2'), key('Enter')]],
  ['the form', [text('10001014'), key('Enter')]],
  ['a refused update', [key('EraseEOF'), text('99999'), key('Enter')]],
  ['a confirmation', [key('EraseEOF'), text('1300'), key('Enter')]],
  ['the form once more', [key('PF12')]],
  ['the menu after the form', [key('PF3')]],
  ['the list', [text('3'), key('Enter')]],
  ['its second page', [key('PF8')]],
  ['its first page', [key('PF7')]],
  ['the menu after the list', [key('PF3')]],
  ['the colours', [text('4'), key('Enter')]],
];

/**
 * The logon screen shows what each connection has for its own: the generic LU (DGEN and four digits) and the terminal
 * name, in which Debian's s3270 calls a model 4 of the 3279 by that name where later ones say 3278 (RFC 2355 §7.1).
 */
const OWN_FACTS = /c4 c7 c5 d5(?: f\d){4}|c9 c2 d4 60 f3 f2 f7 f[89]/g;
const withoutOwnFacts = (dump: readonly string[]): string => dump.join('\n').replace(OWN_FACTS, 'own');

async function atReference(emulator: S3270, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if ('text' in step) await emulator.run(`String("${step.text}")`);
    else await emulator.run(/^PF(\d+)$/.test(step.key) ? `PF(${step.key.slice(2)})` : `${step.key}()`);
  }
  await emulator.run('Wait(10,Unlock)');
}

async function atSession(session: Session, steps: readonly Step[], scope: Scope): Promise<void> {
  for (const step of steps) {
    session.perform('text' in step ? { type: 'text', text: step.text } : { type: 'key', key: step.key });
  }
  await session.waitFor({ for: 'unlocked' }, scope.child({ timeoutMs: 10_000 }));
}

describe.skipIf(!s3270Available())('our client and s3270 at the same application', () => {
  const authority = createCertificateAuthority();
  const tls = authority.issue();
  const scope = createScope();
  let plain: DemoHost;
  let secure: DemoHost;
  let upgrading: DemoHost;

  beforeAll(async () => {
    plain = await startDemoHost({ port: 0, name: 'HOST' });
    secure = await startDemoHost({ port: 0, name: 'HOST', tls });
    upgrading = await startDemoHost({ port: 0, name: 'HOST', startTls: tls });
  });

  afterAll(async () => {
    await Promise.all([plain.close(), secure.close(), upgrading.close()]);
    scope.end();
  });

  const ways = [
    ['TN3270E', '', {}, () => plain],
    ['classic TN3270', 'N:', { compat: { tn3270e: false } }, () => plain],
    ['TN3270E over TLS', 'L:', { tls: { ca: authority.cert, serverName: 'localhost' } }, () => secure],
    ['TN3270E over STARTTLS', '', { startTls: { ca: authority.cert, serverName: 'localhost' } }, () => upgrading],
  ] as const;
  const models = ['3278-2-E', '3279-2-E', '3279-3-E', '3279-4-E', '3279-5-E'];
  const table = ways.flatMap((way) => models.map((model) => [...way, model] as const));

  it.each(table)('%s (%s): the same screens, cursors and locks', { timeout: 60_000 }, async (...row) => {
    const [, prefix, options, host, model] = row;
    // Debian's s3270 does not ask for contention resolution.
    const compat = { contentionResolution: false, ...('compat' in options ? options.compat : {}) };
    await using emulator = await openS3270({ args: ['-model', model.replace(/-E$/, ''), '-noverifycert'] });
    await emulator.run(`Connect("${prefix}127.0.0.1:${host().port}")`);
    await emulator.run('Wait(10,InputField)');
    await using session = await openSession({ ...options, compat, host: '127.0.0.1', port: host().port, model }, scope);
    await session.waitFor({ for: 'unlocked' }, scope.child({ timeoutMs: 10_000 }));

    const compare = async (screen: string): Promise<void> => {
      const reference = withoutOwnFacts(await emulator.readBufferEbcdic());
      expect(withoutOwnFacts(dumpScreen(session.screen)), screen).toBe(reference);
      const { status } = emulator;
      const { cursor, columns } = session.screen;
      expect([Math.floor(cursor / columns) + 1, (cursor % columns) + 1], screen).toEqual([
        status?.cursorRow,
        status?.cursorColumn,
      ]);
      expect(session.keyboardLocked, screen).toBe(status?.keyboard !== 'unlocked');
    };
    await compare('the logon');
    for (const [screen, steps] of WALK) {
      await atReference(emulator, steps);
      await atSession(session, steps, scope);
      await compare(screen);
    }
  });
});
