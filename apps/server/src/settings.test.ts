import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

describe('readSettings', () => {
  it('has the documented defaults and a fresh token each time', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({ port: 7070, demoPorts: [3271, 3272], logFilter: 'info', isTokenNew: true });
    expect(settings.token).toMatch(/^rh_[\w-]{43}$/);
    expect(readSettings({}).token).not.toBe(settings.token);
  });

  it('takes what the environment says, and an empty variable for an absent one', () => {
    expect(
      readSettings({
        ROUNDHOUSE_PORT: '0',
        ROUNDHOUSE_TOKEN: 'fixed-token',
        ROUNDHOUSE_DEMO_PORTS: '4000, 4001',
        ROUNDHOUSE_LOG: '',
      }),
    ).toEqual({ port: 0, token: 'fixed-token', isTokenNew: false, demoPorts: [4000, 4001], logFilter: 'info' });
  });

  it.each([
    ['ROUNDHOUSE_PORT', '65536'],
    ['ROUNDHOUSE_PORT', '-1'],
    ['ROUNDHOUSE_PORT', '70x'],
    ['ROUNDHOUSE_TOKEN', 'with blank'],
    ['ROUNDHOUSE_TOKEN', 'short'],
    ['ROUNDHOUSE_DEMO_PORTS', '3271'],
    ['ROUNDHOUSE_DEMO_PORTS', '1,2,3'],
    ['ROUNDHOUSE_DEMO_PORTS', '1,x'],
    ['ROUNDHOUSE_LOG', 'loud'],
    ['ROUNDHOUSE_LOG', 'info,sesions:debug'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'SETTING_INVALID', details: expect.objectContaining({ name }) as unknown }),
    );
  });

  it('does not show a token that it refuses', () => {
    expect(() => readSettings({ ROUNDHOUSE_TOKEN: 'my secret' })).not.toThrow(/my secret/);
  });
});
