import { labelsSchema } from '@roundhouse/api';
import { z } from 'zod';
import { EVENT_CATALOGUE } from './catalogue.ts';
import type { EventDefinition } from './definition.ts';
import { TYPE_PREFIX } from './record.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** JSON Schema (draft 7, the one that AsyncAPI takes) of the `data` of each type. */
export function eventSchemas(): Readonly<Record<string, JsonObject>> {
  return Object.fromEntries(
    Object.entries(EVENT_CATALOGUE).map(([type, { data }]) => {
      const { $schema: _, ...schema } = z.toJSONSchema(data.extend({ labels: labelsSchema.optional() }), {
        target: 'draft-7',
      });
      return [TYPE_PREFIX + type, schema];
    }),
  );
}

/** The AsyncAPI 3.0 document of all events: the same messages on the stream and to webhooks. */
export function buildAsyncApi(version: string): JsonObject {
  const types = Object.entries(EVENT_CATALOGUE);
  const names = types.map(([type]) => TYPE_PREFIX + type);
  const messages = Object.fromEntries(names.map((name) => [name, reference('messages', name)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Roundhouse events',
      version,
      description: 'CloudEvents 1.0 in their JSON format, at least once; webhooks are signed as Standard Webhooks 1.0.',
    },
    defaultContentType: 'application/cloudevents+json',
    channels: {
      events: { address: '/api/v1/events', description: 'Server-sent events.', messages },
      webhook: { address: null, description: 'A POST to the URL of each webhook.', messages },
    },
    operations: {
      streamEvents: { action: 'send', channel: { $ref: '#/channels/events' } },
      deliverEvents: { action: 'send', channel: { $ref: '#/channels/webhook' } },
    },
    components: {
      messages: Object.fromEntries(types.map(([type, row]) => [TYPE_PREFIX + type, message(type, row)])),
      schemas: eventSchemas(),
    },
  };
}

function message(type: string, { summary, severity, subject }: EventDefinition): JsonObject {
  const name = TYPE_PREFIX + type;
  return {
    name,
    summary,
    'x-severity': severity,
    payload: {
      type: 'object',
      required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data'],
      properties: {
        specversion: { const: '1.0' },
        id: { type: 'string' },
        source: { type: 'string' },
        type: { const: name },
        subject: { type: 'string', description: `What it is about: ${subject}.` },
        time: { type: 'string', format: 'date-time' },
        datacontenttype: { const: 'application/json' },
        traceparent: { type: 'string' },
        data: reference('schemas', name),
      },
    },
  };
}

function reference(part: 'messages' | 'schemas', name: string): JsonObject {
  return { $ref: `#/components/${part}/${name}` };
}
