import type { Diagnostic } from '@roundhouse/config';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration.ts';
import type { ConfigurationValue } from './definition.ts';
import { planReload } from './plan.ts';

const FILE = '/etc/roundhouse.yaml';

/** What is said of a section `mail`: `code path: reason`, or nothing. */
async function faultsOf(mail: object, more: object = {}): Promise<readonly string[]> {
  const text = JSON.stringify({ mail, ...more });
  const files = {
    read: (path: string) => (path === FILE ? Promise.resolve(Buffer.from(text)) : Promise.reject(new Error('none'))),
    list: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })),
    link: () => Promise.resolve(undefined),
  };
  const clock = new FakeClock();
  const deps = { files, variables: {}, clock, isMachineChecked: false };
  const shown = (all: readonly Diagnostic[]) => all.map(({ code, path, message }) => `${code} ${path}: ${message}`);
  try {
    return shown((await readConfiguration({ file: FILE }, deps, createScope({ clock }))).warnings);
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    return shown(error.details['diagnostics'] as readonly Diagnostic[]);
  }
}

const MAIL = { port: 2525, accept: ['alerts.example'] };
const TLS = { cert_file: '/c.pem', key_file: '/k.pem' };

describe('the section mail', () => {
  it.each<[mail: object, more?: object]>([
    [MAIL],
    [{ ...MAIL, accept: ['a.example', 'anna@b.example', 'münchen.example'], allow_from: ['10.0.0.0/8', '::1'] }],
    [{ ...MAIL, host: '0.0.0.0', allow_remote: true, start_tls: TLS, require_tls: true, hostname: 'mx.example' }],
    [{ ...MAIL, host: '0.0.0.0', allow_remote: true, allow_plain: true, keep: 'none' }],
    [{ ...MAIL, keep: 'store', max_kept_bytes: 1_048_576, max_age_days: 7 }],
    [{ ...MAIL, port: 7070 }, { server: { port: 7071 } }],
    [{ ...MAIL, host: '127.0.0.2', port: 7070 }],
  ])('is taken: %j', async (mail, more = {}) => expect(await faultsOf(mail, more)).toEqual([]));

  it.each<[object, object, RegExp]>([
    [{ port: 2525 }, {}, /mail\.accept/],
    [{ ...MAIL, accept: ['@a.example'] }, {}, /^CONFIG_VALUE mail\.accept\[0\]: .*a domain, or an address/],
    [{ ...MAIL, accept: ['a b@c.example'] }, {}, /^CONFIG_VALUE mail\.accept\[0\]/],
    [{ ...MAIL, allow_from: ['10.0.0.0/33'] }, {}, /mail\.allow_from\[0\]/],
    [{ ...MAIL, store: 'maildir' }, {}, /^CONFIG_UNKNOWN_KEY mail\.store/],
    [{ ...MAIL, keep: 'store', directory: '/var/mail/x' }, {}, /^CONFIG_CONFLICT mail\.directory: .*no Maildir/],
    [{ ...MAIL, keep: 'store' }, { store: { url: 'memory:' } }, /^CONFIG_CONFLICT mail\.keep: .*in memory/],
    [{ ...MAIL, keep: 'store' }, { store: { url: 'sqlite::memory:' } }, /^CONFIG_CONFLICT mail\.keep: .*in memory/],
    [{ ...MAIL, max_age_days: 7 }, {}, /^CONFIG_CONFLICT mail\.max_age_days: .*by its age/],
    [{ ...MAIL, host: '0.0.0.0' }, {}, /^CONFIG_CONFLICT mail\.host: .*other machines/],
    [{ ...MAIL, host: '10.0.0.1', allow_remote: true }, {}, /^CONFIG_CONFLICT mail\.host: .*in the clear/],
    [{ ...MAIL, require_tls: true }, {}, /^CONFIG_CONFLICT mail\.require_tls: .*without a certificate/],
    [{ ...MAIL, port: 7070 }, {}, /^CONFIG_CONFLICT mail\.port: .*The API wants port 7070 too/],
    [{ ...MAIL, port: 3270 }, { front_door: { port: 3270 } }, /^CONFIG_CONFLICT mail\.port: .*[Tt]he front door wants/],
    [{ ...MAIL, tls: { ...TLS, client_certificates: 'require' } }, {}, /mail\.tls\.client_certificates/],
  ])('is refused: %j', async (mail, more, fault) => {
    expect(await faultsOf(mail, more)).toEqual([expect.stringMatching(fault)]);
  });

  it('changes at once in who may send and for whom, and with a restart in the rest', () => {
    const actionOf = (change: object): unknown => {
      const [before, next] = [{ mail: MAIL }, { mail: { ...MAIL, ...change } }] as ConfigurationValue[];
      return planReload(before as ConfigurationValue, before as ConfigurationValue, next as ConfigurationValue).action;
    };
    expect(actionOf({ accept: ['b.example'], allow_from: ['10.0.0.0/8'], max_kept: 7 })).toBe('live');
    expect(actionOf({ max_kept_bytes: 1_048_576, max_age_days: 7 })).toBe('live');
    expect(actionOf({ keep: 'store' })).toBe('restart');
    expect(actionOf({ port: 25 })).toBe('restart');
    expect(actionOf({ start_tls: TLS })).toBe('restart');
  });
});
