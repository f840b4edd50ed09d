import {
  DEFAULTS,
  deliveriesQuerySchema,
  type DeliveryResource,
  replaySchema,
  validate,
  validateQuery,
} from '@roundhouse/api';
import type { Scope } from '@roundhouse/core';
import type { Delivery, DeliveryAttempt, DeliveryFilter, DeliveryLog } from '@roundhouse/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Resources } from '../resource/resources.ts';
import type { Webhooks } from '../webhook/dispatcher.ts';
import { webhookError } from '../webhook/errors.ts';
import type { Access } from './access.ts';
import type { Cursors } from './cursor.ts';
import { idOf, valid } from './request.ts';
import { requestScope } from './requestScope.ts';
import { attributesOf } from './resourceRoutes.ts';

export interface WebhookRoutesDependencies {
  readonly webhooks: Webhooks;
  readonly deliveries: DeliveryLog;
  readonly resources: Resources;
  readonly access: Access;
  readonly cursors: Cursors;
  readonly scope: Scope;
}

/** How often the log is looked at for the outcome of a test, ms, and how long. */
const TEST_LOOK_MS = 20;
const TEST_TIMEOUT_MS = 20_000;
/** Deliveries among which that of a test is sought: it is one of the newest. */
const TEST_AMONG = 50;

/** Handlers of the routes about deliveries, by the names of the route table. */
export function webhookRoutes(deps: WebhookRoutesDependencies) {
  const { webhooks, deliveries, resources, access, cursors, scope: server } = deps;

  /** Raises WEBHOOK_NOT_FOUND, DELIVERY_NOT_FOUND. */
  async function deliveryOf(webhook: string, id: number): Promise<Delivery> {
    await resources.get('webhook', webhook);
    const delivery = id < 1 ? undefined : await deliveries.get(id);
    if (delivery?.receiver !== webhook) throw webhookError('DELIVERY_NOT_FOUND', { details: { delivery: id } });
    return delivery;
  }

  async function pageOf(
    request: FastifyRequest,
    list: string,
    filter: DeliveryFilter,
    isShown: (each: Delivery) => boolean,
  ) {
    const { limit = DEFAULTS.pageSize, cursor, ...filters } = queryOf(request);
    const place = { list, filters: { ...filters, receiver: filter.receiver } };
    const before = cursor === undefined ? undefined : cursors.readNumber(place, cursor);
    const found = await deliveries.list({
      ...filter,
      ...filterOf(filters),
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.filter(isShown).map((each) => shown(each)),
      next_cursor: found.length > limit && last !== undefined ? cursors.write(place, String(last.id)) : null,
    };
  }

  return {
    async listDeliveries(request: FastifyRequest, reply: FastifyReply) {
      const receiver = idOf(request);
      await resources.get('webhook', receiver);
      return reply.send(await pageOf(request, 'listDeliveries', { receiver }, () => true));
    },

    async getDelivery(request: FastifyRequest, reply: FastifyReply) {
      const { delivery: text } = request.params as { readonly delivery: string };
      const delivery = await deliveryOf(idOf(request), /^\d{1,15}$/.test(text) ? Number(text) : 0);
      return reply.send({ ...shown(delivery), log: (await deliveries.attempts(delivery.id)).map(attemptShown) });
    },

    async listDeadLetters(request: FastifyRequest, reply: FastifyReply) {
      const mayShow = ({ receiver }: Delivery): boolean => {
        const kept = resources.find('webhook', receiver);
        return kept !== undefined && access.allows(request, 'list', 'webhook', attributesOf(kept.input));
      };
      return reply.send(await pageOf(request, 'listDeadLetters', { status: 'dead' }, mayShow));
    },

    async replayDeliveries(request: FastifyRequest, reply: FastifyReply) {
      const receiver = idOf(request);
      const body = request.body === undefined ? {} : request.body;
      const { delivery, status = 'dead', ...rest } = valid(validate(replaySchema, body, 'body'));
      if (delivery !== undefined) {
        const { id } = await deliveryOf(receiver, delivery);
        await webhooks.replayOne(id);
        return reply.send({ replayed: 1 });
      }
      await resources.get('webhook', receiver);
      return reply.send({ replayed: await webhooks.replay({ receiver, status, ...filterOf(rest) }) });
    },

    async testWebhook(request: FastifyRequest, reply: FastifyReply) {
      const receiver = idOf(request);
      await resources.get('webhook', receiver);
      const { id: messageId } = webhooks.test(receiver);
      using scope = requestScope(reply, server);
      using deadline = scope.child({ what: 'The test', timeoutMs: TEST_TIMEOUT_MS });
      for (;;) {
        const newest = await deliveries.list({ receiver, limit: TEST_AMONG });
        const delivery = newest.find((each) => each.messageId === messageId);
        if (delivery !== undefined) {
          const log = await deliveries.attempts(delivery.id);
          if (log.length > 0) return reply.send({ ...shown(delivery), log: log.map(attemptShown) });
        }
        await deadline.sleep(TEST_LOOK_MS);
      }
    },
  };
}

function queryOf(request: FastifyRequest) {
  return valid(validateQuery(deliveriesQuerySchema, request.query as Record<string, unknown>));
}

interface FilterTexts {
  readonly status?: Delivery['status'] | undefined;
  readonly type?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

function filterOf({ status, type, since, until }: FilterTexts): DeliveryFilter {
  return {
    ...(status === undefined ? {} : { status }),
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
  };
}

function shown({ receiver, messageId, createdAt, nextAttemptAt, lastError, ...rest }: Delivery): DeliveryResource {
  return {
    id: rest.id,
    webhook: receiver,
    message_id: messageId,
    type: rest.type,
    status: rest.status,
    attempts: rest.attempts,
    created_at: rfc3339(createdAt),
    next_attempt_at: nextAttemptAt === null ? null : rfc3339(nextAttemptAt),
    last_error: lastError,
  };
}

function attemptShown({ at, elapsedMs, status, error, facts }: DeliveryAttempt) {
  return { at: rfc3339(at), elapsed_ms: elapsedMs, status, error, facts };
}

function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
