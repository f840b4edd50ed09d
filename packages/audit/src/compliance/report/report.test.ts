import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assess } from '../assess.ts';
import { PROFILES } from '../catalogue/profiles.ts';
import { RULES } from '../catalogue/rules.ts';
import { factSheet } from '../fact/gather.ts';
import { PASSING } from '../fact/passing.fixture.ts';
import { csvCell, csvReport } from './csv.ts';
import { htmlReport } from './html.ts';
import { oscalReport } from './oscal.ts';
import { type ComplianceReport, reportOf } from './report.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const EVIL = '=HYPERLINK("http://x")<script>alert(1)</script>';

function report(profile = 'all'): ComplianceReport {
  const { 'clock.offset_ms': _, ...facts } = PASSING;
  const found = PROFILES.find(({ id }) => id === profile);
  if (found === undefined) throw new Error(profile);
  const sheet = factSheet(
    { ...facts, 'principals.generic': [EVIL], 'certificates.items': [], 'lockout.max_failures': 99 },
    NOW,
  );
  const waivers = [{ rule: 'RH-C16', owner: 'jane', reason: EVIL, expiresAt: NOW + 1 }];
  return reportOf(assess({ rules: RULES, profile: found, facts: sheet, waivers, now: NOW }), {
    name: 'Roundhouse',
    version: '1.2.3',
  });
}

describe('the report', () => {
  it('counts one of each, and says that it is evidence and no certification', () => {
    const { summary, statement, results } = report();
    expect(summary).toEqual({ pass: 28, fail: 1, waived: 1, not_applicable: 1, unknown: 1 });
    expect(statement).toContain('no certification');
    expect(results.find(({ rule }) => rule === 'RH-C12')).toMatchObject({ status: 'unknown', would_be: null });
  });

  it('never calls anything compliant', () => {
    const { statement: _, ...rest } = report();
    for (const text of [JSON.stringify(rest), csvReport(report()), htmlReport(report())]) {
      expect(text).not.toMatch(/\b(is|are) compliant\b|certified/i);
    }
  });
});

/** Rows of RFC 4180, read by its grammar. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (match === null) throw new Error('not RFC 4180');
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe('as CSV', () => {
  it('has a row for each rule, and as many cells in each', () => {
    const rows = parseCsv(csvReport(report()));
    expect(rows).toHaveLength(33);
    expect(new Set(rows.map(({ length }) => length))).toEqual(new Set([18]));
  });

  it('has no cell that a spreadsheet takes for a formula, and keeps any text', () => {
    for (const cell of parseCsv(csvReport(report())).flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [[read] = []] = parseCsv(`${csvCell(text)}\r\n`);
        expect(read).toBe(/^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text);
      }),
    );
  });
});

describe('as HTML', () => {
  const page = htmlReport(report());

  it('needs nothing from elsewhere, and runs nothing', () => {
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<(script|link|img|iframe|object)\b|\bsrc=|url\(|@import/i);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('has a language, a title, headings in order, a heading in each table, and no id twice', () => {
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toMatch(/<title>[^<]+<\/title>/);
    const levels = [...page.matchAll(/<h([1-6])\b/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    const tables = page.split('<table>').slice(1);
    expect(tables).toHaveLength(33);
    for (const table of tables) expect(table).toMatch(/^\s*<caption>.+<\/caption>\s*<thead><tr><th scope="col">/);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id as string);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g)) expect(ids).toContain(target);
  });

  it('can be read in light and dark: text has a contrast of 4.5 to 1 to each ground (WCAG 2.2, 1.4.3)', () => {
    const schemes = [...page.matchAll(/:root \{([^}]*)\}/g)].map(
      ([, text]) =>
        new Map([...(text ?? '').matchAll(/--(\w+): (#[0-9a-f]{6})/g)].map(([, name, colour]) => [name, colour])),
    );
    expect(schemes).toHaveLength(2);
    for (const scheme of schemes) {
      for (const name of ['ink', 'faint', 'fail', 'unknown', 'waived', 'pass', 'not_applicable']) {
        for (const ground of ['ground', 'soft']) {
          const [light, dark] = [scheme.get(name), scheme.get(ground)]
            .map((colour) => luminance(colour as string))
            .toSorted((a, b) => b - a);
          expect(((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  });

  it('closes every element that it opens', () => {
    const open: string[] = [];
    for (const [, close, name] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (name === 'meta') continue;
      if (close === '') open.push(name as string);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });
});

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

type Json = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly Json[] => value as readonly Json[];

/** Required members and forms of values: the JSON reference of the assessment results model, OSCAL 1.1.2. */
const UUID = /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[45][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$/;
const TOKEN = /^[\p{L}_][\p{L}\p{N}.\-_]*$/u;
const TEXT = /^\S(?:.*\S)?$/su;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

function checkProps(holder: Json): void {
  if (holder['props'] === undefined) return;
  expect(list(holder['props']).length).toBeGreaterThan(0);
  for (const { name, ns, value } of list(holder['props'])) {
    expect(name).toMatch(TOKEN);
    expect(ns).toMatch(/^[a-z]+:\S+$/);
    expect(value).toMatch(TEXT);
  }
}

describe.each(PROFILES.map(({ id }) => id))('as OSCAL assessment results, profile %s', (profile) => {
  const document = oscalReport(report(profile)) as { readonly 'assessment-results': Json };
  const root = document['assessment-results'];
  const [result = {}] = list(root['results']);
  const observations = list(result['observations']);
  const findings = list(result['findings']);
  const risks = list(result['risks']);

  it('has what the model requires at the top', () => {
    expect(Object.keys(document)).toEqual(['assessment-results']);
    expect(Object.keys(root).toSorted()).toEqual(['back-matter', 'import-ap', 'metadata', 'results', 'uuid']);
    const metadata = root['metadata'] as Json;
    expect(metadata).toMatchObject({ version: '1.2.3', 'oscal-version': '1.1.2' });
    expect(metadata['title']).toMatch(TEXT);
    expect(metadata['last-modified']).toMatch(TIME);
    checkProps(metadata);
    const plan = (root['import-ap'] as Json)['href'] as string;
    const resources = list((root['back-matter'] as Json)['resources']);
    expect(resources.map(({ uuid }) => `#${String(uuid)}`)).toContain(plan);
  });

  it('names every rule of the profile as a control that was reviewed', () => {
    for (const name of ['title', 'description']) expect(result[name]).toMatch(TEXT);
    expect(result['start']).toMatch(TIME);
    const [selection = {}] = list((result['reviewed-controls'] as Json)['control-selections']);
    const controls = list(selection['include-controls']).map((control) => control['control-id']);
    for (const control of controls) expect(control).toMatch(TOKEN);
    expect(controls).toEqual(report(profile).results.map(({ rule }) => rule.toLowerCase()));
  });

  it('has an observation for each rule, with its evidence', () => {
    expect(observations).toHaveLength(report(profile).results.length);
    for (const observation of observations) {
      expect(observation['description']).toMatch(TEXT);
      expect(observation['methods']).toEqual(['TEST']);
      expect(observation['collected']).toMatch(TIME);
      checkProps(observation);
      for (const evidence of list(observation['relevant-evidence'])) {
        expect(evidence['description']).toMatch(TEXT);
        checkProps(evidence);
      }
    }
  });

  it('is satisfied by what passes alone, and by nothing that does not apply', () => {
    const { results } = report(profile);
    const expected = results.flatMap(({ rule, status }) =>
      status === 'not_applicable' ? [] : [[rule.toLowerCase(), status === 'pass' ? 'satisfied' : 'not-satisfied']],
    );
    const states = findings.map(({ target }) => {
      const { type, 'target-id': id, status } = target as { type: string; 'target-id': string; status: Json };
      expect(type).toBe('objective-id');
      expect(['pass', 'fail', 'other']).toContain(status['reason']);
      return [id, status['state']];
    });
    expect(states).toEqual(expected);
    for (const finding of findings) for (const name of ['title', 'description']) expect(finding[name]).toMatch(TEXT);
  });

  it('has a risk for whatever did not pass, approved where it is waived', () => {
    expect(risks.map(({ status }) => status)).toEqual(
      report(profile).results.flatMap(({ status }) => {
        if (status === 'pass' || status === 'not_applicable') return [];
        return [status === 'waived' ? 'deviation-approved' : 'open'];
      }),
    );
    for (const risk of risks) {
      for (const name of ['title', 'description', 'statement']) expect(risk[name]).toMatch(TEXT);
      const [remediation = {}] = list(risk['remediations']);
      expect(remediation).toMatchObject({ lifecycle: 'recommendation', title: expect.stringMatching(TEXT) });
      expect(remediation['uuid']).toMatch(UUID);
    }
  });

  it('has identifiers that are unique, of version 4 or 5, the same each time, and lead somewhere', () => {
    const ids: unknown[] = [];
    const references: unknown[] = [];
    JSON.stringify(document, (key, value: unknown) => {
      if (key === 'uuid') ids.push(value);
      if (key === 'observation-uuid' || key === 'risk-uuid') references.push(value);
      return value;
    });
    for (const id of ids) expect(id).toMatch(UUID);
    expect(new Set(ids).size).toBe(ids.length);
    for (const reference of references) expect(ids).toContain(reference);
    expect(oscalReport(report(profile))).toEqual(document);
  });

  it('has no empty list, which the model forbids', () => {
    JSON.stringify(document, (key, value: unknown) => {
      if (Array.isArray(value)) expect(value, key).not.toEqual([]);
      return value;
    });
  });
});
