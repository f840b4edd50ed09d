import { createScope, Secret } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definition, load, loadRight, MemoryFiles, told } from './product.fixture.ts';
import { loadConfig } from './load.ts';

describe('layers', () => {
  const files = {
    '/etc/base/root.yaml': 'server: { host: root, port: 1, log_level: error }\n',
    '/etc/base/mid.yaml': 'extends: root.yaml\nserver: { port: 2 }\n',
    '/etc/conf.d/20-b.yaml': 'server: { port: 5 }\n',
    '/etc/conf.d/10-a.yml': 'server: { port: 4 }\n',
    '/etc/conf.d/notes.txt': 'not: [read',
    '/etc/conf.d/.hidden.yaml': 'not: [read',
  };
  const main = 'extends: base/mid.yaml\nserver: { port: 3 }\n';
  const override = { path: 'server.port', value: 8, expiresAt: Date.UTC(2026, 0, 1) + 1, by: 'kim' };

  const all = {
    files,
    profile: 'small',
    variables: { ROUNDHOUSE__server__port: '6' },
    settings: ['server.port=6', 'server.port=7'],
  };
  const { settings: _settings, ...withVariables } = all;
  const { variables: _variables, ...withConf } = withVariables;
  const withoutConf = {
    profile: 'small',
    files: { '/etc/base/root.yaml': files['/etc/base/root.yaml'], '/etc/base/mid.yaml': files['/etc/base/mid.yaml'] },
  };

  it.each([
    ['the default', 'endpoints: []', {}, 7070],
    ['the profile', 'endpoints: []', { profile: 'small' }, 7171],
    ['what is extended', 'extends: base/root.yaml', withoutConf, 1],
    ['what extends that', 'extends: base/mid.yaml', withoutConf, 2],
    ['the main file', main, withoutConf, 3],
    ['the last of conf.d', main, withConf, 5],
    ['the environment', main, withVariables, 6],
    ['the last setting of the command line', main, all, 7],
    ['an override', main, { ...all, overrides: [override] }, 8],
    [
      'but no override that has expired',
      main,
      { ...all, overrides: [{ ...override, expiresAt: override.expiresAt - 1 }] },
      7,
    ],
  ])('%s wins over all before', async (_layer, text, options, port) => {
    expect((await loadRight(text, options)).value.server.port).toBe(port);
  });

  it('keeps what stronger layers do not say', async () => {
    const { value } = await loadRight(main, { files });
    expect(value.server).toEqual({ host: 'root', port: 5, log_level: 'error' });
  });

  it('says which files were read, and when the first override ends', async () => {
    const { document } = await loadRight(main, { files, overrides: [override, { ...override, expiresAt: undefined }] });
    expect(document.paths).toEqual([
      '/etc/main.yaml',
      '/etc/base/mid.yaml',
      '/etc/base/root.yaml',
      '/etc/conf.d',
      '/etc/conf.d/10-a.yml',
      '/etc/conf.d/20-b.yaml',
    ]);
    expect(document.expiresAt).toBe(override.expiresAt);
  });

  it('says which files were looked for when it fails', async () => {
    const loaded = await load('extends: [a.yaml, b.yaml]', { files: { '/etc/a.yaml': '{}' } });
    expect(loaded.ok ? [] : loaded.paths).toEqual(['/etc/main.yaml', '/etc/a.yaml', '/etc/b.yaml', '/etc/conf.d']);
  });

  it('needs a directory that was named to be there', async () => {
    expect(told(await load('server: {}', { directory: '/none' })).map(({ code, file }) => [code, file])).toEqual([
      ['CONFIG_FILE_UNREADABLE', '/none'],
    ]);
  });

  it('bounds the number of files, also where each names many', async () => {
    const many = `extends: [${Array.from({ length: 40 }, () => 'b.yaml').join(', ')}]\n`;
    const loaded = await load(many.replaceAll('b.yaml', 'a.yaml'), {
      files: { '/etc/a.yaml': many, '/etc/b.yaml': '{}' },
    });
    expect(new Set(told(loaded).map(({ code }) => code))).toEqual(new Set(['CONFIG_FILE_UNREADABLE']));
  });

  it('bounds the chain of files', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 9 }, (_, n) => [`/etc/${n}.yaml`, n === 8 ? '{}' : `extends: ${n + 1}.yaml\n`]),
    );
    expect(told(await load('extends: 0.yaml\n', { files: chain })).map(({ code }) => code)).toEqual([
      'CONFIG_INCLUDE_DEPTH',
    ]);
  });
});

describe('lists', () => {
  const base =
    'endpoints:\n  - { id: a, host: h, port: 1, labels: { x: "1" } }\n  - { id: b, host: i, port: 2 }\nwebhooks:\n  - { id: w, url: "http://x", events: [one, two] }\n';
  const over = async (text: string) =>
    (await loadRight(`extends: base.yaml\n${text}`, { files: { '/etc/base.yaml': base } })).value;

  it('merge by the id of their items', async () => {
    const { endpoints } = await over(
      'endpoints:\n  - { id: b, port: 3 }\n  - { id: c, host: j }\n  - { id: a, labels: { y: "2" } }\n',
    );
    expect(endpoints).toEqual([
      { id: 'a', host: 'h', port: 1, labels: { x: '1', y: '2' } },
      { id: 'b', host: 'i', port: 3 },
      { id: 'c', host: 'j', port: 23 },
    ]);
  });

  it('without ids replace each other', async () => {
    const { webhooks } = await over('webhooks:\n  - { id: w, events: [three] }\n');
    expect(webhooks[0]?.events).toEqual(['three']);
  });

  it.each([
    ['$append', 'webhooks:\n  - { id: w, events: { $append: [three] } }\n', ['one', 'two', 'three']],
    ['$remove', 'webhooks:\n  - { id: w, events: { $remove: [one] } }\n', ['two']],
    ['both', 'webhooks:\n  - { id: w, events: { $append: [three], $remove: [two] } }\n', ['one', 'three']],
    ['$replace', 'webhooks: { $replace: [{ id: v, url: "http://y", events: [four] }] }\n', ['four']],
  ])('take %s', async (_directive, text, events) => {
    expect((await over(text)).webhooks.flatMap((webhook) => webhook.events)).toEqual(events);
  });

  it('take $remove of ids, and maps of keys', async () => {
    expect((await over('endpoints: { $remove: [a] }\n')).endpoints.map(({ id }) => id)).toEqual(['b']);
    expect((await over('endpoints:\n  - { id: a, $remove: [labels] }\n')).endpoints[0]).toEqual({
      id: 'a',
      host: 'h',
      port: 1,
    });
  });

  it('keep items of one id within one file apart, to be told', async () => {
    const loaded = await load('extends: base.yaml\nendpoints:\n  - { id: a, port: 1 }\n  - { id: a, host: z }\n', {
      files: { '/etc/base.yaml': base },
    });
    expect(told(loaded).map(({ code, line, column }) => [code, line, column])).toEqual([
      ['CONFIG_DUPLICATE_ID', 4, 11],
    ]);
  });
});

describe('templates', () => {
  const templates = `
templates:
  base:
    parameters: { site: { type: string, default: "\${SITE:-hq}" } }
    body: { labels: { site: "\${with.site}", kind: base } }
  mainframe:
    extends: base
    parameters:
      name: string
      port: { type: integer, default: 23 }
      probe: { type: map, default: { kind: none } }
    body:
      host: "\${with.name}.example.com"
      port: \${with.port}
      probe: \${with.probe}
      labels: { kind: mainframe }
`;

  it('fill in parameters, typed, with defaults, and leave the last word to the place of use', async () => {
    const { value } = await loadRight(
      `${templates}endpoints:
  - id: a
    use: { template: mainframe, with: { name: east, port: "\${PORT}" } }
  - id: b
    use: { template: mainframe, with: { name: west, site: branch, probe: { kind: tcp } } }
    port: 99
    labels: { more: "1" }
`,
      { variables: { PORT: '992' } },
    );
    expect(value.endpoints).toEqual([
      {
        id: 'a',
        host: 'east.example.com',
        port: 992,
        probe: { kind: 'none' },
        labels: { site: 'hq', kind: 'mainframe' },
      },
      {
        id: 'b',
        host: 'west.example.com',
        port: 99,
        probe: { kind: 'tcp', interval_ms: 10_000 },
        labels: { site: 'branch', kind: 'mainframe', more: '1' },
      },
    ]);
  });

  it('use other templates with parameters of their own', async () => {
    const { value } = await loadRight(`
templates:
  probe: { parameters: { ms: integer }, body: { kind: tcp, interval_ms: "\${with.ms}" } }
  host: { parameters: { ms: integer }, body: { host: h, probe: { use: { template: probe, with: { ms: "\${with.ms}" } } } } }
endpoints:
  - { id: a, use: { template: host, with: { ms: 500 } } }
`);
    expect(value.endpoints[0]?.probe).toEqual({ kind: 'tcp', interval_ms: 500 });
  });

  it('have lists that the place of use, and templates that extend them, add to and take from', async () => {
    const { value } = await loadRight(`
templates:
  base: { body: { url: "http://x", events: [one, two] } }
  more: { extends: base, body: { events: { $append: [three] } } }
webhooks:
  - { id: a, use: more, events: { $append: [four], $remove: [one] } }
  - { id: b, use: more, $remove: [events] }
  - { id: c, use: more, events: { $replace: [five] } }
`);
    expect(value.webhooks.map(({ events }) => events)).toEqual([['two', 'three', 'four'], undefined, ['five']]);
  });

  it('come from any layer', async () => {
    const { value } = await loadRight('extends: t.yaml\nendpoints: [{ id: a, use: m }]\n', {
      files: {
        '/etc/t.yaml': 'templates: { m: { body: { host: h } } }\n',
        '/etc/conf.d/a.yaml': 'templates: { m: { body: { port: 5 } } }\n',
      },
    });
    expect(value.endpoints).toEqual([{ id: 'a', host: 'h', port: 5 }]);
  });

  it('cannot multiply each other without end', async () => {
    const levels = Array.from({ length: 30 }, (_, n) => {
      const body =
        n === 0 ? '{ labels: {} }' : `{ use: { template: t${n - 1}, with: { x: ["\${with.x}", "\${with.x}"] } } }`;
      return `  t${n}: { parameters: { x: list }, body: ${body} }\n`;
    });
    const loaded = await load(
      `templates:\n${levels.join('')}endpoints:\n  - { id: a, host: h, use: { template: t29, with: { x: [1] } } }\n`,
    );
    expect(told(loaded).map(({ code }) => code)).toContain('CONFIG_SIZE');
  });

  it.each([
    ['extend each other', (n: number) => `  t${n}: { extends: t${n + 1} }\n`],
    ['use each other', (n: number) => `  t${n}: { body: { use: t${n + 1} } }\n`],
    ['use each other deeper and deeper', (n: number) => `  t${n}: { body: { labels: { use: t${n + 1} } } }\n`],
  ])('cannot %s without end', async (_how, template) => {
    const chain = Array.from({ length: 200 }, (_, n) => template(n)).join('');
    const loaded = await load(
      `templates:\n${chain}  t200: { body: {} }\nendpoints:\n  - { id: a, host: h, use: t0 }\n`,
    );
    expect(told(loaded).map(({ code }) => code)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^CONFIG_(?:TEMPLATE|DEPTH)$/)]),
    );
  });

  it('anchors and merge keys go on working', async () => {
    const { value } = await loadRight(
      'x-a: &a { port: 5, weight: 1 }\nx-b: &b { port: 6, labels: { k: v } }\nendpoints:\n  - { id: a, host: h, <<: [*a, *b] }\n  - { <<: *b, id: b, host: i, port: 7 }\n',
    );
    expect(value.endpoints).toEqual([
      { id: 'a', host: 'h', port: 5, weight: 1, labels: { k: 'v' } },
      { id: 'b', host: 'i', port: 7, labels: { k: 'v' } },
    ]);
  });
});

describe('substitution', () => {
  it.each([
    ['a variable', '${A}', 'va'],
    ['within a text', 'x-${A}-${B}-y', 'x-va-vb-y'],
    ['a default', '${NONE:-d e}', 'd e'],
    ['a default for the empty', '${EMPTY:-d}', 'd'],
    ['an empty default', 'x${NONE:-}', 'x'],
    ['a demand that is met', '${A:?why}', 'va'],
    ['an escape', '$${A}', '${A}'],
    ['an escape before a variable', '$${A}${A}', '${A}va'],
    ['a lone sign', 'a$b', 'a$b'],
    ['a file beside the main file', '${file:sub/host}', 'from file'],
    ['a file by its full path', '${file:/etc/sub/host}', 'from file'],
    ['what looks like YAML', '${STRUCTURE}', '{a: [1, 2]}\n- x'],
    ['what looks like a substitution', '${NESTED}', '${A} and ${with.x}'],
    ['a number where text is wanted', '${NUMBER}', '0815'],
    ['a truth value where text is wanted', '${TRUE}', 'true'],
  ])('takes %s', async (_what, text, host) => {
    const { value } = await loadRight(`server:\n  host: ${JSON.stringify(text)}\n`, {
      files: { '/etc/sub/host': 'from file\n' },
      variables: {
        A: 'va',
        B: 'vb',
        EMPTY: '',
        STRUCTURE: '{a: [1, 2]}\n- x',
        NESTED: '${A} and ${with.x}',
        NUMBER: '0815',
        TRUE: 'true',
      },
    });
    expect(value.server.host).toBe(host);
  });

  it('a scalar that is one substitution has the type that is wanted', async () => {
    const { value } = await loadRight(
      'endpoints:\n  - { id: "${N}", host: h, port: "${N}", tls: "${T}", weight: "${W:-0.5}" }\nserver:\n  port: ${N}\n',
      {
        variables: { N: '23', T: 'true' },
      },
    );
    expect(value.endpoints).toEqual([{ id: '23', host: 'h', port: 23, tls: true, weight: 0.5 }]);
    expect(value.server.port).toBe(23);
  });

  it('keys are never substituted', async () => {
    const { value } = await loadRight('endpoints:\n  - { id: a, host: h, labels: { "${A}": "${A}" } }\n', {
      variables: { A: 'x' },
    });
    expect(value.endpoints[0]?.labels).toEqual({ '${A}': 'x' });
  });
});

describe('loadConfig', () => {
  const whole = `extends: base.yaml
templates:
  m: { parameters: { name: string, port: { type: integer, default: 5 } }, body: { host: "\${with.name}", port: "\${with.port}" } }
x-d: &d { weight: 1 }
endpoint_groups: [{ id: g }]
endpoints:
  $append:
  - { id: a, <<: *d, use: { template: m, with: { name: "\${V:-x}" } }, group: g }
webhooks:
  - id: w
    url: http://x
    secret: secret://env/S
`;

  it('tells faults of whatever text, and never throws', async () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '\n',
      '  ',
      '&a ',
      '*a',
      '<<: ',
      '"',
      '${',
      '$append',
      'use: ',
      '\t',
      '#',
      '|',
      '?',
      '!',
      '%',
    );
    const edit = fc.record({
      at: fc.nat(whole.length),
      cut: fc.nat(12),
      put: fc.oneof(pieces, fc.string({ maxLength: 5 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        const text = edits.reduce((so, { at, cut, put }) => so.slice(0, at) + put + so.slice(at + cut), whole);
        const loaded = await load(text, {
          files: { '/etc/base.yaml': 'endpoints: []\n' },
          variables: { S: 'swordfish' },
        });
        if (!loaded.ok) expect(loaded.diagnostics.length).toBeGreaterThan(0);
        for (const { line, column, excerpt } of told(loaded)) {
          if (line === undefined) continue;
          expect(line).toBeLessThanOrEqual(text.split('\n').length);
          expect(column).toBeGreaterThan(0);
          expect(excerpt?.to).toBeLessThanOrEqual(excerpt?.text.length ?? 0);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the environment and settings', () => {
  const text = 'endpoints:\n  - { id: east-1, host: h }\n  - { id: west, host: i, labels: { "a.b": x } }\n';

  it.each([
    ['by id', { ROUNDHOUSE__endpoints__west__port: '5' }],
    ['by index', { ROUNDHOUSE__endpoints__1__port: '5' }],
    ['in capitals', { ROUNDHOUSE__ENDPOINTS__WEST__PORT: '5' }],
  ])('set items %s', async (_how, variables) => {
    expect((await loadRight(text, { variables })).value.endpoints[1]?.port).toBe(5);
  });

  it('reach ids that shells cannot write', async () => {
    const { value } = await loadRight(text, { variables: { ROUNDHOUSE__endpoints__east_1__port: '5' } });
    expect(value.endpoints[0]?.port).toBe(5);
  });

  it('append an item behind the last, and make sections that are not there', async () => {
    const { value } = await loadRight(text, {
      settings: [
        'endpoints[2].id=new',
        'endpoints[2].host=j',
        'server.port=1',
        'endpoints[west].labels["a.b"]=y',
        'endpoints.west.labels.c=a=b',
      ],
    });
    expect(value.endpoints[2]).toEqual({ id: 'new', host: 'j', port: 23 });
    expect(value.server.port).toBe(1);
    expect(value.endpoints[1]?.labels).toEqual({ 'a.b': 'y', c: 'a=b' });
  });

  it('stand as they are: nothing in them is substituted', async () => {
    const { value } = await loadRight('server: {}', { settings: ['server.host=${A}'], variables: { A: 'x' } });
    expect(value.server.host).toBe('${A}');
  });

  it('have bounds', async () => {
    const deep = `server.${Array.from({ length: 40 }, () => 'a').join('.')}=1`;
    let nested: unknown = 1;
    for (let n = 0; n < 40; n++) nested = [nested];
    const overrides = [{ path: 'endpoints', value: nested, expiresAt: undefined, by: 'kim' }];
    expect(told(await load('server: {}', { settings: [deep], overrides })).map(({ code }) => code)).toEqual([
      'CONFIG_PATH_UNKNOWN',
      'CONFIG_PATH_UNKNOWN',
    ]);
  });

  it('leave variables of another form alone', async () => {
    expect(
      (await loadRight('server: {}', { variables: { ROUNDHOUSE_PORT: '1', ROUNDHOUSE_server__port: '2' } })).value
        .server.port,
    ).toBe(7070);
  });
});

describe('secrets', () => {
  const text =
    'webhooks:\n  - { id: a, url: "http://x", secret: secret://env/S }\n  - { id: b, url: "http://x", secret: "secret://file/run/s" }\n';

  it('are resolved, kept as secrets, and never shown', async () => {
    const { value } = await loadRight(text, { variables: { S: 'swordfish' }, files: { '/run/s': 'swordfish2\n' } });
    expect(value.webhooks.map(({ secret }) => secret?.reveal())).toEqual(['swordfish', 'swordfish2']);
    expect(value.webhooks[0]?.secret).toBeInstanceOf(Secret);
    expect(JSON.stringify(value)).not.toContain('swordfish');
  });

  it('stay references without a resolver', async () => {
    const files = new MemoryFiles({ '/etc/main.yaml': text });
    const deps = { files, variables: {}, scope: createScope({ clock: new FakeClock() }) };
    const loaded = await loadConfig(definition, { file: '/etc/main.yaml' }, deps);
    expect(loaded.ok && loaded.value.webhooks[0]?.secret?.reveal()).toBe('secret://env/S');
  });

  it.each([
    ['an unset variable', 'secret://env/NONE'],
    ['a missing file', 'secret://file/none'],
    ['an empty file', 'secret://file/etc/empty'],
    ['an unknown kind', 'secret://vault/x'],
  ])('that are %s are told', async (_what, reference) => {
    const loaded = await load(`webhooks:\n  - { id: a, url: "http://x", secret: "${reference}" }\n`, {
      files: { '/etc/empty': '\n' },
    });
    expect(told(loaded).map(({ code }) => code)).toEqual(['CONFIG_SECRET_UNRESOLVED']);
  });
});

describe('phases', () => {
  it('the machine is asked only about what is right, and not when it need not be', async () => {
    const files = new MemoryFiles({ '/etc/main.yaml': 'server: { port: 5 }\n' });
    let asked = 0;
    const asking = {
      ...definition,
      environment: [
        async (value: { server: { port: number } }) => {
          asked++;
          return [
            {
              path: ['server', 'port'],
              code: 'CONFIG_PORT_TAKEN' as const,
              details: { address: `:${value.server.port}`, reason: 'it is' },
            },
          ];
        },
      ],
    };
    const deps = { files, variables: {}, scope: createScope({ clock: new FakeClock() }) };
    const sources = { file: '/etc/main.yaml' };
    const loaded = await loadConfig(asking, sources, deps);
    expect(told(loaded).map(({ code, phase, line, column }) => [code, phase, line, column])).toEqual([
      ['CONFIG_PORT_TAKEN', 'environment', 1, 17],
    ]);
    expect((await loadConfig(asking, sources, { ...deps, isMachineChecked: false })).ok).toBe(true);
    await loadConfig(asking, { ...sources, settings: ['server.port=x'] }, deps);
    expect(asked).toBe(1);
  });

  it('warnings alone let the configuration pass', async () => {
    const loaded = await load('server: { is_open: yes }\n');
    expect(loaded.ok).toBe(true);
    expect(told(loaded).map(({ code, severity }) => [code, severity])).toEqual([['CONFIG_BOOLEAN_WORD', 'warning']]);
  });

  it('the end of the scope ends the loading', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock, timeoutMs: 10 });
    const files = new MemoryFiles();
    files.read = () => new Promise(() => {});
    const loading = loadConfig(definition, { file: '/etc/main.yaml' }, { files, variables: {}, scope });
    const ended = expect(loading).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await clock.advance(10);
    await ended;
    expect(clock.pendingTimers).toBe(0);
  });
});
