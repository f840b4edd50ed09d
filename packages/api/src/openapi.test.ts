import { describe, expect, it } from 'vitest';
import { buildOpenApi } from './openapi.ts';
import { type Route, ROUTES } from './routes.ts';
import { OPERATION_STATUSES, STRATEGIES } from './vocabulary.ts';

const document = buildOpenApi('1.2.3');

describe('the OpenAPI document', () => {
  it('is of version 3.1 and names the product version', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document).toMatchObject({ info: { title: 'Roundhouse', version: '1.2.3' } });
  });

  it.each(Object.entries<Route>(ROUTES))('has %s with its parameters, body and answers', (name, route) => {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()];
    expect(operation).toMatchObject({
      operationId: name,
      responses: {
        [route.success.status]: { description: route.success.description },
        default: { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
      },
    });
    expect('requestBody' in (operation ?? {})).toBe(route.body !== undefined);
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const parameters = (operation?.['parameters'] ?? []) as ReadonlyArray<{ name: string; in: string }>;
    expect(parameters.filter((each) => each.in === 'path').map((each) => each.name)).toEqual(inPath);
  });

  it('describes what endpoints, groups and operations are', () => {
    const { schemas } = document.components;
    expect(schemas).toMatchObject({
      EndpointInput: {
        required: ['id', 'host', 'port'],
        properties: { probe: { $ref: '#/components/schemas/EndpointProbe' } },
      },
      EndpointPut: { required: ['host', 'port'] },
      EndpointGroupInput: { required: ['id'], properties: { strategy: { enum: [...STRATEGIES] } } },
      Operation: { properties: { status: { enum: [...OPERATION_STATUSES] } } },
    });
    expect(document.paths['/api/v1/events']).toMatchObject({
      get: { responses: { 200: { content: { 'text/event-stream': { schema: { type: 'string' } } } } } },
    });
  });

  it('wants a token everywhere but at the probes', () => {
    const open = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).some((operation) => 'security' in operation) ? [path] : [],
    );
    expect(open).toEqual(['/livez', '/readyz']);
    expect(document).toMatchObject({ security: [{ bearer: [] }] });
  });

  it('has a definition for every reference, and no reference into another document', () => {
    const text = JSON.stringify(document);
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] as string));
    expect(references.size).toBeGreaterThan(8);
    for (const reference of references) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1];
      expect(document.components.schemas, reference).toHaveProperty(String(name));
    }
    expect(text).not.toContain('$defs');
  });
});
