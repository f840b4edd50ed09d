import { describe, expect, it } from 'vitest';
import { explain } from './explain.ts';
import { loadRight } from './product.fixture.ts';
import { show } from './show.ts';

const main = `extends: base.yaml
x-tls: &tls { tls: true }
templates:
  m: { parameters: { name: string }, body: { host: "\${with.name}" } }
endpoints:
  - id: east
    use: { template: m, with: { name: h } }
    <<: *tls
    port: 5
webhooks:
  - { id: w, url: "http://x", secret: secret://env/S }
  - { id: v, url: "http://x", secret: plain-secret, events: [one] }
`;
const files = {
  '/etc/base.yaml': 'endpoints:\n  - { id: east, port: 4, weight: 1 }\n',
  '/etc/conf.d/a.yaml': 'endpoints:\n  - { id: east, port: 6 }\nwebhooks:\n  - { id: v, events: [two, three] }\n',
};
const options = {
  files,
  variables: {
    S: 'from-the-environment',
    ROUNDHOUSE__endpoints__east__port: '7',
    ROUNDHOUSE__webhooks__v__secret: 'second-secret',
  },
  settings: ['endpoints[east].port=8'],
  overrides: [{ path: 'endpoints[east].port', value: 9, expiresAt: Date.UTC(2027, 0, 1), by: 'kim' }],
};

describe('explain', () => {
  it('tells every layer that set a value, strongest first', async () => {
    const { document } = await loadRight(main, options);
    expect(
      explain(document, 'endpoints[east].port').map(({ layer, place, value, wins }) => [layer, place, value, wins]),
    ).toEqual([
      ['override', 'override by kim until 2027-01-01T00:00:00.000Z', 9, true],
      ['command_line', '--set endpoints[east].port', 8, false],
      ['environment', 'environment ROUNDHOUSE__endpoints__east__port', 7, false],
      ['directory', '/etc/conf.d/a.yaml:2:23', 6, false],
      ['file', '/etc/main.yaml:9:11', 5, false],
      ['extends', '/etc/base.yaml:2:23', 4, false],
      ['defaults', 'default', 23, false],
    ]);
  });

  it.each([
    ['through a template to what was given', 'endpoints.east.host', [['file', '/etc/main.yaml:7:39', 'h']]],
    ['through a merge key to the anchor', 'endpoints[0].tls', [['file', '/etc/main.yaml:2:20', true]]],
    ['to a default', 'server.port', [['defaults', 'default', 7070]]],
    [
      'to lists that were replaced as a whole',
      'webhooks[v].events[0]',
      [
        ['directory', '/etc/conf.d/a.yaml:4:23', 'two'],
        ['file', '/etc/main.yaml:12:62', 'one'],
      ],
    ],
    ['to the reference of a secret', 'webhooks[w].secret', [['file', '/etc/main.yaml:11:39', 'secret://env/S']]],
    [
      'to secrets, which it masks',
      'webhooks[v].secret',
      [
        ['environment', 'environment ROUNDHOUSE__webhooks__v__secret', '[secret]'],
        ['file', '/etc/main.yaml:12:39', '[secret]'],
      ],
    ],
  ])('leads %s', async (_where, address, origins) => {
    const { document } = await loadRight(main, options);
    expect(explain(document, address).map(({ layer, place, value }) => [layer, place, value])).toEqual(origins);
  });

  it('tells of a section each value in it', async () => {
    const { document } = await loadRight(main, options);
    expect(
      explain(document, 'endpoints[east]')
        .filter(({ wins }) => wins)
        .map(({ path }) => path),
    ).toEqual([
      'endpoints[east].id',
      'endpoints[east].port',
      'endpoints[east].weight',
      'endpoints[east].tls',
      'endpoints[east].host',
    ]);
  });

  it.each([
    ['endpoints[eest].port', 'Did you mean `east`?'],
    ['server.prt', 'Did you mean `port`?'],
    ['server..port', 'Correct the path.'],
    ['endpoints[7]', 'Correct the path.'],
  ])('refuses %s', async (address, hint) => {
    const { document } = await loadRight(main, options);
    expect(() => explain(document, address)).toThrow(expect.objectContaining({ code: 'CONFIG_PATH_UNKNOWN', hint }));
  });
});

describe('show', () => {
  it('writes what is in effect, defaults included, with secrets masked', async () => {
    const { document } = await loadRight(main, options);
    expect(show(document)).toBe(`endpoints:
  - id: east
    port: 9
    weight: 1
    tls: true
    host: h
webhooks:
  - id: w
    url: http://x
    secret: secret://env/S
  - id: v
    url: http://x
    secret: "[secret]"
    events:
      - two
      - three
server:
  host: 127.0.0.1
  port: 7070
  log_level: info
endpoint_groups: []
`);
  });

  it('says behind each value where it comes from', async () => {
    const { document } = await loadRight('server: { port: 5 }\n', { settings: ['server.log_level=warn'] });
    expect(show(document, { layers: true })).toContain(`server:
  port: 5 # /etc/main.yaml:1:17
  log_level: warn # --set server.log_level
  host: 127.0.0.1 # default
`);
  });

  it('writes what loads again to the same', async () => {
    const first = await loadRight(main, {
      ...options,
      settings: ['endpoints[east].labels["a: b"]=yes', 'endpoints[east].labels.n=0815'],
    });
    const again = await loadRight(show(first.document), {
      variables: options.variables,
      settings: ['webhooks[v].secret=second-secret'],
    });
    expect(JSON.stringify(again.value.endpoints)).toBe(
      JSON.stringify(first.value.endpoints).replace('"port":9', '"port":7'),
    );
  });
});
