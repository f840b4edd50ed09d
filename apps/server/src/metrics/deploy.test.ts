import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeClock, promtool } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

const deploy = (path: string): string => fileURLToPath(new URL(`../../../../deploy/${path}`, import.meta.url));
const RULES = deploy('prometheus/roundhouse.rules.yml');
const RULE_TESTS = deploy('prometheus/roundhouse.test.yml');

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: ReadonlyArray<{ readonly expr: string; readonly refId: string }>;
}

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string; readonly definition?: string }> };
}

const dashboard = JSON.parse(readFileSync(deploy('grafana/roundhouse.json'), 'utf8')) as Dashboard;
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Names that a text of PromQL takes from our registry; those with a colon are recorded by our rules. */
function metricsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/(?<![:\w])roundhouse_\w+(?!:)\b/g)].map(([name]) => name));
}

function unknownIn(text: string): readonly string[] {
  const names = new Set(createMetrics({ clock: new FakeClock(), version: '1' }).names());
  return [...metricsIn(text)].filter(
    (name) => !names.has(name) && !names.has(name.replace(/_(?:bucket|sum|count)$/, '')),
  );
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-deploy-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the rules for Prometheus', () => {
  it('are valid, and so is the example that loads them', () =>
    inFolder(async (folder) => {
      await promtool(['check', 'rules', RULES]);
      const token = join(folder, 'token');
      writeFileSync(token, 'x');
      const example = readFileSync(deploy('prometheus/prometheus.yml'), 'utf8');
      const file = join(folder, 'prometheus.yml');
      writeFileSync(
        file,
        example.replace('/etc/prometheus/roundhouse.token', token).replace('roundhouse.rules.yml', RULES),
      );
      expect(await promtool(['check', 'config', file])).toMatch(/rules found/);
    }));

  it('fire when they should', () => promtool(['test', 'rules', RULE_TESTS]));

  it('are all tested, say what to do, and to whom', () => {
    const tests = readFileSync(RULE_TESTS, 'utf8');
    const alerts = readFileSync(RULES, 'utf8')
      .split(/^ +- alert: /m)
      .slice(1);
    expect(alerts.length).toBeGreaterThan(20);
    for (const alert of alerts) {
      const name = alert.split('\n', 1)[0] as string;
      expect(tests).toContain(`alertname: ${name}\n`);
      expect(alert, name).toMatch(/severity: (page|ticket) /);
      expect(alert, name).toMatch(/summary: "/);
      expect(alert, name).toMatch(/runbook_url: docs\/operations\.md#alert-[a-z-]+$/m);
    }
  });

  it('know only metrics that the server has', () => {
    const text = readFileSync(RULES, 'utf8');
    expect(unknownIn(text)).toEqual([]);
    expect(unknownIn('rate(roundhouse_made_up_total[5m])')).toEqual(['roundhouse_made_up_total']);
  });
});

describe('the dashboard for Grafana', () => {
  it('asks for nothing that the server has not, and shows all that it has', () => {
    const text = [...expressions, ...dashboard.templating.list.map(({ definition = '' }) => definition)].join('\n');
    expect(unknownIn(text)).toEqual([]);
    const asked = [...metricsIn(text)].map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
    const unshown = createMetrics({ clock: new FakeClock(), version: '1' })
      .names()
      .filter((name) => !asked.includes(name));
    expect(unshown).toEqual([]);
  });

  it('has expressions that Prometheus understands', () =>
    inFolder(async (folder) => {
      const plain = expressions.map((expr) =>
        expr
          .replaceAll('$__rate_interval', '1m')
          .replaceAll('$__range', '3h')
          .replaceAll(/"\$(job|instance)"/g, '".*"'),
      );
      for (const expr of plain) expect(expr).not.toContain('$');
      const rules = plain.map((expr, index) => ({ record: `panel:expression:${index}`, expr }));
      const file = join(folder, 'panels.yml');
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
      await promtool(['check', 'rules', file]);
    }));

  it('is put together as Grafana wants it', () => {
    const { panels, schemaVersion, uid } = dashboard;
    expect(uid).toBe('roundhouse');
    expect(schemaVersion).toBe(39);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels) {
      const { x, y, w, h } = panel.gridPos;
      expect(x + w, panel.title).toBeLessThanOrEqual(24);
      if (panel.type !== 'row') expect(panel.datasource?.uid, panel.title).toBe('${datasource}');
      const overlaps = panels.filter(
        (other) =>
          other !== panel &&
          other.gridPos.x < x + w &&
          x < other.gridPos.x + other.gridPos.w &&
          other.gridPos.y < y + h &&
          y < other.gridPos.y + other.gridPos.h,
      );
      expect(overlaps, panel.title).toEqual([]);
    }
  });
});
