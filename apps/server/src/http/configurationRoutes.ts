import { type ConfigurationResource, type ReloadPlan, reloadSchema, validate } from '@roundhouse/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Configuration, Reload } from '../configuration/configuration.ts';
import { configurationError } from '../configuration/errors.ts';
import { valid } from './request.ts';

/** Handlers of the routes about the configuration; `configuration` gives it, or undefined without a file. */
export function configurationRoutes(configuration: () => Configuration | undefined, startedAt: number) {
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
      const present = configuration();
      if (present === undefined) throw configurationError('NO_CONFIGURATION_FILE');
      return reply.send(planShown(await present.reload({ isDryRun })));
    },
  };
}

function planShown({ plan, applied, warnings }: Reload): ReloadPlan {
  return {
    applied,
    changes: plan.changes.map(({ path, op, fields, action }) => ({
      path,
      op,
      fields: fields.map(({ field }) => field),
      action,
    })),
    warnings: warnings.map(({ message }) => message),
  };
}
