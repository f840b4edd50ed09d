import { describe, expect, it } from 'vitest';
import { load, type LoadOptions, told } from './product.fixture.ts';
import type { Diagnostic } from './report/diagnostic.ts';

/** `code place [suggestion]`, in the order of the report. */
type Expected = readonly string[];
type Case = readonly [title: string, text: string | Uint8Array, expected: Expected, options?: LoadOptions];

function lineOf({ code, file, line, column, suggestion }: Diagnostic): string {
  const name = file.replace(/^\/etc\/main\.yaml$/, '').replace(/^\/etc\//, '');
  const place = line === undefined ? file : `${name === '' ? '' : `${name}:`}${line}:${column}`;
  return suggestion === undefined ? `${code} ${place}` : `${code} ${place} [${suggestion}]`;
}

const SYNTAX: readonly Case[] = [
  ['a tab for indentation', 'server:\n\tport: 1\n', ['CONFIG_TAB 2:1']],
  ['a key that is not aligned', 'server:\n  port: 1\n host: h\n', ['CONFIG_INDENT 3:2']],
  ['a flow map without its end', 'server: {port: 1\nendpoints: []\n', ['CONFIG_SYNTAX 1:9']],
  ['quotes without their end', 'server:\n  host: "h\n', ['CONFIG_SYNTAX 2:9']],
  ['a colon within a plain text', 'server:\n  host: a: b\n', ['CONFIG_SYNTAX 2:9']],
  ['a line too far in', 'server:\n  port: 1\n    host: h\n', ['CONFIG_INDENT 3:5']],
  ['a bracket without its end', 'endpoints: [{ id: a, host: h }\nwebhooks: []\n', ['CONFIG_SYNTAX 1:12']],
  ['a brace within a bracket', 'endpoints: [{ id: a, host: h ]\nwebhooks: []\n', ['CONFIG_SYNTAX 1:13']],
  ['a character that begins no text', 'server:\n  host: @h\n', ['CONFIG_SYNTAX 2:9']],
  ['a key twice', 'server:\n  port: 1\n  host: h\n  port: 2\n', ['CONFIG_DUPLICATE_KEY 4:3']],
  ['a section twice', 'endpoints: []\nserver: {}\nendpoints: []\n', ['CONFIG_DUPLICATE_KEY 3:1']],
  ['an alias without anchor', 'server: &base {}\nx-a: *bsae\n', ['CONFIG_ALIAS_UNKNOWN 2:6 [*base]']],
  ['an alias within its own anchor', 'x-a: &a\n  b: *a\n', ['CONFIG_CYCLE 2:6']],
  ['a merge of a text', 'server:\n  <<: base\n', ['CONFIG_MERGE_KEY 2:7']],
  ['several documents', 'server: {}\n---\nserver: {}\n', ['CONFIG_MULTIPLE_DOCUMENTS 2:1']],
  ['a substitution without quotes in a flow map', 'server: { port: ${PORT} }\n', ['CONFIG_SYNTAX 1:17']],
  ['a tag of somebody else', 'server:\n  host: !env HOST\n', ['CONFIG_YAML_UNSUPPORTED 2:9']],
  ['YAML 1.1', '%YAML 1.1\n---\nserver: {}\n', ['CONFIG_YAML_UNSUPPORTED 1:1']],
  ['a key that is a map', 'server:\n  ? {a: b}\n  : 1\n', ['CONFIG_KEY 2:5']],
  ['the key __proto__', 'server:\n  __proto__: {}\n', ['CONFIG_KEY 2:3']],
  ['a list in place of the whole', '- a\n', ['CONFIG_ROOT 1:1']],
  ['a text in place of the whole', 'just words\n', ['CONFIG_ROOT 1:1']],
  ['an empty file', '', ['CONFIG_EMPTY 1:1']],
  ['comments only', '# nothing\n', ['CONFIG_EMPTY 1:1']],
  ['a NUL', 'server:\n  host: "a\0b"\n', ['CONFIG_NUL 2:11']],
  ['UTF-16', Buffer.from('\uFEFFserver: {}\n', 'utf16le'), ['CONFIG_ENCODING 1:1']],
  ['Latin-1', Buffer.from('server:\n  host: M\xfcnchen\n', 'latin1'), ['CONFIG_ENCODING 2:10']],
  [
    'more than allowed',
    `# ${'x'.repeat(100)}\n`,
    ['CONFIG_FILE_TOO_LARGE /etc/main.yaml'],
    { limits: { maxFileBytes: 50 } },
  ],
  ['nesting without end', `x-a: ${'['.repeat(70)}${']'.repeat(70)}\n`, ['CONFIG_DEPTH 1:70']],
  ['nesting beyond the stack', `x-a: ${'['.repeat(20_000)}`, ['CONFIG_DEPTH 1:70']],
  [
    'aliases that multiply',
    `x-0: &a0 [1]\n${Array.from({ length: 9 }, (_, n) => `x-${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]\n`).join('')}`,
    ['CONFIG_SIZE 7:15'],
  ],
  [
    'aliases that nest',
    `x-0: &a0 [1]\n${Array.from({ length: 9 }, (_, n) => `x-${n + 1}: &a${n + 1} ${'['.repeat(9)}*a${n}${']'.repeat(9)}\n`).join('')}`,
    ['CONFIG_DEPTH 8:19'],
  ],
  ['too many aliases', 'x-a: &a 1\nx-b: [*a, *a, *a]\n', ['CONFIG_ALIAS_LIMIT 2:15'], { limits: { maxAliases: 2 } }],
];

const T =
  'templates:\n  m:\n    parameters: { port: { type: integer, default: 23 }, name: string }\n    body: { host: "${with.name}", port: "${with.port}" }\n';

const COMPOSITION: readonly Case[] = [
  [
    'an unset variable',
    'server:\n  port: ${PROT}\n',
    ['CONFIG_VARIABLE_UNSET 2:9 [${PORT}]'],
    { variables: { PORT: '1' } },
  ],
  ['an unset variable within a text', 'server:\n  host: "a-${HOST}.b"\n', ['CONFIG_VARIABLE_UNSET 2:12']],
  ['a variable that is demanded', 'server:\n  host: ${HOST:?say where}\n', ['CONFIG_VARIABLE_UNSET 2:9']],
  ['a substitution that is none', 'server:\n  host: ${a b}\n', ['CONFIG_SUBSTITUTION 2:9']],
  ['a substitution without its end', 'server:\n  host: "${HOST"\n', ['CONFIG_SUBSTITUTION 2:10']],
  ['a parameter outside templates', 'server:\n  host: ${with.name}\n', ['CONFIG_SUBSTITUTION 2:9']],
  ['a file that is not there', 'server:\n  host: ${file:/run/host}\n', ['CONFIG_FILE_UNREADABLE 2:9']],
  [
    'a file that is too large',
    'server:\n  host: ${file:h}\n',
    ['CONFIG_FILE_TOO_LARGE 2:9'],
    { files: { '/etc/h': 'x'.repeat(100) }, limits: { maxValueBytes: 10 } },
  ],
  [
    'a secret that is not there',
    'webhooks:\n  - { id: a, url: "http://x", secret: secret://env/S }\n',
    ['CONFIG_SECRET_UNRESOLVED 2:39'],
  ],
  ['an unknown template', `${T}endpoints:\n  - { id: a, use: n }\n`, ['CONFIG_TEMPLATE_UNKNOWN 6:19 [m]']],
  [
    'an unknown parameter',
    `${T}endpoints:\n  - { id: a, use: { template: m, with: { name: h, prot: 1 } } }\n`,
    ['CONFIG_PARAMETER_UNKNOWN 6:51 [port]'],
  ],
  [
    'a parameter that is missing',
    `${T}endpoints:\n  - { id: a, use: { template: m } }\n`,
    ['CONFIG_PARAMETER_REQUIRED 6:31'],
  ],
  [
    'a misspelt parameter that is needed, once',
    `${T}endpoints:\n  - { id: a, use: { template: m, with: { nmae: h } } }\n`,
    ['CONFIG_PARAMETER_UNKNOWN 6:42 [name]'],
  ],
  [
    'a template with a fault, and nothing of its uses',
    'templates:\n  m:\n    paramters: { name: string }\n    body: { host: "${with.name}" }\nendpoints:\n  - { id: a, use: { template: m, with: { name: h } } }\n',
    ['CONFIG_TEMPLATE 3:5 [parameters]'],
  ],
  [
    'a parameter of another type',
    `${T}endpoints:\n  - { id: a, use: { template: m, with: { name: h, port: x } } }\n`,
    ['CONFIG_PARAMETER_TYPE 6:57'],
  ],
  [
    'an unknown type of a parameter',
    'templates:\n  m:\n    parameters: { a: strng }\n    body: {}\n',
    ['CONFIG_TEMPLATE 3:22 [string]'],
  ],
  ['an unknown part of a template', 'templates:\n  m:\n    bdy: {}\n    body: {}\n', ['CONFIG_TEMPLATE 3:5 [body]']],
  [
    'templates in a circle',
    'templates:\n  a: { extends: b, body: {} }\n  b: { extends: a, body: {} }\n',
    ['CONFIG_CYCLE 3:17'],
  ],
  [
    'a template that uses itself',
    'templates:\n  a: { body: { probe: { use: a } } }\nendpoints:\n  - { id: e, host: h, use: a }\n',
    ['CONFIG_CYCLE 2:30'],
  ],
  ['an unknown directive', 'endpoints:\n  $apend: []\n', ['CONFIG_DIRECTIVE 2:3 [$append]', 'CONFIG_TYPE 1:1']],
  ['a directive beside keys', 'endpoints:\n  $append: []\n  a: 1\n', ['CONFIG_DIRECTIVE 3:3']],
  ['a directive for the whole', '$append: []\n', ['CONFIG_DIRECTIVE 1:1']],
  ['a directive that makes a text of the whole', '$replace: text\n', ['CONFIG_DIRECTIVE 1:1']],
  [
    'a template whose body is a list',
    'templates:\n  m: { body: { $append: [] } }\nendpoints:\n  - { id: a, host: h, use: m }\n',
    ['CONFIG_TEMPLATE 2:14'],
  ],
  ['removing what is not there', 'endpoints: { $append: [], $remove: [west] }\n', ['CONFIG_NOTHING_REMOVED 1:37']],
  ['a base that is not there', 'extends: base.yaml\n', ['CONFIG_FILE_UNREADABLE 1:10']],
  [
    'files in a circle',
    'extends: base.yaml\n',
    ['CONFIG_CYCLE base.yaml:1:10'],
    { files: { '/etc/base.yaml': 'extends: main.yaml\n' } },
  ],
  ['extends of a number', 'extends: 5\n', ['CONFIG_EXTENDS 1:10']],
  ['an unknown profile', 'server: {}\n', ['CONFIG_PROFILE_UNKNOWN profile smal [small]'], { profile: 'smal' }],
  [
    'a broken file in conf.d',
    'server: {}\n',
    ['CONFIG_TAB conf.d/1.yaml:2:1'],
    { files: { '/etc/conf.d/1.yaml': 'server:\n\tport: 1\n' } },
  ],
  [
    'an unknown variable of the product',
    'server: {}\n',
    ['CONFIG_VARIABLE_UNKNOWN environment ROUNDHOUSE__server__prot [ROUNDHOUSE__server__port]'],
    { variables: { ROUNDHOUSE__server__prot: '1', ROUNDHOUSE_PORT: 'not of this kind' } },
  ],
  [
    'a variable for an item that is not there',
    'endpoints:\n  - { id: east, host: h }\n',
    ['CONFIG_VARIABLE_UNKNOWN environment ROUNDHOUSE__endpoints__eest__port [ROUNDHOUSE__endpoints__east__port]'],
    { variables: { ROUNDHOUSE__endpoints__eest__port: '1' } },
  ],
  ['a setting without a value', 'server: {}\n', ['CONFIG_SETTING --set'], { settings: ['server.port'] }],
  [
    'a setting of an unknown path',
    'server: {}\n',
    ['CONFIG_PATH_UNKNOWN --set server.prt [server.port]'],
    { settings: ['server.prt=1'] },
  ],
];

const SCHEMA: readonly Case[] = [
  ['a misspelt key', 'server:\n  prot: 1\n', ['CONFIG_UNKNOWN_KEY 2:3 [port]']],
  ['a misspelt key that is needed, once', 'endpoints:\n  - id: a\n    hst: h\n', ['CONFIG_UNKNOWN_KEY 3:5 [host]']],
  ['a misspelt section', 'endpoint:\n  - id: a\n', ['CONFIG_UNKNOWN_KEY 1:1 [endpoints]']],
  ['an unknown key like no other', 'server:\n  zzz: 1\n', ['CONFIG_UNKNOWN_KEY 2:3']],
  ['a text for a number', 'server:\n  port: "23a"\n', ['CONFIG_TYPE 2:9']],
  ['a number in quotes', 'server:\n  port: "23"\n', ['CONFIG_TYPE 2:9 [23]']],
  ['a number with thousands parted', 'server:\n  port: 7,070\n', ['CONFIG_TYPE 2:9 [7070]']],
  [
    'a time with a unit',
    'endpoints:\n  - { id: a, host: h, probe: { kind: tcp, interval_ms: 1.5m } }\n',
    ['CONFIG_TYPE 2:56 [90000]'],
  ],
  [
    'the beginning of a key',
    'endpoints:\n  - { id: a, host: h, probe: { kind: tcp, interval: 5 } }\n',
    ['CONFIG_UNKNOWN_KEY 2:43 [interval_ms]'],
  ],
  ['a unit that is none of time', 'endpoints:\n  - { id: a, host: h, port: 5s }\n', ['CONFIG_TYPE 2:29']],
  ['a fraction for a whole number', 'server:\n  port: 1.5\n', ['CONFIG_VALUE 2:9']],
  ['a number beyond its range', 'server:\n  port: 70000\n', ['CONFIG_VALUE 2:9']],
  ['a number for a text', 'server:\n  host: 5\n', ['CONFIG_TYPE 2:9']],
  ['nothing for a text', 'server:\n  host:\n', ['CONFIG_TYPE 2:3']],
  ['a text for a map', 'server: yes\n', ['CONFIG_TYPE 1:9']],
  ['a map for a list', 'endpoints: { a: 1 }\n', ['CONFIG_TYPE 1:1']],
  ['a word for a truth value', 'endpoints:\n  - id: a\n    host: h\n    tls: no\n', ['CONFIG_TYPE 4:10 [false]']],
  ['a word that may be both', 'server:\n  is_open: yes\n', ['CONFIG_BOOLEAN_WORD 2:12 [true]']],
  ['a misspelt choice', 'server:\n  log_level: wran\n', ['CONFIG_VALUE 2:14 [warn]']],
  ['a misspelt variant', 'endpoints:\n  - { id: a, host: h, probe: { kind: tpc } }\n', ['CONFIG_VALUE 2:38 [tcp]']],
  [
    'a key of another variant',
    'endpoints:\n  - { id: a, host: h, probe: { kind: none, interval_ms: 1 } }\n',
    ['CONFIG_UNKNOWN_KEY 2:44'],
  ],
  ['a missing key of an item', 'endpoints:\n  - port: 1\n    id: a\n', ['CONFIG_REQUIRED 2:5']],
  ['a missing key of a section', 'webhooks:\n  - id: a\n', ['CONFIG_REQUIRED 2:5']],
  ['a missing tag', 'endpoints:\n  - id: a\n    host: h\n    probe: {}\n', ['CONFIG_REQUIRED 4:5']],
  ['a text that is no URL', 'webhooks:\n  - id: a\n    url: nowhere\n', ['CONFIG_VALUE 3:10']],
  ['a secret that is too short', 'webhooks:\n  - id: a\n    url: http://x\n    secret: abc\n', ['CONFIG_VALUE 4:13']],
  ['a text that is too long', 'endpoints:\n  - id: aaaaaaaaaaaaaaaaaaaa\n    host: h\n', ['CONFIG_VALUE 2:9']],
  ['an item of a wrong kind', 'endpoints:\n  - east\n', ['CONFIG_TYPE 2:5']],
  ['a value of a record', 'endpoints:\n  - id: a\n    host: h\n    labels:\n      site: 5\n', ['CONFIG_TYPE 5:13']],
  [
    'a fault in an anchor, used twice',
    'x-d: &d\n  port: x\nendpoints:\n  - { <<: *d, id: a, host: h }\n  - { <<: *d, id: b, host: i }\n',
    ['CONFIG_TYPE 2:9'],
  ],
  [
    'a fault in a template',
    'templates:\n  m:\n    body: { prt: 1 }\nendpoints:\n  - { id: a, host: h, use: m }\n',
    ['CONFIG_UNKNOWN_KEY 3:13 [port]'],
  ],
  [
    'a fault in a base',
    'extends: base.yaml\n',
    ['CONFIG_TYPE base.yaml:2:9'],
    { files: { '/etc/base.yaml': 'server:\n  port: x\n' } },
  ],
  ['a variable of a wrong type', 'server:\n  port: ${P}\n', ['CONFIG_TYPE 2:9'], { variables: { P: 'x' } }],
  [
    'the environment with a wrong type',
    'server: {}\n',
    ['CONFIG_TYPE environment ROUNDHOUSE__server__port'],
    { variables: { ROUNDHOUSE__server__port: 'x' } },
  ],
  ['a setting with a wrong type', 'server: {}\n', ['CONFIG_TYPE --set server.port'], { settings: ['server.port=x'] }],
  ['wide characters before the fault', 'server: { host: "東京", port: x }\n', ['CONFIG_TYPE 1:29']],
  [
    'many at once, in the order of the text',
    'server:\n  prot: 1\nendpoints:\n  - id: a\n    port: x\n    group: nowhere\n',
    ['CONFIG_UNKNOWN_KEY 2:3 [port]', 'CONFIG_REQUIRED 4:5', 'CONFIG_TYPE 5:11', 'CONFIG_REFERENCE 6:12'],
  ],
];

const G = 'endpoint_groups:\n  - { id: mainframes }\n';

const RELATIONS: readonly Case[] = [
  [
    'an unknown group',
    `${G}endpoints:\n  - { id: a, host: h, group: mainframe }\n`,
    ['CONFIG_REFERENCE 4:30 [mainframes]'],
  ],
  ['an unknown name in a list', 'endpoint_groups:\n  - { id: a, fallback: [a, b] }\n', ['CONFIG_REFERENCE 2:28 [a]']],
  ['an id twice', 'endpoints:\n  - { id: a, host: h }\n  - { id: a, host: i }\n', ['CONFIG_DUPLICATE_ID 3:11']],
  [
    'a contradiction',
    'endpoints:\n  - { id: a, host: h, port: 1 }\n  - { id: b, host: h, port: 1 }\n',
    ['CONFIG_CONFLICT 3:29'],
  ],
  [
    'a contradiction by defaults',
    'endpoints:\n  - { id: a, host: h }\n  - { id: b, host: h, port: 23 }\n',
    ['CONFIG_CONFLICT 3:29'],
  ],
  // The name that is wrong may be the one that is meant.
  [
    'no reference to what is broken',
    'endpoint_groups:\n  - { id: [], strategy: p2c }\nendpoints:\n  - { id: a, host: h, group: b }\n',
    ['CONFIG_TYPE 2:11'],
  ],
  [
    'no reference by what is broken',
    'endpoints:\n  - { id: a, host: h, group: "${GROUP}" }\n',
    ['CONFIG_VARIABLE_UNSET 2:31'],
  ],
];

const FAULTS: Readonly<Record<string, readonly Case[]>> = {
  syntax: SYNTAX,
  composition: COMPOSITION,
  schema: SCHEMA,
  'references and conflicts': RELATIONS,
};

describe.each(Object.entries(FAULTS))('faults of %s', (_phase, cases) => {
  for (const [title, text, expected, options] of cases) {
    it(title, async () => {
      const diagnostics = told(await load(text, options));
      expect(diagnostics.map(lineOf)).toEqual(expected);
      for (const each of diagnostics) {
        expect(each.message).not.toMatch(/\{\w+\}|undefined/);
        expect(each.hint).not.toMatch(/undefined/);
      }
    });
  }
});

it('a fault that many places share is told once, with the first of them', async () => {
  const [fault] = told(
    await load('x-d: &d\n  port: x\nendpoints:\n  - { <<: *d, id: a, host: h }\n  - { <<: *d, id: b, host: i }\n'),
  );
  expect(fault?.path).toBe('endpoints[a].port');
  expect(fault?.related.map(({ message, line, column }) => [message, line, column])).toEqual([
    ['used here as `*d`', 4, 11],
    ['used here as `*d`', 5, 11],
  ]);
});

it('a duplicate names the first use', async () => {
  const [fault] = told(await load('endpoints:\n  - { id: a, host: h }\n  - { id: a, host: i }\n'));
  expect(fault?.related.map(({ message, line, column }) => [message, line, column])).toEqual([['first here', 2, 11]]);
});

it('keeps the first hundred in the order of the text, and counts the others', async () => {
  const items = Array.from({ length: 150 }, (_, n) => `  - { id: e${n}, host: h${n}, port: x }\n`).join('');
  const loaded = await load(`endpoints:\n${items}server:\n  zzz: 1\n`);
  if (loaded.ok) throw new Error('expected faults');
  expect(loaded.diagnostics).toHaveLength(100);
  expect(loaded.diagnostics.map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, n) => n + 2));
  expect(loaded.omitted).toBe(51);
});

it('tells the same of the same text each time', async () => {
  const text = 'server:\n  prot: 1\nendpoints:\n  - { id: a, group: x }\n  - { id: a, port: y }\n';
  expect(await load(text)).toEqual(await load(text));
});
