import { createHash } from 'node:crypto';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiKeyInput, PrincipalInput } from '@roundhouse/api';
import { type FactProvider, type GatheredFacts, UnknownFact } from '@roundhouse/audit/compliance';
import { createScope } from '@roundhouse/core';
import { createMemoryStore } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../event/record.ts';
import { ROOT_PRINCIPAL } from '../../identity/identity.ts';
import type { AuthenticationOptions } from '../../identity/options.ts';
import { ChangeCount } from '../changeCount.ts';
import { Usage } from '../usage.ts';
import { backupFacts } from './backup.ts';
import { changeFacts } from './changes.ts';
import { secondFactorFacts } from './secondFactor.ts';

const NOW = Date.UTC(2026, 10, 22);
const HOUR_MS = 3_600_000;

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evidence-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

async function put(name: string, text: string, ageHours = 0): Promise<void> {
  await writeFile(at(name), text);
  const time = new Date(NOW - ageHours * HOUR_MS);
  await utimes(at(name), time, time);
}

async function gather(provider: FactProvider): Promise<GatheredFacts> {
  using scope = createScope({ clock: new FakeClock(NOW) });
  return await provider.gather(scope);
}

describe('backups', () => {
  const files = { backup_file: '', restore_test_file: '' };
  const facts = (journal?: string): Promise<GatheredFacts> =>
    gather(
      backupFacts({
        files: () => ({ ...files, backup_file: at('backup'), restore_test_file: at('test.json') }),
        journal: () => journal,
        clock: new FakeClock(NOW),
      }),
    );
  const report = (verdict: string): string => JSON.stringify({ verdict, journal: 'J' });

  it.each(['intact', 'pruned'])(
    'are as old as the newest, and tested when a restored journal is %s',
    async (verdict) => {
      await put('backup', 'all', 3);
      await put('test.json', report(verdict), 48);
      expect(await facts('J')).toEqual({ 'backup.age_hours': 3, 'backup.restore_tested_days': 2 });
    },
  );

  it.each<readonly [string, string, string, string | undefined]>([
    ['is altered', 'all', report('altered'), 'J'],
    ['is of another server', 'all', report('intact'), 'K'],
    ['cannot be compared', 'all', report('intact'), undefined],
    ['is nothing', 'all', 'null', 'J'],
    ['is empty', '', report('altered'), 'J'],
  ])('are not tested where what was restored %s', async (_what, backup, test, journal) => {
    await put('backup', backup);
    await put('test.json', test);
    const found = await facts(journal);
    expect(found['backup.restore_tested_days']).toMatchObject({ code: 'FACT_SOURCE_FAILED' });
    if (backup === '') expect(found['backup.age_hours']).toBeInstanceOf(UnknownFact);
  });

  it('are not known where nothing names them', async () => {
    const none = await gather(backupFacts({ files: () => ({}), journal: () => 'J', clock: new FakeClock(NOW) }));
    expect(none).toMatchObject({ 'backup.age_hours': { code: 'NOT_SUPPORTED' } });
  });
});

describe('approvals', () => {
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

  function changes(approvals: boolean, principals: readonly string[] = []) {
    let tell: (event: JournalEvent) => void = () => {};
    const watch = (listener: (event: JournalEvent) => void): (() => void) => {
      tell = listener;
      return () => {};
    };
    const find = (_kind: string, id: string) => (principals.includes(id) ? ({} as never) : undefined);
    const provider = changeFacts({
      changes: new ChangeCount({ watch }, { find }),
      hasConfiguration: () => true,
      configurationFiles: () => [at('roundhouse.yaml'), at('conf.d'), folder],
      files: () => (approvals ? { approvals_file: at('approvals') } : {}),
    });
    const by = (who: string): void => tell({ type: 'roundhouse.role.created', data: { by: who } } as never);
    return { provider, by };
  }

  it('are for each version of each file that is in force', async () => {
    await put('roundhouse.yaml', 'a: 1\n');
    await put('approvals', `${digest('a: 0\n')}  jane\n${digest('a: 1\n')}\n`);
    const { provider, by } = changes(true);
    by('configuration');
    expect(await gather(provider)).toMatchObject({ 'changes.without_approver': 1, 'changes.examined': 1 });
    await put('approvals', `${digest('a: 1\n')}  jane\n`);
    expect(await gather(provider)).toMatchObject({ 'changes.without_approver': 0 });
  });

  it('are not there for what is changed beside the files, nor for a principal with the name of the files', async () => {
    await put('roundhouse.yaml', 'a: 1\n');
    await put('approvals', `${digest('a: 1\n')}  jane\n`);
    const { provider, by } = changes(true);
    by('ada');
    expect(await gather(provider)).toMatchObject({ 'changes.without_approver': 1, 'changes.without_author': 0 });
    const other = changes(true, ['configuration']);
    other.by('configuration');
    expect(await gather(other.provider)).toMatchObject({ 'changes.without_approver': 1 });
  });

  it('are not known where no file has them', async () => {
    expect((await gather(changes(false).provider))['changes.without_approver']).toBeInstanceOf(UnknownFact);
  });
});

describe('a second factor', () => {
  interface Case {
    readonly people?: readonly PrincipalInput[];
    readonly keys?: readonly ApiKeyInput[];
    readonly authentication?: AuthenticationOptions;
    readonly host?: string;
    readonly rootHours?: number;
  }
  const JANE: PrincipalInput = { id: 'jane', roles: ['admin'] };
  const ISSUER = { issuer: 'https://login.example.com/', audience: 'roundhouse' };
  const FACTOR = { second_factor: { claim: 'amr' } };

  async function factor({ people = [], keys = [], authentication, host = '127.0.0.1', rootHours = 30 }: Case) {
    const clock = new FakeClock(NOW);
    const store = createMemoryStore({ clock });
    const usage = new Usage(store, new FakeClock(NOW - rootHours * HOUR_MS));
    usage.note(ROOT_PRINCIPAL);
    const kept = { principal: people, api_key: keys } as Readonly<Record<string, readonly { id: string }[]>>;
    const found = await gather(
      secondFactorFacts({
        authentication,
        listeners: [{ host }],
        usage,
        clock,
        resources: {
          ids: (kind) => (kept[kind] ?? []).map(({ id }) => id),
          find: (kind, id) => ({ input: kept[kind]?.find((each) => each.id === id) }) as never,
        },
      }),
    );
    await store.close();
    return [found['mfa.is_required_for_admins'], found['mfa.is_required_for_remote']];
  }

  const LDAP = { url: 'ldaps://ldap.example.com', base_dn: 'dc=example' };
  it.each<readonly [string, Case, readonly [boolean, boolean]]>([
    ['nobody but a quiet root', {}, [true, true]],
    ['a root that was used today', { rootHours: 23 }, [false, true]],
    ['a root that was used today, from anywhere', { rootHours: 23, host: '192.0.2.1' }, [false, false]],
    ['an administrator with a password', { people: [{ ...JANE, password_hash: 'x' }] }, [false, true]],
    [
      'an administrator whose password is not taken',
      { people: [{ ...JANE, password_hash: 'x' }], authentication: { basic: { enabled: false } }, host: '192.0.2.1' },
      [true, true],
    ],
    [
      'somebody else with a password',
      { people: [{ id: 'joe', roles: ['user'], password_hash: 'x' }], host: '192.0.2.1' },
      [true, false],
    ],
    ['an administrator with a key', { people: [JANE], keys: [{ id: 'k', principal: 'jane' }] }, [false, true]],
    [
      'a program with a key',
      { people: [{ ...JANE, type: 'service' }], keys: [{ id: 'k', principal: 'jane' }], host: '192.0.2.1' },
      [true, true],
    ],
    ['an administrator with a certificate', { people: [{ ...JANE, certificates: ['uri:x'] }] }, [false, true]],
    ['somebody who is disabled', { people: [{ ...JANE, password_hash: 'x', disabled: true }] }, [true, true]],
    ['a directory server', { authentication: { ldap: LDAP } }, [false, true]],
    ['an issuer that says nothing', { authentication: { issuers: [ISSUER] }, host: '192.0.2.1' }, [false, false]],
    ['an issuer for programs', { authentication: { issuers: [{ ...ISSUER, type: 'service' }] } }, [true, true]],
    [
      'an issuer that has to say it',
      { authentication: { issuers: [{ ...ISSUER, ...FACTOR }] }, host: '192.0.2.1' },
      [true, true],
    ],
  ])('is asked of people, or is not, with %s', async (_what, given, expected) => {
    expect(await factor(given)).toEqual(expected);
  });
});
