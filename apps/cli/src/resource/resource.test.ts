import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Asked,
  endpointOf,
  FakeApi,
  groupOf,
  keyOf,
  principalOf,
  Problem,
  RESPONDED,
  roleOf,
  webhookOf,
  workerOf,
} from '../api.fixture.ts';
import { EXIT } from '../exit.ts';
import type { Input } from '../io.ts';

let api: FakeApi;
let folder: string;

beforeEach(async () => {
  api = await FakeApi.start();
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-resource-'));
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const missing = (): Problem => new Problem(404, 'X_NOT_FOUND');

async function file(text: string, name = 'manifest.yaml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function* inputOf(text: string): Input {
  yield text;
}

/** A name of a route and the id it was called for. */
function calls(): string[] {
  return api.asked.map(({ route, id, body }) => `${route} ${id ?? (body as { id?: string } | undefined)?.id ?? ''}`);
}

describe('get', () => {
  it.each([
    ['role', 'listRoles', roleOf()],
    ['principals', 'listPrincipals', principalOf()],
    ['api-key', 'listApiKeys', keyOf()],
    ['key', 'listApiKeys', keyOf()],
    ['endpoint_groups', 'listEndpointGroups', groupOf()],
    ['Group', 'listEndpointGroups', groupOf()],
    ['endpoint', 'listEndpoints', endpointOf()],
    ['workers', 'listWorkers', workerOf()],
    ['hooks', 'listWebhooks', webhookOf()],
  ] as const)('finds %s, whatever the form of the name', async (kind, route, resource) => {
    api.replies[route] = { items: [resource], next_cursor: null };
    const { code, stdout } = await api.cli(['get', kind]);
    expect([code, stdout.split('\n')[1]]).toEqual([EXIT.Ok, expect.stringMatching(`^${resource.id} `)]);
    const names = stdout.split('\n')[0]?.split(/ {2,}/);
    const { stdout: wide } = await api.cli(['get', kind, '-o', 'wide']);
    expect(wide.split('\n')[0]?.split(/ {2,}/)).toEqual(expect.arrayContaining([...(names ?? []), 'VERSION']));
  });

  it.each([
    ['endpiont', 'did you mean endpoint?'],
    ['sessions', '"roundhouse session list" shows them'],
    ['zzzzzzzz', 'there is no such kind'],
  ])('says of the kind %s what was meant', async (kind, reason) => {
    const { code, stderr } = await api.cli(['get', kind]);
    expect([code, stderr]).toEqual([EXIT.Usage, expect.stringContaining(reason)]);
  });

  it('writes what the server shows as JSON and YAML, one resource or several', async () => {
    api.replies.getEndpoint = ({ id }) => endpointOf({ id: id as string });
    const one = JSON.parse((await api.cli(['get', 'endpoint', 'a', '--json'])).stdout) as unknown;
    expect(one).toEqual(endpointOf({ id: 'a' }));
    const { items } = JSON.parse((await api.cli(['get', 'endpoint', 'a', 'b', '-o', 'json'])).stdout) as {
      items: unknown[];
    };
    expect(items).toEqual([endpointOf({ id: 'a' }), endpointOf({ id: 'b' })]);
    expect((await api.cli(['get', 'endpoint', 'a', '-o', 'yaml'])).stdout).toMatch(/^id: a\nhost: 127\.0\.0\.1\n/);
    expect((await api.cli(['get', 'endpoint', 'a', 'b', '-o', 'yaml'])).stdout).toMatch(/^endpoints:\n {2}- id: a\n/);
  });

  it('writes every field as CSV, and the ids alone', async () => {
    const evil = 'a "b", c\u001b[2J';
    api.replies.listRoles = { items: [roleOf(), roleOf({ id: 'b', description: evil })], next_cursor: null };
    expect((await api.cli(['get', 'roles', '-o', 'csv'])).stdout).toBe(
      'id,description,rules,version,origin,created_at,updated_at\n' +
        'operator,,[],1,api,2026-01-01T00:00:00.000Z,2026-01-01T00:00:00.000Z\n' +
        'b,"a ""b"", c·[2J",[],1,api,2026-01-01T00:00:00.000Z,2026-01-01T00:00:00.000Z\n',
    );
    expect((await api.cli(['get', 'roles', '-o', 'name'])).stdout).toBe('operator\nb\n');
  });

  it.each(['table', 'wide', 'yaml', 'json', 'csv'])('lets no resource steer the terminal with %s', async (format) => {
    api.replies.listRoles = { items: [roleOf({ description: 'x\u001b[2Jy\u009b2Jz' })], next_cursor: null };
    const { stdout } = await api.cli(['get', 'role', '-o', format]);
    expect(stdout).toMatch(/x.*2Jy.*2Jz/);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('shows each again that changes, and says what is gone, until it is stopped', async () => {
    const controller = new AbortController();
    const line = (id: number, subject: string): string => {
      const common = { specversion: '1.0', source: '/test', time: '2026-01-01T00:00:00.000Z' };
      const event = { ...common, id: String(id), type: 'roundhouse.endpoint.changed', subject, data: {} };
      return `id: ${id}\ndata: ${JSON.stringify({ ...event, datacontenttype: 'application/json' })}\n\n`;
    };
    api.replies.listEndpoints = {
      items: [endpointOf({ id: 'a' }), endpointOf({ id: 'long-name' })],
      next_cursor: null,
    };
    api.replies.getEndpoint = ({ id }) => (id === 'a' ? endpointOf({ id: 'a', status: 'unhealthy' }) : missing());
    api.replies.streamEvents = (_asked, response) => {
      response.writeHead(200).write(line(1, 'a') + line(2, 'long-name'));
      return RESPONDED;
    };
    let text = '';
    const write = (part: string): void => {
      text += part;
      if (text.includes('removed')) controller.abort();
    };
    const { code } = await api.cli(['get', 'endpoint', '--watch'], { stop: controller.signal, stdout: { write } });
    expect([code, text.split('\n').map((each) => each.slice(0, 46))]).toEqual([
      EXIT.Ok,
      [
        'ID         GROUP  HOST            STATUS   SES',
        'a          prod   127.0.0.1:3271  healthy  3  ',
        'long-name  prod   127.0.0.1:3271  healthy  3  ',
        'a          prod   127.0.0.1:3271  unhealthy  3',
        'long-name  removed',
        '',
      ],
    ]);
    expect(api.asked.find(({ route }) => route === 'streamEvents')?.query).toEqual({ types: 'roundhouse.endpoint.' });
  });
});

describe('describe', () => {
  it('shows what refers to the resource, and what may not be seen', async () => {
    api.replies.getEndpointGroup = groupOf();
    api.replies.listEndpoints = { items: [endpointOf(), endpointOf({ id: 'b', group: 'dev' })], next_cursor: null };
    api.replies.listEndpointGroups = () => new Problem(403, 'FORBIDDEN');
    const { code, stdout, stderr } = await api.cli(['describe', 'group', 'prod']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^kind +endpoint group\nid +prod\n/);
    expect(stdout).toMatch(/\nUSED BY +ID\nendpoint +lpar1\n$/);
    expect(stderr).toContain('endpoint_group (denied)');
    const { used_by: usedBy } = JSON.parse((await api.cli(['describe', 'group', 'prod', '--json'])).stdout) as {
      used_by: unknown;
    };
    expect(usedBy).toEqual([{ kind: 'endpoint', id: 'lpar1' }]);
  });

  it('exits with 5 for one that there is not', async () => {
    api.replies.getWebhook = missing;
    expect((await api.cli(['describe', 'hook', 'x'])).code).toBe(EXIT.NotFound);
  });
});

const MANIFEST = `
endpoints:
  - { id: lpar1, host: 10.0.0.1, port: 23, group: prod }
endpoint_groups:
  - { id: prod, fallback: [dr] }
  - { id: dr }
principals:
  - { id: joe, roles: [operator] }
roles:
  - { id: operator, rules: [] }
`;

describe('apply', () => {
  it('does first what others refer to, and says what became of each', async () => {
    Object.assign(api.replies, {
      getRole: missing,
      getPrincipal: principalOf({ version: 3 }),
      getEndpointGroup: ({ id }: Asked) => groupOf({ id: id as string, version: 5 }),
      getEndpoint: missing,
      createRole: roleOf(),
      putPrincipal: principalOf({ version: 3 }),
      putEndpointGroup: ({ id }: Asked) => groupOf({ id: id as string, version: 6 }),
      createEndpoint: endpointOf(),
    });
    const { code, stdout } = await api.cli(['apply', '-f', await file(MANIFEST)]);
    expect([code, stdout]).toEqual([
      EXIT.Ok,
      'created    role operator\n' +
        'unchanged  principal joe\n' +
        'changed    endpoint_group dr\n' +
        'changed    endpoint_group prod\n' +
        'created    endpoint lpar1\n',
    ]);
    expect(calls().filter((call) => !call.startsWith('get'))).toEqual([
      'createRole operator',
      'putPrincipal joe',
      'putEndpointGroup dr',
      'putEndpointGroup prod',
      'createEndpoint lpar1',
    ]);
    expect(api.asked.flatMap(({ headers }) => headers['if-match'] ?? [])).toEqual(['"3"', '"5"', '"5"']);
    expect(api.asked.find(({ route }) => route === 'putPrincipal')?.body).toEqual({ roles: ['operator'] });
  });

  it('goes on behind one that fails, and exits with 8', async () => {
    Object.assign(api.replies, {
      getRole: roleOf({ version: 1 }),
      putRole: () => new Problem(412, 'PRECONDITION_FAILED'),
      getPrincipal: missing,
      createPrincipal: principalOf(),
    });
    const text = 'roles: [{ id: operator, rules: [] }]\nprincipals: [{ id: joe, roles: [operator] }]\n';
    const { code, stdout, stderr } = await api.cli(['apply', '-f', await file(text)]);
    expect(code).toBe(EXIT.Findings);
    expect(stdout).toBe(
      'failed     role operator\n  It is PRECONDITION_FAILED\n  hint: Mend it.\n  code: PRECONDITION_FAILED\n' +
        'created    principal joe\n',
    );
    expect(stderr).toContain('1 of 2 failed');
    const json = await api.cli(['apply', '--json', '-f', await file(text)]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      results: [{ id: 'operator', outcome: 'failed', error: { code: 'PRECONDITION_FAILED' } }, { outcome: 'created' }],
    });
  });

  it.each([401, 503])('stops at a problem %d that all others would have too', async (status) => {
    const code = status === 401 ? 'UNAUTHENTICATED' : 'API_UNREACHABLE';
    api.replies.getRole = () => new Problem(status, code);
    const text = 'roles: [{ id: a, rules: [] }, { id: b, rules: [] }]';
    await api.cli(['apply', '-f', await file(text)]);
    expect(calls()).toEqual(['getRole a']);
  });

  it('shows the secret that was made, this once', async () => {
    Object.assign(api.replies, { getWebhook: missing, createWebhook: { ...webhookOf(), secret: 'whsec_x' } });
    const text = '{"webhooks": [\n\t{"id": "ops", "url": "https://ops.example.com/in"}\n]}';
    const { stdout, stderr } = await api.cli(['apply', '-f', '-'], { stdin: inputOf(text) });
    expect(stdout).toBe('created    webhook ops\n  secret: whsec_x\n');
    expect(stderr).toContain('this once');
  });

  it('says with --dry-run what it would do, and does nothing', async () => {
    Object.assign(api.replies, {
      getRole: roleOf({ origin: 'file', description: 'old' }),
      getPrincipal: principalOf(),
      getEndpointGroup: missing,
      getEndpoint: missing,
    });
    const text = MANIFEST.replace('rules: []', 'rules: [], description: new');
    const { code, stdout } = await api.cli(['apply', '--dry-run', '-f', await file(text)]);
    expect([code, stdout]).toEqual([
      EXIT.Ok,
      'would be changed    role operator: description\n' +
        '  but the server will refuse: it stands in the configuration file of the server, and is changed there\n' +
        'would be unchanged  principal joe\n' +
        'would be created    endpoint_group dr\n' +
        'would be created    endpoint_group prod\n' +
        'would be created    endpoint lpar1\n',
    ]);
    expect(calls().every((call) => call.startsWith('get'))).toBe(true);
  });

  it.each([
    ['an unknown section', 'endpoint: []', /manifest\.yaml:1:1 \/endpoint: .+Did you mean "endpoints"\?/],
    ['a section of the server', 'roles: []\nserver: { port: 1 }', /:2:1 \/server: It stands in the configuration file/],
    [
      'an unknown field',
      'endpoints:\n  - id: a\n    hosst: x\n    port: 1\n',
      /:3:5 \/endpoints\/0\/hosst: .+Did you mean "host"\?/,
    ],
    [
      'a wrong value',
      'endpoints:\n  - id: a\n    host: x\n    port: "1"\n',
      /:4:5 \/endpoints\/0\/port: Expected number/,
    ],
    ['bad YAML', 'endpoints:\n  - id: [a\n', /manifest\.yaml:\d+:\d+: /],
    ['a webhook without an id', 'webhooks: [{ url: "https://a.example/" }]', /\/webhooks\/0\/id: Required/],
    ['nothing', '# nothing\n', /Expected roles, principals, .+endpoint_groups, endpoints, workers, webhooks/],
    ['one thing twice', 'roles: [{ id: a, rules: [] }, { id: a, rules: [] }]', /role a stands at .+:1:9 already/],
    ['bombs', `a: &a [1]\n${'b: [*a'}${', *a'.repeat(200)}]\n`, /Excessive alias count|Unknown field/],
  ])('refuses %s with its place, and does nothing', async (_title, text, message) => {
    const { code, stderr } = await api.cli(['apply', '-f', await file(text)]);
    expect([code, api.asked]).toEqual([EXIT.ConfigInvalid, []]);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/code: MANIFEST_INVALID/);
  });

  it('lists the faults of all files', async () => {
    const files = [await file('rols: []', 'a.yaml'), await file('hooks: []', 'b.yaml')];
    const { stderr } = await api.cli(['apply', '-f', ...files]);
    expect(stderr).toMatch(
      /The manifest is not valid, so nothing is done\n.+a\.yaml:1:1 \/rols: .+\n.+b\.yaml:1:1 \/hooks: /,
    );
  });

  it('puts a worker behind those that it depends on, in either form', async () => {
    api.replies.getWorker = missing;
    api.replies.createWorker = ({ body }) => workerOf({ id: (body as { id: string }).id });
    const text = `workers:
  - { id: a, depends_on: [{ worker: c, condition: started }] }
  - { id: b, depends_on: [a] }
  - { id: c }`;
    await api.cli(['apply', '-f', await file(text)]);
    expect(calls().filter((call) => call.startsWith('create'))).toEqual([
      'createWorker c',
      'createWorker a',
      'createWorker b',
    ]);
  });

  it('refuses a file that there is not', async () => {
    const { code, stderr } = await api.cli(['apply', '-f', join(folder, 'none.yaml')]);
    expect([code, stderr]).toEqual([EXIT.Usage, expect.stringContaining('there is none')]);
  });
});

describe('diff', () => {
  it('shows each field, masks secrets, and exits with 8', async () => {
    Object.assign(api.replies, {
      getEndpoint: endpointOf({ weight: 2, probe: { kind: 'tcp', rise: 2 }, labels: { env: 'dev', old: 'x' } }),
      getPrincipal: principalOf(),
      getWebhook: missing,
    });
    const text = `
endpoints:
  - id: lpar1
    host: 127.0.0.1
    port: 3271
    weight: 7
    tls: { key: HUSH, verify: false }
    probe: { kind: tls, rise: 2 }
    labels: { env: prod }
    compat: { tn3270e: false }
principals: [{ id: joe, roles: [operator], password_hash: "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA" }]
webhooks: [{ id: ops, url: "https://ops.example.com/in", secret: "secret://hook" }]
`;
    const path = await file(text);
    const { code, stdout, stderr } = await api.cli(['diff', '-f', path]);
    expect(code).toBe(EXIT.Findings);
    expect(stdout).toBe(`~ endpoint lpar1
    tls: false -> {"verify":false,"key":"[secret]"}
    weight: 2 -> 7
    probe.kind: "tcp" -> "tls"
    labels: {"env":"dev","old":"x"} -> {"env":"prod"}
+ webhook ops
    url: "https://ops.example.com/in"
    secret: "[secret]"
`);
    expect(stderr).toMatch(/ {2}endpoint lpar1: compat\n/);
    expect(stderr).toMatch(/ {2}principal joe: password_hash\n/);
    const json = await api.cli(['diff', '--json', '-f', path]);
    expect(json.stdout + json.stderr).not.toMatch(/HUSH|argon2id|secret:\/\//);
    expect(JSON.parse(json.stdout)).toMatchObject({
      differences: [
        { id: 'lpar1', change: 'change' },
        { id: 'ops', change: 'create' },
      ],
      not_compared: [
        { id: 'joe', paths: ['password_hash'] },
        { id: 'lpar1', paths: ['compat'] },
      ],
    });
  });

  it('compares a kind that shows its specification with that, what is left out too', async () => {
    api.replies.getWorker = workerOf({
      spec: { id: 'web', command: ['web'], restart: { policy: 'always' }, stop: { grace: '5s', signal: 'INT' } },
    });
    const same =
      'workers: [{ id: web, command: [web], restart: { policy: always }, stop: { grace: 5s, signal: INT } }]';
    expect(await api.cli(['diff', '-f', await file(same)])).toMatchObject({
      code: EXIT.Ok,
      stdout: 'No differences.\n',
    });
    const other = 'workers: [{ id: web, command: [web, -v], environment: { A: b }, stop: { grace: 9s, signal: INT } }]';
    const { code, stdout, stderr } = await api.cli(['diff', '-f', await file(other)]);
    expect([code, stdout.split('\n')]).toEqual([
      EXIT.Findings,
      [
        '~ worker web',
        '    command: ["web"] -> ["web","-v"]',
        '    stop.grace: "5s" -> "9s"',
        '    restart: {"policy":"always"} -> nothing',
        '',
      ],
    ]);
    expect(stderr).toContain('worker web: environment');
  });

  it('exits with 0 when there is no difference', async () => {
    api.replies.getEndpointGroup = groupOf({ fallback: ['dr'] });
    const text = 'endpoint_groups: [{ id: prod, fallback: [dr], queue: { max: 100 }, warm: { size: 2 } }]';
    const { code, stdout } = await api.cli(['diff', '-f', await file(text)]);
    expect([code, stdout]).toEqual([EXIT.Ok, 'No differences.\n']);
  });
});

describe('workers that wait for each other', () => {
  it('are refused by name before anything is done', async () => {
    const path = await file(`workers:
  - { id: a, command: [x], depends_on: [b] }
  - { id: b, command: [x], depends_on: [c] }
  - { id: c, command: [x], depends_on: [{ worker: a }] }
  - { id: d, command: [x], depends_on: [a] }
`);
    const { code, stdout, stderr } = await api.cli(['apply', '-f', path]);
    expect([code, stdout, api.asked]).toEqual([EXIT.ConfigInvalid, '', []]);
    expect(stderr).toContain(`${path}:2:`);
    expect(stderr).toContain('close a cycle: a → b → c → a\n');
  });
});

describe('delete', () => {
  it('removes what is named, only in the version that was seen', async () => {
    const { code, stdout } = await api.cli(['delete', 'group', 'prod', '--if-version', '7']);
    expect([code, stdout]).toEqual([EXIT.Ok, 'deleted    endpoint_group prod\n']);
    expect(api.asked[0]?.headers['if-match']).toBe('"7"');
    api.replies.deleteEndpointGroup = () => new Problem(412, 'PRECONDITION_FAILED');
    expect((await api.cli(['delete', 'group', 'prod', '--if-version', '7'])).code).toBe(EXIT.Conflict);
  });

  it('goes on behind one that fails, and exits with 8', async () => {
    api.replies.deleteRole = ({ id }) => (id === 'a' ? new Problem(403, 'FORBIDDEN') : undefined);
    const { code, stdout } = await api.cli(['delete', 'roles', 'a', 'b']);
    expect(code).toBe(EXIT.Findings);
    expect(stdout).toMatch(/^failed {5}role a\n(?: {2}.+\n)+deleted {4}role b\n$/);
    expect((await api.cli(['delete', 'roles', 'a'])).code).toBe(EXIT.Denied);
  });

  it('removes what is used by another that is to go behind that, whatever the order', async () => {
    const gone = new Set<string | undefined>();
    const users: Record<string, string> = { a: 'b', b: 'c', x: 'y' };
    api.replies.deleteWorker = ({ id }) => {
      const user = users[id as string];
      if (user !== undefined && !gone.has(user)) return new Problem(409, 'RESOURCE_IN_USE');
      gone.add(id);
      return undefined;
    };
    const { code, stdout } = await api.cli(['delete', 'worker', 'a', 'b', 'x', 'c']);
    expect(code).toBe(EXIT.Findings);
    expect(stdout.split('\n').filter((line) => /^\S/.test(line))).toEqual([
      'deleted    worker c',
      'deleted    worker b',
      'deleted    worker a',
      'failed     worker x',
    ]);
  });

  it('removes what a manifest names, what refers to others first', async () => {
    await api.cli(['delete', '-f', await file(MANIFEST)]);
    expect(calls()).toEqual([
      'deleteEndpoint lpar1',
      'deleteEndpointGroup prod',
      'deleteEndpointGroup dr',
      'deletePrincipal joe',
      'deleteRole operator',
    ]);
  });

  it.each([
    [[], 'give KIND ID'],
    [['role'], 'say which roles'],
    [['role', 'a', '-f', 'x'], 'the manifest says it'],
    [['role', 'a', 'b', '--if-version', '1'], 'it goes with one id'],
    [['-f', 'x', '--if-version', '1'], 'it goes with one id'],
  ])('refuses %j', async (argv, reason) => {
    const { code, stderr } = await api.cli(['delete', ...argv]);
    expect([code, stderr, api.asked]).toEqual([EXIT.Usage, expect.stringContaining(reason), []]);
  });
});
