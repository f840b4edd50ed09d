import { RoundhouseError } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { NetError, type NetErrorCode, netError } from './errors.ts';
import { systemError } from './systemError.ts';

describe('netError', () => {
  it('says where it happened, in its fields, its details and its text', () => {
    const error = netError('TIMEOUT', { phase: 'connect', peer: '[::1]:23' });
    expect(error).toBeInstanceOf(NetError);
    expect(error).toBeInstanceOf(RoundhouseError);
    expect(error).toMatchObject({ phase: 'connect', peer: '[::1]:23', sent: 'none', retryable: true, status: 504 });
    expect(error.message).toBe('[::1]:23 did not finish the phase connect in time');
    expect(error.toJSON().details).toEqual({ phase: 'connect', peer: '[::1]:23' });
  });

  it.each(Object.entries(netError.catalogue))('%s is complete', (code, entry) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(entry.hint).toMatch(/[.]$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
  });
});

describe('systemError', () => {
  const place = { phase: 'connect', peer: 'h:1', host: 'h', address: 'h:1' } as const;

  it.each<[string, NetErrorCode]>([
    ['ENOTFOUND', 'NAME_NOT_FOUND'],
    ['EAI_AGAIN', 'NAME_TEMPORARY_FAILURE'],
    ['ECONNREFUSED', 'CONNECT_REFUSED'],
    ['ECONNRESET', 'CONNECT_RESET'],
    ['EHOSTUNREACH', 'CONNECT_UNREACHABLE'],
    ['ENETUNREACH', 'CONNECT_UNREACHABLE'],
    ['ETIMEDOUT', 'TIMEOUT'],
    ['EADDRINUSE', 'ADDRESS_IN_USE'],
    ['EADDRNOTAVAIL', 'ADDRESS_NOT_AVAILABLE'],
    ['EACCES', 'PERMISSION_DENIED'],
    ['EMFILE', 'DESCRIPTORS_EXHAUSTED'],
  ])('reads %s as %s, with nothing left to fill in', (code, expected) => {
    const error = systemError(Object.assign(new Error(code), { code }), place);
    expect(error.code).toBe(expected);
    expect(`${error.message} ${error.hint}`).not.toMatch(/[{}]/);
  });

  it('lets the last address speak when all have failed', () => {
    const attempt = (code: string): Error => Object.assign(new Error(code), { code });
    const error = systemError(new AggregateError([attempt('ETIMEDOUT'), attempt('ECONNREFUSED')]), place);
    expect(error).toMatchObject({ code: 'CONNECT_REFUSED', details: { attempts: ['ETIMEDOUT', 'ECONNREFUSED'] } });
  });

  it('admits what it does not know', () => {
    expect(systemError(new Error('?'), place)).toMatchObject({ code: 'INTERNAL' });
  });
});
