import { Secret } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { diffConfig, type PlanRules, renderPlan } from './plan.ts';

const rules: PlanRules = {
  actions: [
    { path: 'endpoints[].weight', action: 'live' },
    { path: 'endpoints[]', action: { add: 'live', remove: 'drain', change: 'drain' } },
    { path: 'webhooks[]', action: 'live' },
    { path: 'server.log_level', action: 'live' },
  ],
  keyedLists: [
    { path: 'endpoints', key: 'id' },
    { path: 'webhooks', key: 'id' },
  ],
  secrets: ['webhooks[].secret', 'webhooks[].old[]'],
};

const before = {
  server: { port: 1, log_level: 'info' },
  endpoints: [
    { id: 'a', host: 'h', weight: 1 },
    { id: 'b', host: 'h', weight: 1, labels: { site: 'x' } },
    { id: 'c', host: 'h' },
  ],
  webhooks: [{ id: 'w', secret: 'one', old: ['x'] }],
};

describe('diffConfig', () => {
  it('finds nothing where nothing changes, whatever the order of ids', () => {
    const after = { ...before, endpoints: before.endpoints.toReversed() };
    expect(diffConfig(before, after, rules)).toEqual({ changes: [], action: undefined });
    expect(renderPlan(diffConfig(before, after, rules))).toBe('No changes.\n');
  });

  it('names what comes, goes and changes, and what each takes', () => {
    const after = {
      server: { port: 2, log_level: 'warn' },
      endpoints: [
        { id: 'b', host: 'i', weight: 2, labels: {} },
        { id: 'd', host: 'h' },
        { id: 'a', host: 'h', weight: 5 },
      ],
      webhooks: [{ id: 'w', secret: 'two', old: ['x', 'y'] }],
    };
    const plan = diffConfig(before, after, rules);
    expect(plan.action).toBe('restart');
    expect(plan.changes.map(({ path, op, action }) => [path, op, action])).toEqual([
      ['endpoints[a]', 'change', 'live'],
      ['endpoints[b]', 'change', 'drain'],
      ['endpoints[c]', 'remove', 'drain'],
      ['endpoints[d]', 'add', 'live'],
      ['server', 'change', 'restart'],
      ['webhooks[w]', 'change', 'live'],
    ]);
    expect(renderPlan(plan)).toBe(`~ endpoints[a] (live)
    ~ weight: 1 → 5
~ endpoints[b] (drain)
    ~ host: "h" → "i"
    - labels.site: "x"
    ~ weight: 1 → 2
- endpoints[c] (drain)
+ endpoints[d] (live)
~ server (restart)
    ~ log_level: "info" → "warn"
    ~ port: 1 → 2
~ webhooks[w] (live)
    ~ old: ["[secret]"] → ["[secret]","[secret]"]
    ~ secret: "[secret]" → "[secret]"

Plan: 1 to add, 4 to change, 1 to remove (3 live, 2 drain, 1 restart).
`);
  });

  it('compares secrets by what they hold, and shows none', () => {
    const one = { webhooks: [{ id: 'w', token: new Secret('aaa') }] };
    expect(diffConfig(one, { webhooks: [{ id: 'w', token: new Secret('aaa') }] }, rules).changes).toEqual([]);
    const plan = diffConfig(one, { webhooks: [{ id: 'w', token: new Secret('bbb') }] }, rules);
    expect(plan.changes).toHaveLength(1);
    expect(JSON.stringify(plan)).not.toMatch(/aaa|bbb/);
  });

  it('wants a restart for what no rule names', () => {
    expect(diffConfig({}, { limits: { sessions: 5 } }, rules).changes).toEqual([
      { path: 'limits', kind: 'limits', id: undefined, op: 'add', fields: [], action: 'restart' },
    ]);
  });

  it('takes of a section that comes or goes what its values take', () => {
    const actions = (before: object, after: object) =>
      diffConfig(before, after, rules).changes.map(({ op, action }) => [op, action]);
    expect(actions({}, { server: { log_level: 'info' } })).toEqual([['add', 'live']]);
    expect(actions({ server: { log_level: 'info' } }, {})).toEqual([['remove', 'live']]);
    expect(actions({}, { server: { log_level: 'info', port: 1 } })).toEqual([['add', 'restart']]);
    expect(actions({}, { server: {} })).toEqual([['add', 'restart']]);
  });

  it('the first rule that fits decides', () => {
    const first: PlanRules = { ...rules, actions: [{ path: 'endpoints[]', action: 'restart' }, ...rules.actions] };
    const after = { ...before, endpoints: before.endpoints.map((each) => ({ ...each, weight: 9 })) };
    expect(diffConfig(before, after, first).action).toBe('restart');
    expect(diffConfig(before, after, rules).changes.map(({ id, action }) => [id, action])).toEqual([
      ['a', 'live'],
      ['b', 'live'],
      ['c', 'live'],
    ]);
  });

  it('paints its signs only when asked', () => {
    const plan = diffConfig({}, { limits: 1 }, rules);
    expect(renderPlan(plan, { color: true })).toContain('\u001B[32m+\u001B[0m limits');
  });
});
