import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { collectErrors, findCatalogues } from './docs/catalogues.ts';
import { differences } from './docs/markdown.ts';
import { type Page, renderPages, ROOT } from './docs/pages.ts';

describe('generated pages', () => {
  let pages: readonly Page[];

  beforeAll(async () => {
    pages = await renderPages();
  });

  it('are current: "npm run docs" would change nothing', () => {
    expect(pages.flatMap(({ file, text }) => differences(readFileSync(file, 'utf8'), text))).toEqual([]);
  });

  it('have every code of every catalogue that the sources declare', async () => {
    const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const declared = globSync('{packages,apps}/*/src/**/errors.ts', { cwd: ROOT })
      .filter((file) => !file.startsWith('packages/testing/'))
      .flatMap((file) => [
        ...readFileSync(join(ROOT, file), 'utf8').matchAll(/^ {2}([A-Z][A-Z0-9_]+): (?:\{$|\w+\()/gm),
      ])
      .map(([, code]) => code as string);
    const errors = collectErrors(await findCatalogues(ROOT));
    expect(errors.map(({ code }) => code)).toEqual(declared.toSorted());
    for (const code of declared) expect(page).toContain(`\n## ${code}\n`);
  });

  it('come from files named errors.ts alone', () => {
    const elsewhere = globSync('{packages,apps}/*/src/**/*.ts', { cwd: ROOT })
      .filter((file) => !/(?:^|\/)errors\.ts$|\.test\.ts$/.test(file))
      .filter((file) => /^export const \w+ = defineErrors\(/m.test(readFileSync(join(ROOT, file), 'utf8')));
    expect(elsewhere).toEqual([]);
  });
});

describe('collectErrors', () => {
  const entry = { message: 'taken', hint: 'none', retryable: false, status: 500 };

  it('refuses a code that two packages declare', () => {
    const found = ['packages/a/src', 'packages/b/src'].map((folder) => ({ folder, catalogue: { TAKEN: entry } }));
    expect(() => collectErrors(found)).toThrow('TAKEN is declared in packages/a/src and in packages/b/src');
  });
});

describe('differences', () => {
  it('names lines of one text that the other lacks', () => {
    expect(differences('a\nb', 'a\nc')).toEqual(['- b', '+ c']);
  });

  it('tells of order and number too, and is empty for equal texts alone', () => {
    expect(differences('a\na', 'a')).toHaveLength(1);
    expect(differences('a', 'a')).toEqual([]);
  });
});

describe('hand-written pages', () => {
  const pages = ['*.md', 'docs/**/*.md'].flatMap((pattern) => globSync(pattern, { cwd: ROOT }));

  it.each(pages)('%s: relative links lead somewhere', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const folder = join(ROOT, page, '..');
    const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, target]) => target as string,
    );
    expect(targets.filter((target) => globSync(target, { cwd: folder }).length === 0)).toEqual([]);
  });

  it.each(pages)('%s: links to a section lead to one', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:|mailto:)([^)#]*)#([^)]+)\)/g)].map(
      ([, file, anchor]) =>
        [join(page, '..', file === '' ? basename(page) : (file as string)), anchor as string] as const,
    );
    expect(targets.filter(([file, anchor]) => !anchorsOf(file).has(anchor))).toEqual([]);
  });

  it.each(pages)('%s: files of this repository that it names exist', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const named = [...text.matchAll(/`((?:apps|packages|tools|bench|docs)\/[^`\s*{}<>…]+)`/g)].map(
      ([, name]) => name as string,
    );
    expect(named.filter((name) => globSync(name, { cwd: ROOT }).length === 0)).toEqual([]);
  });
});

describe('alert rules', () => {
  const rules = readFileSync(join(ROOT, 'deploy/prometheus/roundhouse.rules.yml'), 'utf8');
  const alerts = [...rules.matchAll(/^ +- alert: (\w+)$/gm)].map(([, alert]) => alert as string);
  const runbooks = [...rules.matchAll(/^ +runbook_url: ([^#\s]+)#(\S+)$/gm)].map(
    ([, file, anchor]) => [file as string, anchor as string] as const,
  );

  it('have a runbook each', () => {
    expect(alerts).not.toEqual([]);
    expect(runbooks).toHaveLength(alerts.length);
    expect(runbooks.filter(([file, anchor]) => !anchorsOf(file).has(anchor))).toEqual([]);
  });

  it('have all runbooks there are', () => {
    const written = [...anchorsOf('docs/operations.md')].filter((anchor) => anchor.startsWith('alert-'));
    expect(written.toSorted()).toEqual([...new Set(runbooks.map(([, anchor]) => anchor))].toSorted());
  });
});

/** Of the headings of a page, as GitHub makes them; none for a page that is not there. */
function anchorsOf(file: string): ReadonlySet<string> {
  if (globSync(file, { cwd: ROOT }).length === 0) return new Set();
  const headings = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, text]) => text as string,
  );
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
