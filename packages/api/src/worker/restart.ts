import { z } from 'zod';
import { durationSchema } from '../quantity.ts';
import { lazyObject } from '../lazyObject.ts';

/** When a worker that has ended is started again. */

export const RESTART_POLICIES = ['never', 'on_failure', 'always', 'unless_stopped'] as const;

/** What kind of program it is: how patient the breaker of restarts is with it. */
export const PROFILES = ['batch', 'web', 'database', 'worker', 'scheduler', 'default'] as const;

const exitCodesSchema = z.array(z.int().min(0).max(255)).max(64);
const multiplierSchema = z.number().positive().max(100);

const budgetSchema = lazyObject(() => ({
  max_retries: z.int().min(0).max(1_000).optional(),
  retry_delay: durationSchema().optional(),
  backoff_rate: z.number().min(1).max(100).optional(),
}));

export const contextAwareRestartSchema = lazyObject(() => ({
  default: budgetSchema.optional().meta({ description: 'Default: 5 retries, `1s`, rate 2.' }),
  health_failures: budgetSchema.optional(),
  resource_violations: budgetSchema.optional(),
  severity_multipliers: lazyObject(() => ({
    warning: multiplierSchema,
    critical: multiplierSchema,
    emergency: multiplierSchema,
  }))
    .partial()
    .optional()
    .meta({ description: 'Of the retries allowed. Default 0.5, 1, 2.' }),
  worker_profile_multipliers: lazyObject(
    () =>
      Object.fromEntries(PROFILES.map((name) => [name, multiplierSchema])) as Record<
        (typeof PROFILES)[number],
        typeof multiplierSchema
      >,
  )
    .partial()
    .optional()
    .meta({ description: 'Default: batch 3, web 1, database 5, worker 2, scheduler 2.5, default 1.' }),
  startup_grace_period: durationSchema().optional().meta({
    description: 'Failures of health and limits this soon after a start do not count. Default `0s`.',
  }),
  sustained_violation_time: durationSchema()
    .optional()
    .meta({ description: 'A limit must be exceeded for so long. Default `0s`.' }),
  spike_tolerance_time: durationSchema()
    .optional()
    .meta({ description: 'Excess that is over within this is a spike and does not count. Default `0s`.' }),
  half_open_after: durationSchema({ fromMs: 1 }).optional().meta({
    description: 'When the budget is used up, one more try after so long. Default `5m`.',
  }),
})).meta({ id: 'ContextAwareRestart' });

export const restartSchema = lazyObject(() => ({
  policy: z.enum(RESTART_POLICIES).optional().meta({
    description: 'Default `always`; of one that runs to a schedule `on_failure`.',
  }),
  success_exit_codes: exitCodesSchema.optional().meta({ description: 'Default 0 alone.' }),
  rules: z
    .array(
      lazyObject(() => ({
        exit_codes: exitCodesSchema.optional(),
        signals: z
          .array(z.string().regex(/^SIG[A-Z0-9+]{2,12}$/, 'Expected a name such as SIGSEGV'))
          .max(32)
          .optional(),
        action: z.enum(['restart', 'stop', 'fail']).meta({
          description: '`restart` at once by backoff, `stop` as if it had succeeded, `fail` for good.',
        }),
      })),
    )
    .max(32)
    .optional()
    .meta({ description: 'The first that fits an exit decides; without one, the policy does.' }),
  backoff: lazyObject(() => ({
    initial: durationSchema().optional().meta({ description: 'Default `1s`.' }),
    max: durationSchema({ fromMs: 1 }).optional().meta({ description: 'Default `60s`.' }),
    factor: z.number().min(1).max(100).optional().meta({ description: 'Default 2.' }),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .meta({ description: 'Share by which a wait may differ. Default 0.25.' }),
  }))
    .optional()
    .meta({ description: 'The first restart is at once, the next after `initial`.' }),
  reset_after: durationSchema().optional().meta({ description: 'Up for so long, and it begins anew. Default `10m`.' }),
  crash_loop_after: z.int().min(1).max(1_000).optional().meta({
    description: 'Restarts in a row from which on it is said to loop. Default 5.',
  }),
  context_aware: contextAwareRestartSchema.optional().meta({
    description: 'A budget of restarts by what they are for; without it they are not bounded in number.',
  }),
})).meta({ id: 'WorkerRestart' });

export type WorkerRestartInput = z.infer<typeof restartSchema>;
export type ContextAwareRestartInput = z.infer<typeof contextAwareRestartSchema>;
