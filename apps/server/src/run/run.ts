import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Sources, systemFiles, systemSecrets, systemWatcher, watchFiles } from '@roundhouse/config';
import { createScope, Secret, systemClock } from '@roundhouse/core';
import type { Gateway, OpenSession } from '@roundhouse/sessions';
import { openStore } from '@roundhouse/store';
import { type CheckedConfiguration, Configuration, readConfiguration } from '../configuration/configuration.ts';
import { openLog } from '../log/log.ts';
import { createServer, type Server } from '../server.ts';
import { openOtlpTracing } from '../trace/otlp.ts';
import { openHome } from './home.ts';
import { desiredResources, liveLimits, logOptions, serverOptions } from './options.ts';

export interface RunOptions {
  readonly version: string;
  readonly openSession: OpenSession;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Data directory. */
  readonly home: string;
  readonly sources: Sources;
  /** Where the configuration says nothing. */
  readonly defaults: {
    readonly port: number;
    readonly frontPort: number | undefined;
    readonly logFilter: string;
    /** Token of the root principal; without it that of the data directory. */
    readonly token: string | undefined;
  };
}

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly frontPort: number | null;
  readonly token: string;
  /** Whether the token was made at this start, and nobody knows it yet. */
  readonly isTokenNew: boolean;
  readonly gateway: Gateway;
  readonly warnings: CheckedConfiguration['warnings'];
  /** What SIGHUP asks for: the log file is opened anew, the configuration read again. Never rejects. */
  reload(): Promise<void>;
}

/**
 * Runs the server of an installation: nothing connects or listens before the configuration has passed all checks.
 * Raises CONFIGURATION_INVALID, PORT_IN_USE, HOME_UNUSABLE, LOG_FILE_UNUSABLE, and what the store does.
 */
export async function runServer(options: RunOptions): Promise<RunningServer> {
  const { version, openSession, variables, sources, defaults } = options;
  const clock = systemClock;
  const files = systemFiles;
  await using parts = new AsyncDisposableStack();
  const scope = parts.use(createScope({ clock }));
  const checked = await readConfiguration(withDefaults(sources, defaults), { files, variables, clock }, scope);
  const { value } = checked;

  const home = await openHome(options.home);
  const log = parts.use(await openLog(logOptions(value, defaults.logFilter), { clock }));
  const { logger } = log;
  const tracing = value.tracing && {
    url: value.tracing.otlp_url,
    version,
    ...(value.tracing.sample_ratio === undefined ? {} : { ratio: value.tracing.sample_ratio }),
  };
  const traces = tracing && (await openOtlpTracing(tracing));
  if (traces !== undefined) parts.defer(() => traces.close());
  const storeUrl = value.store?.url ?? `sqlite:${join(home.directory, 'roundhouse.db')}`;
  const store = parts.use(
    await openStore(new Secret(storeUrl), { clock, log: logger.child({ module: 'store' }) }, scope),
  );
  const findSecret = systemSecrets(files, variables);
  const token = defaults.token ?? home.token.reveal();
  const server = parts.use(
    await createServer(
      { ...serverOptions(value), token, version },
      {
        openSession,
        log,
        store,
        keyRing: home.keyRing,
        cursorKey: home.cursorKey,
        clock,
        randomBytes,
        secrets: async (name, caller) =>
          (await findSecret(name.startsWith('secret://') ? name : `secret://env/${name}`, caller)).reveal(),
        ...(traces === undefined ? {} : { tracer: traces.tracer }),
      },
    ),
  );
  await server.resources.applyFile(desiredResources(value), 'configuration');
  const { url, frontPort } = await server.start();
  const configuration = new Configuration(withDefaults(sources, defaults), checked, {
    files,
    variables,
    clock,
    scope,
    log: logger.child({ module: 'configuration' }),
    publish: (type, data) => void server.journal.publish(`configuration.${type}`, 'configuration', data),
    ownAddresses: () => ownAddresses(value, url, frontPort),
    target: {
      async apply(next) {
        await server.resources.applyFile(desiredResources(next), 'configuration');
        server.gateway.configure(liveLimits(next));
      },
      health: () => healthOf(server),
    },
  });
  if (sources.file !== undefined) {
    server.configuration = configuration;
    const reloadQuietly = (): void => void configuration.reload().catch(() => {});
    await watchFiles(configuration.paths, { files, watcher: systemWatcher, onChange: reloadQuietly }, scope);
  }
  const running = parts.move();
  return {
    url,
    frontPort,
    token,
    isTokenNew: defaults.token === undefined && home.isTokenNew,
    gateway: server.gateway,
    warnings: checked.warnings,
    async reload() {
      log.reopen();
      if (sources.file !== undefined) await configuration.reload().catch(() => {});
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The plain variables and options stand below the file: what it says counts. */
function withDefaults(sources: Sources, { port, frontPort }: RunOptions['defaults']): Sources {
  return sources.file === undefined
    ? {
        ...sources,
        settings: [
          `server.port=${port}`,
          ...(frontPort === undefined ? [] : [`front_door.port=${frontPort}`]),
          ...(sources.settings ?? []),
        ],
      }
    : sources;
}

function ownAddresses(
  { server = {}, front_door: door }: CheckedConfiguration['value'],
  url: string,
  frontPort: number | null,
): ReadonlySet<string> {
  const host = server.host ?? '127.0.0.1';
  return new Set([
    `${host}:${server.port ?? new URL(url).port}`,
    `${host}:${new URL(url).port}`,
    ...(frontPort === null ? [] : [`${door?.host ?? '127.0.0.1'}:${frontPort}`]),
  ]);
}

/** Endpoints that are healthy now, and how many of them, where they are configured still, are so later. */
function healthOf({ gateway: { directory } }: Server) {
  const healthy = new Set(
    directory
      .figures()
      .flatMap(({ endpoint, status }) => (status === 'healthy' || status === 'degraded' ? [endpoint] : [])),
  );
  return {
    get share(): number {
      const now = directory.figures().filter(({ endpoint }) => healthy.has(endpoint));
      if (now.length === 0) return 1;
      return now.filter(({ status }) => status !== 'unhealthy').length / now.length;
    },
  };
}
