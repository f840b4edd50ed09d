import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

describe('the metrics text', () => {
  it('has a help and a type line for every family, all with our prefix', () => {
    const text = createMetrics().render({ active: 1 });
    const families = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
    expect(families.length).toBeGreaterThan(6);
    for (const [, name, type] of families) {
      expect(name).toMatch(/^roundhouse_/);
      expect(text).toContain(`# HELP ${name} `);
      if (type === 'counter') expect(name).toMatch(/_total$/);
    }
    expect(text.endsWith('\n')).toBe(true);
  });

  it('adds up a histogram from bucket to bucket', () => {
    const metrics = createMetrics();
    const labels = { method: 'GET', route: '/x', status: '200' };
    for (const seconds of [0.0001, 0.003, 0.003, 100]) metrics.requests.observe(seconds, 'key', () => labels);
    const text = metrics.render({});
    const bucket = (le: string): string | undefined =>
      new RegExp(`le="${le.replace('+', '\\+')}"\\} (\\d+)`).exec(text)?.[1];
    expect(['0.0005', '0.0025', '0.005', '30', '+Inf'].map(bucket)).toEqual(['1', '1', '3', '3', '4']);
    expect(text).toMatch(/_count\{method="GET",route="\/x",status="200"\} 4/);
  });

  it('escapes label values', () => {
    const metrics = createMetrics();
    metrics.inputs.add(1, { outcome: 'a"b\\c\nd' });
    expect(metrics.render({})).toContain('outcome="a\\"b\\\\c\\nd"} 1');
  });
});
