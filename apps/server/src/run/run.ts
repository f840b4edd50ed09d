import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Sources, systemFiles, systemSecrets, systemWatcher } from '@roundhouse/config';
import { createScope, type Scope, Secret, systemClock } from '@roundhouse/core';
import type { Gateway, OpenSession } from '@roundhouse/sessions';
import { openStore } from '@roundhouse/store';
import { createSupervisor } from '@roundhouse/workers';
import {
  type CheckedConfiguration,
  Configuration,
  type DefaultPorts,
  readConfiguration,
} from '../configuration/configuration.ts';
import type { ComplianceSources } from '../compliance/compliance.ts';
import { secretFacts } from '../compliance/facts/secrets.ts';
import { parseLogFilter } from '../log/filter.ts';
import { openLog } from '../log/log.ts';
import { LOG_MODULES } from '../log/modules.ts';
import { createServer, type Server } from '../server.ts';
import { openOtlpTracing } from '../trace/otlp.ts';
import { auditDirectory, openAudit, openAuditIndex } from './audit.ts';
import { openHome } from './home.ts';
import {
  desiredResources,
  liveLimits,
  logOptions,
  mailLiveOptions,
  mailOptions,
  serverOptions,
  workersOptions,
} from './options.ts';
import { endpointProbe } from './endpointProbe.ts';
import { offHostSinks } from './offHost.ts';
import { holdsOf, openObjectLock, openRetention } from './retention.ts';
import { openSupervisor } from './supervisor.ts';
import { urlProbe } from '../net/urlProbe.ts';

export interface RunOptions {
  readonly version: string;
  readonly openSession: OpenSession;
  /** Makes what supervises workers. Default: that of this machine. */
  readonly createSupervisor?: typeof createSupervisor;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Data directory. */
  readonly home: string;
  readonly sources: Sources;
  /** Whether a change of the files is a reload. Default true. */
  readonly isWatched?: boolean;
  /** Where compliance looks at what is outside of the server. Default: where it is on this machine. */
  readonly outside?: Pick<ComplianceSources, 'nodeVersion' | 'time'>;
  /** Where the configuration says nothing. */
  readonly defaults: DefaultPorts & {
    readonly logFilter: string;
    /** Token of the root principal; without it that of the data directory. */
    readonly token: string | undefined;
  };
}

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  /** Where terminals come in; null without a front door. */
  readonly frontDoor: { readonly host: string; readonly port: number } | null;
  /** Where mail is received; null where none is. */
  readonly mail: { readonly host: string; readonly port: number } | null;
  readonly token: string;
  /** Whether the token was made at this start, and nobody knows it yet. */
  readonly isTokenNew: boolean;
  readonly gateway: Gateway;
  readonly warnings: CheckedConfiguration['warnings'];
  /** Longest time that a stop takes now, ms. */
  readonly stopMs: number;
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
  const reading = { files, variables, clock, ports: defaults };
  const checked = await readConfiguration(sources, reading, scope);
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
  const findSecret = systemSecrets(files, variables);
  const secrets = async (name: string, caller: Scope): Promise<string> =>
    (await findSecret(name.startsWith('secret://') ? name : `secret://env/${name}`, caller)).reveal();
  const token = defaults.token ?? home.token.reveal();
  const supervisor = openSupervisor(home.directory, options.createSupervisor ?? createSupervisor, {
    clock,
    log: logger.child({ module: 'workers' }),
    random: Math.random,
    environment: variables,
    secrets,
    endpointProbe,
    urlProbe,
  });
  if (supervisor !== undefined) {
    parts.use(supervisor);
    // It waits for processes, and the rest for disks: the server that is made below waits for both, and hears what fails.
    supervisor.open(scope).catch(() => {});
  }
  const auditDeps = { clock, log: logger.child({ module: 'audit' }), keyRing: home.keyRing };
  const bucket = openObjectLock(value.audit ?? {}, clock);
  const audit = await openAudit(home.directory, value.audit ?? {}, auditDeps, bucket);
  if (audit !== undefined) parts.use(audit);
  const storeUrl = value.store?.url ?? `sqlite:${join(home.directory, 'roundhouse.db')}`;
  const auditIndex =
    audit &&
    parts.use(await openAuditIndex(home.directory, value.audit ?? {}, storeUrl, { journal: audit, ...auditDeps }));
  const retentionParts = audit && { journal: audit, index: auditIndex, clock, log: auditDeps.log, bucket };
  const retention = retentionParts && parts.use(openRetention(home.directory, value.audit ?? {}, retentionParts));
  const auditPlace = audit && {
    directory: auditDirectory(home.directory, value.audit ?? {}),
    offHostSinks: await offHostSinks(value.audit ?? {}),
    fieldDigests: value.audit?.field_digests === true,
  };
  const store = parts.use(
    await openStore(new Secret(storeUrl), { clock, log: logger.child({ module: 'store' }) }, scope),
  );
  let configuration: Configuration | undefined;
  const server = parts.use(
    await createServer(
      { ...serverOptions(value), ...mailOptions(value, home.directory), token, version },
      {
        openSession,
        log,
        store,
        keyRing: home.keyRing,
        cursorKey: home.cursorKey,
        clock,
        randomBytes,
        secrets,
        compliance: {
          ...options.outside,
          dataDirectory: home.directory,
          providers: [secretFacts({ document: () => (configuration?.current ?? checked).document, variables })],
        },
        ...(supervisor === undefined ? {} : { supervisor }),
        ...(audit === undefined ? {} : { audit }),
        ...(auditIndex === undefined ? {} : { auditIndex }),
        ...(auditPlace === undefined ? {} : { auditPlace }),
        ...(retention === undefined ? {} : { auditRetention: retention }),
        ...(traces === undefined ? {} : { tracer: traces.tracer }),
      },
    ),
  );
  await server.resources.applyFile(desiredResources(value), 'configuration');
  const { url, frontPort, mailPort } = await server.start();
  if (value.audit?.retention !== undefined) retention?.start();
  const reloaded = new Configuration(sources, checked, {
    ...reading,
    scope,
    log: logger.child({ module: 'configuration' }),
    publish: (type, data) => void server.journal.publish(`configuration.${type}`, 'configuration', data),
    ownPorts: new Set([Number(new URL(url).port), ...[frontPort, mailPort].filter((port) => port !== null)]),
    target: {
      async apply(next, before) {
        await server.resources.applyFile(desiredResources(next), 'configuration');
        server.gateway.configure(liveLimits(next));
        Object.assign(server.workers, workersOptions(next));
        if (next.mail !== undefined) server.mail?.configure(mailLiveOptions(next.mail));
        server.compliance.configure(next.compliance);
        retention?.hold(holdsOf(next.audit));
        const { filter } = logOptions(next, defaults.logFilter);
        // Levels that were set by hand stay, unless the file says something else now.
        if (filter !== logOptions(before, defaults.logFilter).filter) {
          log.levels.configure(parseLogFilter(filter, LOG_MODULES));
        }
      },
      health: () => healthOf(server),
    },
  });
  configuration = reloaded;
  if (sources.file !== undefined) {
    server.configuration = reloaded;
    if (options.isWatched !== false) await reloaded.follow(systemWatcher);
  }
  const running = parts.move();
  return {
    url,
    mail: mailPort === null ? null : { host: value.mail?.host ?? '127.0.0.1', port: mailPort },
    frontDoor: frontPort === null ? null : { host: value.front_door?.host ?? '127.0.0.1', port: frontPort },
    token,
    isTokenNew: defaults.token === undefined && home.isTokenNew,
    gateway: server.gateway,
    warnings: checked.warnings,
    get stopMs() {
      return server.stopMs;
    },
    async reload() {
      log.reopen();
      if (sources.file !== undefined) await reloaded.reload().catch(() => {});
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
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
