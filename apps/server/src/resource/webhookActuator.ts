import type { WebhookDefinition } from '../webhook/definition.ts';
import type { Webhooks } from '../webhook/dispatcher.ts';
import { webhookError } from '../webhook/errors.ts';
import type { ResourceInput } from '@roundhouse/api';
import type { Actuator } from './actuator.ts';

export function webhookActuator(webhooks: Webhooks): Actuator<'webhook'> {
  return {
    kind: 'webhook',
    // The rest is checked by `set`, which changes nothing when it raises.
    check: (input) => void definitionOf(input),
    async apply(input) {
      const definition = definitionOf(input);
      await webhooks.set(definition);
      // Whoever switches it off says when it goes on: what its receiver did before is forgotten.
      if (definition.disabled === true) await webhooks.enable(definition.id);
    },
    remove: (id) => webhooks.remove(id),
    async show(input) {
      const { pending, dead, oldestDeadAt, disabled } = await webhooks.status(definitionOf(input).id);
      return {
        id: definitionOf(input).id,
        description: input.description ?? null,
        url: input.url,
        events: input.events ?? ['*'],
        subjects: input.subjects ?? null,
        allow_private: input.allow_private ?? false,
        ordered: input.ordered ?? false,
        max_parallel: input.max_parallel ?? 8,
        timeout_ms: input.timeout_ms ?? 15_000,
        labels: input.labels ?? {},
        disabled: (input.disabled ?? false) || disabled !== null,
        disabled_reason: disabled,
        pending,
        dead_letters: dead,
        oldest_dead_letter_at: oldestDeadAt === null ? null : new Date(oldestDeadAt).toISOString(),
      };
    },
  };
}

/** Raises WEBHOOK_SECRET_INVALID for one without a secret: the door makes one where a webhook is added by POST. */
function definitionOf(input: ResourceInput<'webhook'>): WebhookDefinition {
  const { id = '', secret, ...rest } = input;
  if (secret === undefined)
    throw webhookError('WEBHOOK_SECRET_INVALID', { details: { webhook: id, reason: 'it has none' } });
  return { ...rest, id, secret };
}
