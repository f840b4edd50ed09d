import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { load, type LoadOptions, told } from '../product.fixture.ts';
import { diagnosticsToJson, renderDiagnostics } from './render.ts';

async function report(text: string, options?: LoadOptions): Promise<string> {
  return renderDiagnostics(told(await load(text, options)));
}

describe('renderDiagnostics', () => {
  it('shows code, cause, place, the underlined line, what is expected and what may be meant', async () => {
    expect(await report('server:\n  prot: 1\n')).toBe(
      [
        'error[CONFIG_UNKNOWN_KEY]: Unknown key `prot`',
        ' --> /etc/main.yaml:2:3',
        '  |',
        '2 |   prot: 1',
        '  |   ^^^^ expected one of `host`, `port`, `is_open`, `log_level`',
        '  = help: did you mean `port`?',
        '',
        '1 error',
        '',
      ].join('\n'),
    );
  });

  it('shows the other places of a fault', async () => {
    const text = 'endpoints:\n  - { id: a, host: h, port: 1 }\n  - { id: b, host: h, port: 1 }\n';
    expect(await report(text)).toBe(
      [
        'error[CONFIG_CONFLICT]: h:1 is an endpoint already',
        ' --> /etc/main.yaml:3:29',
        '  |',
        '3 |   - { id: b, host: h, port: 1 }',
        '  |                             ^',
        ' ::: /etc/main.yaml:2:29',
        '  |',
        '2 |   - { id: a, host: h, port: 1 }',
        '  |                             - first here',
        '  = help: Change one of the settings that contradict each other.',
        '',
        '1 error',
        '',
      ].join('\n'),
    );
  });

  it('names variables and settings where there is no line', async () => {
    expect(await report('server: {}\n', { settings: ['server.port=x'] })).toBe(
      [
        'error[CONFIG_TYPE]: `server.port` must be a number, not text',
        ' --> --set server.port',
        '  = expected: a number',
        '  = help: Correct the value.',
        '',
        '1 error',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['wide characters', 'server: { host: "東京", port: x }', 'server: { host: "東京", port: x }', 30],
    ['combining characters', 'server: { host: "e\u0301", port: x }', 'server: { host: "e\u0301", port: x }', 27],
    ['tabs', 'server: {\tport: x }', 'server: {    port: x }', 19],
    ['emoji', 'server: { host: "🚂", port: x }', 'server: { host: "🚂", port: x }', 28],
  ])('puts the caret under the place behind %s', async (_what, text, line, cells) => {
    const lines = (await report(`${text}\n`)).split('\n');
    expect(lines[3]).toBe(`1 | ${line}`);
    expect(lines[4]).toBe(`  | ${' '.repeat(cells)}^ expected a number`);
  });

  it('lets no text steer the terminal or turn its direction', async () => {
    const shown = await report('server:\n  port: "\\e[31m" # \u202E \u009B31m\n');
    for (const character of ['\u001B', '\u009B', '\u202E']) expect(shown).not.toContain(character);
  });

  it('shows of a long line the part around the place', async () => {
    const line = (
      await report(`server: { host: "${'x'.repeat(500)}", port: y, log_level: ${'z'.repeat(500)} }\n`)
    ).split('\n');
    expect(line[3]).toMatch(/^1 \| ….*port: y.*…$/);
    expect(line[3]?.length).toBeLessThan(180);
    expect(line[3]?.[line[4]?.indexOf('^') ?? 0]).toBe('y');
  });

  it.each([
    ['in its own line', 'webhooks:\n  - id: a\n    url: http://x\n    secret: hunter2\n', 4],
    ['in a flow map', 'webhooks: [{ id: a, secret: hunter2hunter2, url: 5 }]\n', 1],
    ['in a block', 'webhooks:\n  - id: a\n    url: x\n    secret: |-\n      hunter2\n', 3],
    ['under a misspelt key', 'webhooks: [{ id: a, url: http://x, secrt: hunter2 }]\n', 1],
    ['in a list', 'webhooks: [{ id: a, secret: [hunter2, hunter2], url: 5 }]\n', 1],
    ['in a template that nobody uses', 'templates: { m: { body: { secret: hunter2 }, bdy: 1 } }\n', 1],
    [
      'in a block below a directive',
      'webhooks:\n  $append:\n    - id: a\n      secret: |-\n        hunter2 ${NONE}\n',
      5,
    ],
    ['through an anchor', 'x-s: &s hunter2\nwebhooks:\n  - { id: a, url: http://x, secret: *s }\n', 1],
    ['in a section that is misspelt', 'webhoks: [{ id: a, secret: hunter2, url: http://x }]\n', 1],
    ['that is the password of a URL', 'webhooks: [{ id: a, url: http://me:hunter2@x, x: 5 }]\n', 1],
    ['in text that is no YAML', 'webhooks: [{ id: a, secret: hunter2: x }]\n', 1],
    ['as an alias without anchor', 'webhooks:\n  - { id: a, secret: hunter2, url: *u }\n', 2],
  ])('masks a secret %s', async (_where, text, line) => {
    const diagnostics = told(await load(text));
    expect(diagnostics[0]?.line).toBe(line);
    expect(renderDiagnostics(diagnostics)).not.toContain('hunter2');
    expect(JSON.stringify(diagnosticsToJson(diagnostics))).not.toContain('hunter2');
  });

  it('shows references to secrets, and keys that only elsewhere hold one', async () => {
    const text = await report('webhooks: [{ id: a, secret: secret://env/S, url: http://x, x: 5 }]\n');
    expect(text).toContain('webhooks: [{ id: a, secret: secret://env/S, url: http://x, x: 5 }]');
  });

  it('keeps the caret in place behind a masked secret', async () => {
    const lines = (await report('webhooks: [{ id: a, secret: hunter2hunter2hunter2, url: 5 }]\n')).split('\n');
    expect(lines[3]).toBe('1 | webhooks: [{ id: a, secret: [secret], url: 5 }]');
    expect(lines[3]?.[lines[4]?.indexOf('^') ?? 0]).toBe('5');
  });

  it('counts warnings and what was left out', async () => {
    const loaded = told(await load('server:\n  is_open: yes\n  port: x\n'));
    expect(renderDiagnostics(loaded, { omitted: 7 })).toMatch(/\n1 error and 7 more, 1 warning\n$/);
    expect(renderDiagnostics([])).toBe('');
  });

  it('paints nothing but the frame, and only when asked', async () => {
    const diagnostics = told(await load('server:\n  prot: 1\n'));
    const painted = renderDiagnostics(diagnostics, { color: true });
    expect(painted).toContain('\u001B[1;31merror[CONFIG_UNKNOWN_KEY]\u001B[0m');
    expect(stripVTControlCharacters(painted)).toBe(renderDiagnostics(diagnostics));
  });
});

describe('diagnosticsToJson', () => {
  it('says the same with the names that JSON has everywhere', async () => {
    expect(diagnosticsToJson(told(await load('server:\n  prot: 1\n')))).toEqual({
      errors: 1,
      warnings: 0,
      omitted: 0,
      diagnostics: [
        {
          severity: 'error',
          phase: 'schema',
          code: 'CONFIG_UNKNOWN_KEY',
          message: 'Unknown key `prot`',
          path: 'server.prot',
          file: '/etc/main.yaml',
          line: 2,
          column: 3,
          end_line: 2,
          end_column: 7,
          excerpt: { text: '  prot: 1', from: 2, to: 6 },
          hint: 'Remove the key, or correct its name.',
          expected: 'one of `host`, `port`, `is_open`, `log_level`',
          suggestion: 'port',
          related: [],
        },
      ],
    });
  });
});
