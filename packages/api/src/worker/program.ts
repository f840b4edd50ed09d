import { z } from 'zod';
import { durationSchema } from '../quantity.ts';
import { portSchema } from '../session.ts';
import { lazyObject } from '../lazyObject.ts';

/** How a program is started, and how it is asked to stop. */

export const textSchema = z
  .string()
  .max(32_768)
  .refine((text) => !text.includes('\0'), 'Expected text without NUL');

export const commandSchema = z
  .array(textSchema)
  .min(1)
  .max(512)
  .refine(([program]) => program !== '', 'Expected the program first')
  .meta({
    description: 'The program and its arguments, as they are: no shell reads them.',
    examples: [['node', 'server.js']],
  });

export const environmentSchema = z
  .record(
    z
      .string()
      .max(256)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Expected letters, digits and underscores'),
    textSchema,
  )
  .refine((variables) => Object.keys(variables).length <= 1_024, 'Expected at most 1,024 variables');

export const absolutePathSchema = z
  .string()
  .max(4_096)
  .regex(/^\/[^\0]*$/, 'Expected an absolute path');

/** Whether a text is `HOST:PORT`; IPv6 in brackets. */
export function isHostAndPort(text: string): boolean {
  const [, port] = /^(?:\[[\dA-Fa-f:.]+\]|[^\s:/@?#[\]]+):(\d{1,5})$/.exec(text) ?? [];
  return portSchema.safeParse(Number(port)).success;
}

/** Signals that a worker may get, without `SIG`. */
export const SIGNALS = ['HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2', 'TERM', 'CONT', 'STOP', 'WINCH'] as const;
export const signalSchema = z.enum(SIGNALS);

export const secretFileSchema = lazyObject(() => ({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/, 'Expected letters, digits, dots, dashes and underscores'),
  value: z.string().max(65_536).meta({ description: 'The text, or a `secret://` reference to it.' }),
  as: z.enum(['file', 'variable']).optional().meta({
    description:
      '`file` (default): below the directory that `ROUNDHOUSE_SECRETS` names, for the user of the worker alone. `variable`: in the environment, where every program of the user can read it.',
  }),
}));

export const socketSchema = lazyObject(() => ({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'Expected letters, digits, dots, dashes and underscores'),
  listen: z
    .string()
    .max(256)
    .refine((text) => /^\/[^\0]*$/.test(text) || isHostAndPort(text), 'Expected ADDRESS:PORT or an absolute path')
    .meta({
      description: '`ADDRESS:PORT`, or the absolute path of a Unix socket. Passed as `LISTEN_FDS`, open over restarts.',
      examples: ['127.0.0.1:8080', '/run/web.sock'],
    }),
}));

export const httpHookSchema = lazyObject(() => ({
  url: z.url({ protocol: /^https?$/ }).max(2_048),
  method: z.enum(['GET', 'POST', 'PUT']).optional().meta({ description: 'Default `POST`.' }),
}));

export const hookSchema = lazyObject(() => ({
  command: commandSchema.optional().meta({ description: 'Run as the worker is: user, place, environment.' }),
  http: httpHookSchema.optional(),
  timeout: durationSchema({ fromMs: 1 }).optional().meta({ description: 'Default `10s`.' }),
})).refine(
  ({ command, http }) => (command === undefined) !== (http === undefined),
  'Expected one of `command` and `http`',
);

export const stopSchema = lazyObject(() => ({
  signal: signalSchema.optional().meta({ description: 'Default `TERM`.' }),
  grace: durationSchema().optional().meta({
    description: 'From the beginning of the stop, its hook included, until it is killed. Default `30s`.',
  }),
  drain: durationSchema().optional().meta({
    description: 'Out of service for so long before anything is sent. Default `0s`.',
  }),
  pre_stop: hookSchema.optional().meta({ description: 'Done before the signal.' }),
  whole_group: z.boolean().optional().meta({
    description:
      'Whether the signal goes to the whole process group (default) or to its leader alone. What is killed is always all of it.',
  }),
})).meta({ id: 'WorkerStop' });

/** What a worker is besides its command. */
export const PROGRAM_FIELDS = {
  command: commandSchema.optional(),
  working_directory: absolutePathSchema.optional().meta({ description: 'Default: the data directory of the worker.' }),
  environment: environmentSchema.optional().meta({
    description: 'The whole environment, beside `PATH`, `HOME`, `USER`, `LANG` and what begins with `ROUNDHOUSE_`.',
  }),
  environment_files: z.array(absolutePathSchema).max(16).optional().meta({
    description: 'Lines of `NAME=value`, read at each start; a later file is stronger, `environment` strongest.',
  }),
  inherit_environment: z
    .union([z.boolean(), z.array(z.string().max(256)).max(256)])
    .optional()
    .meta({
      description: 'Variables of Roundhouse itself that the worker gets too: all, or those named. Default none.',
    }),
  secrets: z.array(secretFileSchema).max(64).optional(),
  user: z.string().min(1).max(64).optional().meta({ description: 'Name or number. Default: whoever runs Roundhouse.' }),
  group_of_user: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Name or number. Default: the main group of the user.' }),
  umask: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'Expected three octal digits, such as 027')
    .optional()
    .meta({ description: 'Default 022.' }),
  nice: z.int().min(-20).max(19).optional(),
  oom_score_adjust: z.int().min(-1_000).max(1_000).optional(),
  keep_capabilities: z
    .array(z.string().regex(/^(CAP_)?[A-Za-z_]{2,40}$/, 'Expected a name such as NET_BIND_SERVICE'))
    .max(48)
    .optional()
    .meta({ description: 'Linux capabilities that stay; all others are dropped. Default: those of the user.' }),
  no_new_privileges: z
    .boolean()
    .optional()
    .meta({ description: 'Default true where `user` or `keep_capabilities` is set.' }),
  sockets: z.array(socketSchema).max(16).optional(),
} as const;

export type WorkerHookInput = z.infer<typeof hookSchema>;
export type WorkerStopInput = z.infer<typeof stopSchema>;
