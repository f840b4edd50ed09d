import { z } from 'zod';

/** What there is to act upon. A role names these; the names are those of the kinds in the configuration. */
export const KINDS = [
  'api_key',
  'audit',
  'compliance',
  'configuration',
  'endpoint',
  'endpoint_group',
  'event',
  'log',
  'mail',
  'metrics',
  'operation',
  'principal',
  'role',
  'session',
  'usage',
  'webhook',
  'worker',
] as const;

/** What may be done: the first six to most kinds, each of the others to the kind named. */
export const VERBS = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'delete',
  /** session: see its screen; a snapshot too. worker: what it writes. mail: its text. */
  'read',
  /** session: type. */
  'input',
  /** session: suspend and resume. */
  'suspend',
  /** session: move it to another host. */
  'migrate',
  /** session: have it at a terminal. */
  'take_over',
  /** endpoint: drain and undrain. */
  'drain',
  /** webhook: send a test, send again. */
  'replay',
  /** configuration: check, plan, reload, override. worker: have it read its own anew. */
  'reload',
  /** worker: start, stop, restart. */
  'operate',
  /** worker: send it a signal. */
  'signal',
  /** worker: run a command as it is run. */
  'execute',
  /** compliance: evaluate the rules, and see the evidence, which names principals. */
  'assess',
  /** audit: take all of it away. */
  'export',
  /** audit: verify it, and put on record what was reviewed. */
  'review',
] as const;

export const kindNameSchema = z.enum(KINDS);
export const verbSchema = z.enum(VERBS);
export type KindName = (typeof KINDS)[number];
export type Verb = (typeof VERBS)[number];

/** What a route asks of whoever calls it. */
export interface Permission {
  readonly verb: Verb;
  readonly kind: KindName;
}

export type Labels = Readonly<Record<string, string>>;

/** Names that a thing is sorted by: `env: prod`. Roles may ask for them. */
export const labelsSchema = z
  .record(
    z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,62}[A-Za-z0-9])?$/,
        'Expected a name of letters, digits, dots, dashes and slashes',
      ),
    z.string().max(63),
  )
  .refine((labels) => Object.keys(labels).length <= 32, 'Expected at most 32 labels')
  .meta({ description: 'Names to sort by; roles may ask for them. Sessions have those of their endpoint and group.' });
