import { complianceQuerySchema, validateQuery } from '@roundhouse/api';
import type { ComplianceMonitor } from '@roundhouse/audit/compliance';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { valid } from './request.ts';

/** Handlers of the routes about compliance. Rules are loaded for the first who asks. */
export function complianceRoutes({
  monitor,
  version,
}: {
  readonly monitor: () => Promise<ComplianceMonitor>;
  readonly version: string;
}) {
  return {
    async getComplianceReport(request: FastifyRequest, reply: FastifyReply) {
      const query = request.query as Record<string, unknown>;
      const { profile, format = 'json' } = valid(validateQuery(complianceQuerySchema, query));
      const { rendered } = await import('../compliance/shown.ts');
      const { type, text } = rendered(await (await monitor()).assess(profile), format, version);
      return reply.type(type).send(text);
    },

    async listComplianceRules(_request: FastifyRequest, reply: FastifyReply) {
      const { rulesShown } = await import('../compliance/shown.ts');
      return reply.send(rulesShown((await monitor()).settings));
    },
  };
}
