import type { JsonSchema, SchemaTable } from './jsonSchema.ts';

/** One operation of an OpenAPI document, as far as requests to it and answers of it go. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly isOpen: boolean;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | undefined;
  readonly isBodyOptional: boolean;
  /** By status, then by media type. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, { readonly schema?: JsonSchema }>>>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

interface OperationObject {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: { readonly 'application/json': { readonly schema: JsonSchema } };
  };
  readonly responses: Readonly<Record<string, { readonly content?: Operation['answers'][string] }>>;
}

/** What the fuzzer reads of an OpenAPI 3.1 document. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

export function operationsOf(document: ApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Readonly<Record<string, OperationObject>>).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      isOpen: operation.security?.length === 0,
      parameters: operation.parameters ?? [],
      body: operation.requestBody?.content['application/json'].schema,
      isBodyOptional: operation.requestBody?.required !== true,
      answers: Object.fromEntries(
        Object.entries(operation.responses).map(([status, { content = {} }]) => [status, content]),
      ),
    })),
  );
}

export function schemasOf(document: ApiDocument): SchemaTable {
  return document.components.schemas as SchemaTable;
}
