import { Secret } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { authenticationSchema } from './options.ts';

const ISSUER = { issuer: 'https://id.example', audience: 'roundhouse' };
const LDAP = { url: 'ldaps://ldap.example', base_dn: 'dc=example,dc=com' };
const SECRET = 'x'.repeat(32);

describe('the options of authentication', () => {
  it.each<readonly [string, unknown]>([
    ['nothing', {}],
    ['an issuer', { issuers: [ISSUER] }],
    ['an issuer on this machine', { issuers: [{ ...ISSUER, issuer: 'http://127.0.0.1:9000' }] }],
    ['an issuer with a shared secret', { issuers: [{ ...ISSUER, secret: new Secret(SECRET), algorithms: ['HS512'] }] }],
    [
      'an issuer by any name, with its keys',
      { issuers: [{ ...ISSUER, issuer: 'x', jwks_url: 'https://id.example/keys' }] },
    ],
    [
      'a directory server',
      { ldap: { ...LDAP, bind_dn: 'cn=a', bind_password: 'p', groups: { map: { 'cn=g': ['r'] } } } },
    ],
    ['StartTLS', { ldap: { ...LDAP, url: 'ldap://ldap.example:389', start_tls: true } }],
    ['plain LDAP on this machine', { ldap: { ...LDAP, url: 'ldap://[::1]:389' } }],
    ['plain LDAP in so many words', { ldap: { ...LDAP, url: 'ldap://ldap.example', allow_insecure: true } }],
  ])('take %s', (_what, options) => {
    expect(authenticationSchema.safeParse(options).error?.issues ?? []).toEqual([]);
  });

  it.each<readonly [string, unknown, RegExp]>([
    ['an issuer over http', { issuers: [{ ...ISSUER, issuer: 'http://id.example' }] }, /jwks_url/],
    [
      'a host that looks like this machine',
      { issuers: [{ ...ISSUER, issuer: 'http://127.0.0.1.example' }] },
      /jwks_url/,
    ],
    ['keys over http', { issuers: [{ ...ISSUER, jwks_url: 'http://id.example/keys' }] }, /https/],
    ['no signature at all', { issuers: [{ ...ISSUER, algorithms: ['none'] }] }, /Invalid option/],
    ['HS256 without a secret', { issuers: [{ ...ISSUER, algorithms: ['RS256', 'HS256'] }] }, /go with a secret/],
    ['RS256 with a secret', { issuers: [{ ...ISSUER, secret: SECRET, algorithms: ['RS256'] }] }, /go with a secret/],
    ['a short secret', { issuers: [{ ...ISSUER, secret: new Secret('short') }] }, /32 bytes/],
    ['an issuer twice', { issuers: [ISSUER, ISSUER] }, /Each issuer once/],
    ['an issuer without an audience', { issuers: [{ issuer: 'https://id.example' }] }, /expected string/],
    ['plain LDAP elsewhere', { ldap: { ...LDAP, url: 'ldap://ldap.example' } }, /ldaps:\/\/ or/],
    ['StartTLS inside TLS', { ldap: { ...LDAP, start_tls: true } }, /for ldap:/],
    ['an account without a password', { ldap: { ...LDAP, bind_dn: 'cn=a' } }, /come together/],
    ['a filter without the name', { ldap: { ...LDAP, user_filter: '(uid=joe)' } }, /\{name\}/],
    ['a filter that is none', { ldap: { ...LDAP, user_filter: '(uid={name}' } }, /\{name\}/],
    ['an unknown key', { ldpa: {} }, /Unrecognized/],
  ])('refuse %s', (_what, options, message) => {
    const issues = authenticationSchema.safeParse(options).error?.issues ?? [];
    expect(JSON.stringify(issues)).toMatch(message);
  });

  it('say nothing of a secret that is refused', () => {
    const { error } = authenticationSchema.safeParse({ issuers: [{ ...ISSUER, secret: 'hunter2' }] });
    expect(JSON.stringify(error?.issues)).not.toContain('hunter2');
  });

  it('have a JSON Schema', () => {
    const schema = z.toJSONSchema(authenticationSchema, { unrepresentable: 'any' });
    expect(JSON.stringify(schema)).toContain('refuse_replay');
  });
});
