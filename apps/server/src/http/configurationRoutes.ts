import {
  type ConfigurationResource,
  overrideInputSchema,
  type OverrideList,
  overrideQuerySchema,
  type ReloadPlan,
  reloadSchema,
  validate,
  validateQuery,
} from '@roundhouse/api';
import type { Clock } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Configuration, Reload } from '../configuration/configuration.ts';
import { configurationError } from '../configuration/errors.ts';
import { identityOf } from './access.ts';
import { valid } from './request.ts';

/** Handlers of the routes about the configuration; `configuration` gives it, or undefined without a file. */
export function configurationRoutes(
  configuration: () => Configuration | undefined,
  { clock, startedAt }: { readonly clock: Clock; readonly startedAt: number },
) {
  /** Raises NO_CONFIGURATION_FILE. */
  const required = (): Configuration => {
    const present = configuration();
    if (present === undefined) throw configurationError('NO_CONFIGURATION_FILE');
    return present;
  };

  return {
    getConfiguration(_request: FastifyRequest, reply: FastifyReply) {
      const present = configuration();
      const shown: ConfigurationResource = {
        file: present?.file ?? null,
        loaded_at: new Date(present?.loadedAt ?? startedAt).toISOString(),
        values: present?.values() ?? {},
        origins: present?.origins() ?? {},
      };
      return reply.send(shown);
    },

    async reloadConfiguration(request: FastifyRequest, reply: FastifyReply) {
      const { dry_run: isDryRun = false } = valid(
        validate(reloadSchema, request.body === undefined ? {} : request.body, 'body'),
      );
      return reply.send(planShown(await required().reload({ isDryRun })));
    },

    listOverrides(_request: FastifyRequest, reply: FastifyReply) {
      const items = required().overrides.map(({ path, by, expiresAt }) => ({
        path,
        by,
        expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
      }));
      return reply.send({ items } satisfies OverrideList);
    },

    async putOverride(request: FastifyRequest, reply: FastifyReply) {
      const { path, value, ttl_ms: ttlMs } = valid(validate(overrideInputSchema, request.body, 'body'));
      const expiresAt = ttlMs === undefined ? undefined : clock.now() + ttlMs;
      const by = identityOf(request).principal;
      return reply.send(planShown(await required().override({ path, value, expiresAt, by })));
    },

    async deleteOverride(request: FastifyRequest, reply: FastifyReply) {
      const { path } = valid(validateQuery(overrideQuerySchema, request.query as Record<string, unknown>));
      return reply.send(planShown(await required().removeOverride(path)));
    },
  };
}

function planShown({ plan, workers, applied, warnings }: Reload): ReloadPlan {
  return {
    applied,
    changes: plan.changes.map(({ path, op, fields, action }) => ({
      path,
      op,
      fields: fields.map(({ field }) => field),
      action,
    })),
    workers,
    warnings: warnings.map(({ message }) => message),
  };
}
