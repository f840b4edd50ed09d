import { describe, expect, it } from 'vitest';
import type { ConfigurationValue } from './definition.ts';
import { planReload } from './plan.ts';

const hold = { id: 'case-17', owner: 'legal', reason: 'a case at court' };
const held = (...holds: readonly (typeof hold)[]): ConfigurationValue => ({
  audit: { retention: { holds: [...holds] } },
});
const endpoint = { id: 'east', host: 'h', port: 23 };

describe('what a change takes', () => {
  it.each<readonly [ConfigurationValue, ConfigurationValue, string]>([
    [{ endpoints: [endpoint] }, { endpoints: [{ ...endpoint, weight: 2 }] }, 'live'],
    [{ endpoints: [endpoint] }, { endpoints: [{ ...endpoint, host: 'i' }] }, 'drain'],
    [{ endpoints: [endpoint] }, { endpoints: [{ ...endpoint, compat: { tn3270e: false } }] }, 'drain'],
    [{ endpoints: [endpoint] }, { endpoints: [] }, 'drain'],
    [{ endpoints: [] }, { endpoints: [endpoint] }, 'live'],
    [{}, { limits: { max_sessions: 5 } }, 'live'],
    [{ limits: { max_sessions: 5 } }, {}, 'live'],
    [{ limits: { max_sessions: 5 } }, { limits: { max_sessions: 5, max_connections: 5 } }, 'restart'],
    [{}, { server: { port: 1 } }, 'restart'],
    [{}, { log: { level: 'debug' } }, 'live'],
    [{}, { log: { file: { path: '/x' } } }, 'restart'],
    [held(), held(hold), 'live'],
    [held(hold), held({ ...hold, owner: 'law' }), 'live'],
    [held(hold), held(), 'live'],
    [held(hold), { audit: { retention: { attributes: true } } }, 'restart'],
    [{}, { authentication: {} }, 'restart'],
  ])('%j → %j is %s', (before, next, action) => {
    expect(planReload(before, before, next).action).toBe(action);
  });

  it('names what waits for a restart until there is one, beside what is new', () => {
    const [started, before] = [{}, { server: { port: 1 } }];
    const next = { server: { port: 1, allow_plain: true }, sessions: { idle_after_ms: 5 } };
    expect(planReload(started, before, before)).toMatchObject({
      changes: [{ path: 'server', op: 'add', action: 'restart' }],
      action: 'restart',
    });
    expect(planReload(started, before, next).changes.map(({ path, action }) => [path, action])).toEqual([
      ['server', 'restart'],
      ['sessions', 'live'],
    ]);
    expect(planReload(started, before, started).changes).toMatchObject([{ path: 'server', op: 'remove' }]);
    expect(planReload(started, started, started)).toEqual({ changes: [], action: undefined });
  });

  it('joins the fields of a section that changes again while it waits', () => {
    const limits = (more: object): ConfigurationValue => ({ limits: { max_sessions: 1, ...more } });
    const [started, before] = [limits({}), limits({ max_connections: 9 })];
    const [change] = planReload(started, before, { limits: { max_sessions: 2, max_connections: 9 } }).changes;
    expect([change?.fields.map(({ field }) => field), change?.action]).toEqual([
      ['max_sessions', 'max_connections'],
      'restart',
    ]);
  });
});
