import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { z } from 'zod';
import { secretText, systemSecrets } from './compose/secrets.ts';
import type { Definition } from './definition.ts';
import type { Files } from './files.ts';
import { type Loaded, type LoadDeps, loadConfig, type Sources } from './load.ts';
import type { Diagnostic } from './report/diagnostic.ts';

const probe = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tcp'),
    interval_ms: z.int().min(100).default(10_000),
    timeout_ms: z.int().optional(),
  }),
  z.strictObject({ kind: z.literal('none') }),
]);

const endpoint = z.strictObject({
  id: z.string().min(1).max(16),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(23),
  tls: z.union([z.boolean(), z.strictObject({ ca: z.string() })]).optional(),
  group: z.string().optional(),
  weight: z.number().min(0).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  probe: probe.optional(),
});

const webhook = z.strictObject({
  id: z.string(),
  url: z.url(),
  secret: secretText(z.string().min(8)).optional(),
  events: z.array(z.string()).optional(),
});

const schema = z.strictObject({
  server: z
    .strictObject({
      host: z.string().default('127.0.0.1').meta({ description: 'Address that it listens on.' }),
      port: z.int().min(0).max(65_535).default(7070),
      is_open: z.union([z.boolean(), z.enum(['yes', 'local'])]).optional(),
      log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    })
    .prefault({}),
  endpoint_groups: z
    .array(
      z.strictObject({
        id: z.string(),
        strategy: z.enum(['p2c', 'hash']).optional(),
        fallback: z.array(z.string()).optional(),
      }),
    )
    .default([]),
  endpoints: z.array(endpoint).default([]),
  webhooks: z.array(webhook).default([]),
});

/** A small product: servers, groups, endpoints, webhooks. */
export const definition: Definition<typeof schema> = {
  schema,
  references: [
    { from: 'endpoints[].group', to: 'endpoint_groups[].id', target: 'endpoint group' },
    { from: 'endpoint_groups[].fallback[]', to: 'endpoint_groups[].id', target: 'endpoint group' },
  ],
  keyedLists: [
    { path: 'endpoint_groups', key: 'id' },
    { path: 'endpoints', key: 'id' },
    { path: 'webhooks', key: 'id' },
  ],
  secrets: ['webhooks[].secret'],
  profiles: { small: 'server: { port: 7171, log_level: warn }\n' },
  conflicts: [
    function* (value) {
      const first = new Map<string, number>();
      for (const [index, each] of value.endpoints.entries()) {
        const address = `${each.host}:${each.port}`;
        const known = first.get(address);
        if (known === undefined) first.set(address, index);
        else {
          yield {
            path: ['endpoints', index, 'port'],
            details: { reason: `${address} is an endpoint already` },
            related: [{ path: ['endpoints', known, 'port'], message: 'first here' }],
          };
        }
      }
    },
  ],
};

/** Files that exist only here, by their full path. */
export class MemoryFiles implements Files {
  readonly content: Map<string, string | Uint8Array>;

  constructor(content: Readonly<Record<string, string | Uint8Array>> = {}) {
    this.content = new Map(Object.entries(content));
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array> {
    const content = this.content.get(path);
    if (content === undefined) throw missing();
    return Buffer.from(content as string).subarray(0, maxBytes + 1);
  }

  async list(directory: string): Promise<readonly string[]> {
    const names = [...this.content.keys()].flatMap((path) =>
      path.startsWith(`${directory}/`) ? [path.slice(directory.length + 1).split('/', 1)[0] as string] : [],
    );
    if (names.length === 0) throw missing();
    return [...new Set(names)].toReversed();
  }

  async link(): Promise<string | undefined> {
    return undefined;
  }
}

function missing(): Error {
  return Object.assign(new Error('no such file'), { code: 'ENOENT' });
}

export interface LoadOptions extends Omit<Sources, 'file'> {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly limits?: LoadDeps['limits'];
  readonly scope?: Scope;
}

/** Loads `/etc/main.yaml` with this text. */
export async function load(text: string | Uint8Array, options: LoadOptions = {}) {
  const {
    files: more = {},
    variables = {},
    limits,
    scope = createScope({ clock: new FakeClock() }),
    ...sources
  } = options;
  const files = new MemoryFiles({ '/etc/main.yaml': text, ...more });
  return loadConfig(
    definition,
    { file: '/etc/main.yaml', ...sources },
    { files, variables, scope, secrets: systemSecrets(files, variables), ...(limits === undefined ? {} : { limits }) },
  );
}

export type Product = z.output<typeof schema>;

/** The value and the document of a configuration that must be right. */
export async function loadRight(text: string, options: LoadOptions = {}) {
  const loaded = await load(text, options);
  if (!loaded.ok) throw new Error(loaded.diagnostics.map((each) => `${each.code} ${each.message}`).join('\n'));
  return loaded;
}

export function told(loaded: Loaded<Product>): readonly Diagnostic[] {
  return loaded.ok ? loaded.warnings : loaded.diagnostics;
}
