import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configurationFileSchema } from '@roundhouse/api';
import {
  checkAuthorities,
  checkCertificate,
  checkDescriptors,
  checkPort,
  checkPrivate,
  checkReadable,
  checkWritable,
  type Definition,
  type EnvironmentCheck,
  type Finding,
  jsonSchemaOf,
  type Path,
  systemFiles,
} from '@roundhouse/config';
import { type Clock, systemClock } from '@roundhouse/core';
import type { z } from 'zod';
import { complianceSchema } from '../compliance/options.ts';
import { expiredWaivers } from '../compliance/expiredWaivers.ts';
import { authenticationSchema } from '../identity/options.ts';
import { conflicts } from './conflicts.ts';

/** The whole configuration file. */
export const configurationSchema = configurationFileSchema.extend({
  authentication: authenticationSchema.optional(),
  compliance: complianceSchema.optional(),
});

export type ConfigurationValue = z.output<typeof configurationSchema>;

/** Lists whose items have an id. */
export const KEYED_LISTS = [
  'roles',
  'principals',
  'api_keys',
  'endpoint_groups',
  'endpoints',
  'workers',
  'webhooks',
  'compliance.rules',
  'compliance.profiles',
  'audit.retention.holds',
].map((path) => ({ path, key: 'id' }));

/** Values that are never shown. */
export const SECRETS = [
  'store.url',
  'tracing.otlp_url',
  'alerts.mail.password',
  'audit.index.url',
  'audit.sinks[].token',
  'audit.retention.object_lock.secret_access_key',
  'authentication.issuers[].secret',
  'authentication.ldap.bind_password',
  'principals[].password_hash',
  'api_keys[].hash',
  'endpoints[].tls.key',
  'endpoints[].start_tls.key',
  'workers[].secrets[].value',
  'workers[].environment.*',
  'workers[].unit.managed.control.execution.environment.*',
  'workers[].unit.integrated.control.execution.environment.*',
  'webhooks[].secret',
];

export interface DefinitionDependencies {
  readonly clock: Clock;
  /** Ports that this process listens at already: they are not asked for. */
  readonly ownPorts?: ReadonlySet<number>;
  /** Layers below all files by name, as YAML. */
  readonly profiles?: Readonly<Record<string, string>>;
}

/** What the configuration of the product is, for the engine. */
export function configurationDefinition({ clock, ownPorts = new Set(), profiles = {} }: DefinitionDependencies) {
  const definition: Definition<typeof configurationSchema> = {
    schema: configurationSchema,
    references: [
      { from: 'endpoints[].group', to: 'endpoint_groups[].id', target: 'endpoint group' },
      { from: 'endpoint_groups[].fallback[]', to: 'endpoint_groups[].id', target: 'endpoint group' },
      { from: 'front_door.group', to: 'endpoint_groups[].id', target: 'endpoint group' },
      { from: 'front_door.groups_by_lu.*', to: 'endpoint_groups[].id', target: 'endpoint group' },
      { from: 'front_door.groups_by_server_name.*', to: 'endpoint_groups[].id', target: 'endpoint group' },
      { from: 'workers[].depends_on[]', to: 'workers[].id', target: 'worker' },
      { from: 'workers[].depends_on[].worker', to: 'workers[].id', target: 'worker' },
      { from: 'api_keys[].principal', to: 'principals[].id', target: 'principal' },
    ],
    keyedLists: KEYED_LISTS,
    conflicts,
    environment: [ports(ownPorts), certificates(clock), places, descriptors, expiredWaivers(clock)],
    secrets: SECRETS,
    profiles,
  };
  return definition;
}

function ports(own: ReadonlySet<number>): EnvironmentCheck<ConfigurationValue> {
  return async ({ server = {}, front_door: door, mail }, scope) => {
    const { host = '127.0.0.1', port = 7070 } = server;
    const wanted: Array<readonly [Path, string, number]> = [[['server', 'port'], host, port]];
    if (door !== undefined) wanted.push([['front_door', 'port'], door.host ?? '127.0.0.1', door.port]);
    if (mail !== undefined) wanted.push([['mail', 'port'], mail.host ?? '127.0.0.1', mail.port]);
    const foreign = wanted.filter(([, , number]) => !own.has(number));
    return (
      await Promise.all(foreign.map(([path, address, number]) => checkPort(path, address, number, scope)))
    ).flat();
  };
}

function certificates(clock: Clock): EnvironmentCheck<ConfigurationValue> {
  return async ({ server, front_door: door, mail }) => {
    const listeners = [
      [['server', 'tls'], server?.tls],
      [['front_door', 'tls'], door?.tls],
      [['front_door', 'start_tls'], door?.start_tls],
      [['mail', 'tls'], mail?.tls],
      [['mail', 'start_tls'], mail?.start_tls],
    ] as const;
    const found = await Promise.all(
      listeners.map(async ([path, tls]) => (tls === undefined ? [] : await listenerCertificates(path, tls, clock))),
    );
    return found.flat();
  };
}

type ListenerTls = NonNullable<NonNullable<ConfigurationValue['server']>['tls']>;

async function listenerCertificates(path: Path, tls: ListenerTls, clock: Clock): Promise<readonly Finding[]> {
  const { cert_file: certFile, key_file: keyFile, client_ca_file: caFile } = tls;
  const files = Object.entries({ cert_file: certFile, client_ca_file: caFile }).filter(isNamed);
  const found = await Promise.all([
    ...files.map(([field, file]) => checkReadable([...path, field], file)),
    checkPrivate([...path, 'key_file'], keyFile),
  ]);
  const faults = found.flat();
  if (faults.some(({ severity }) => severity !== 'warning')) return faults;
  const [certificate, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return [
    ...faults,
    ...checkCertificate([...path, 'cert_file'], { certificate, key }, clock.now()),
    ...(caFile === undefined ? [] : checkAuthorities([...path, 'client_ca_file'], await readFile(caFile, 'utf8'))),
  ];
}

function isNamed(entry: readonly [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}

const places: EnvironmentCheck<ConfigurationValue> = async ({ audit, log, mail, store }) => {
  const found = [
    ...(log?.file === undefined ? [] : await checkWritable(['log', 'file', 'path'], dirname(log.file.path))),
    ...(audit?.directory === undefined ? [] : await checkWritable(['audit', 'directory'], dirname(audit.directory))),
  ];
  if (mail?.directory !== undefined)
    found.push(...(await checkWritable(['mail', 'directory'], dirname(mail.directory))));
  const file = /^sqlite:(.+)$/.exec(store?.url ?? '')?.[1];
  return file === undefined ? found : [...found, ...(await checkWritable(['store', 'url'], dirname(file)))];
};

/** A session has a connection to its host, and often one from its terminal. */
const DESCRIPTORS_PER_SESSION = 2;
/** For everything else that is open. */
const OTHER_DESCRIPTORS = 256;

const descriptors: EnvironmentCheck<ConfigurationValue> = async ({ limits }) => {
  if (limits?.max_sessions === undefined) return [];
  const wanted = limits.max_sessions * DESCRIPTORS_PER_SESSION + OTHER_DESCRIPTORS;
  return await checkDescriptors(['limits', 'max_sessions'], wanted, systemFiles);
};

/** The published JSON Schema of configuration files (draft-07). */
export function configurationJsonSchema() {
  return jsonSchemaOf(configurationDefinition({ clock: systemClock }), {
    id: 'urn:roundhouse:configuration',
    title: 'Roundhouse configuration',
  });
}
