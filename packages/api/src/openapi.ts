import { z } from 'zod';
import { PROBLEM_MEDIA_TYPE, problemSchema } from './problem.ts';
import { type Route, ROUTES } from './routes.ts';

type JsonObject = Record<string, unknown>;

export interface OpenApiDocument extends JsonObject {
  readonly openapi: '3.1.1';
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly components: { readonly schemas: JsonObject; readonly securitySchemes: JsonObject };
}

/** The OpenAPI 3.1 document of the whole API, from the schemas that check the requests. */
export function buildOpenApi(version: string): OpenApiDocument {
  const schemas: JsonObject = {};
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const [operationId, route] of Object.entries<Route>(ROUTES)) {
    paths[route.path] ??= {};
    (paths[route.path] as Record<string, JsonObject>)[route.method.toLowerCase()] = {
      operationId,
      summary: route.summary,
      ...(route.permission === 'none' ? { security: [] } : {}),
      ...parameters(route, schemas),
      ...(route.body === undefined
        ? {}
        : {
            requestBody: {
              required: route.bodyOptional !== true,
              content: { 'application/json': { schema: toSchema(route.body, schemas) } },
            },
          }),
      responses: {
        [route.success.status]: success(route, schemas),
        default: {
          description: problemDescription(route),
          content: { [PROBLEM_MEDIA_TYPE]: { schema: toSchema(problemSchema, schemas, 'output') } },
        },
      },
    };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Roundhouse',
      version,
      description: 'Sessions to 3270 hosts. Times are RFC 3339, rows and columns count from 1.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: { schemas, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}

function parameters(route: Route, schemas: JsonObject): JsonObject {
  const list = [
    ...Object.entries(route.params?.shape ?? {}).map(([name, schema]) => parameter('path', name, schema, schemas)),
    ...Object.entries(route.query?.shape ?? {}).map(([name, schema]) => parameter('query', name, schema, schemas)),
  ];
  return list.length === 0 ? {} : { parameters: list };
}

function parameter(place: 'path' | 'query', name: string, schema: z.core.$ZodType, schemas: JsonObject): JsonObject {
  const required = place === 'path';
  return { name, in: place, required, schema: toSchema(schema as z.ZodType, schemas) };
}

function success(route: Route, schemas: JsonObject): JsonObject {
  const { description, content } = route.success;
  if (content === undefined) return { description };
  const types = Object.entries(content).map(([type, schema]) => [
    type,
    { schema: schema === 'text' ? { type: 'string' } : toSchema(schema, schemas, 'output') },
  ]);
  return { description, content: Object.fromEntries(types) };
}

function problemDescription(route: Route): string {
  const own = route.problems ?? [];
  return own.length === 0 ? 'A problem.' : `A problem, for example ${own.join(', ')}.`;
}

/** A JSON Schema whose named parts stand under `components/schemas`. */
function toSchema(schema: z.ZodType, schemas: JsonObject, io: 'input' | 'output' = 'input'): JsonObject {
  const { $schema: _, $defs, ...own } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as JsonObject;
  for (const [name, definition] of Object.entries(($defs ?? {}) as Record<string, JsonObject>)) {
    schemas[name] = relocate(bare(definition));
  }
  const id = own['id'];
  if (typeof id !== 'string') return relocate(own);
  schemas[id] = relocate(bare(own));
  return { $ref: `#/components/schemas/${id}` };
}

function bare(schema: JsonObject): JsonObject {
  const { id: _, ...rest } = schema;
  return rest;
}

/** zod points into the `$defs` of one schema; here they are shared by the document. */
function relocate(schema: JsonObject): JsonObject {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/'),
  ) as JsonObject;
}
