import { z } from 'zod';
import type { KindName, Verb } from './permission.ts';
import { resourceIdSchema } from './resourceId.ts';
import type { Route } from './routes.ts';
import { listSessionsQuerySchema, sessionParamsSchema } from './session.ts';
import { lazyObject } from './lazyObject.ts';

/** Who keeps a resource: what stands in the configuration file is changed there, what is built in never. */
export const ORIGINS = ['built_in', 'file', 'api'] as const;
export type Origin = (typeof ORIGINS)[number];

/** What every resource shows beside its own fields. */
export const RESOURCE_FIELDS = {
  version: z.int().meta({ description: 'Grows with each change; `ETag` has it, `If-Match` takes it.' }),
  origin: z
    .enum(ORIGINS)
    .meta({ description: 'Whether it is part of the product, stands in the configuration file, or was made here.' }),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
} as const;

export type ResourceFields = z.infer<z.ZodObject<typeof RESOURCE_FIELDS>>;

/** A field of an input that names another resource. */
export interface Reference {
  /** Name of the field; a list names several. */
  readonly field: string;
  readonly kind: KindName;
  /** Where one of a list may be an object: the field of it that has the id. */
  readonly item?: string;
}

/**
 * A kind of resource, declared once: from here come its routes, its section of the configuration file, its commands,
 * what roles may say of it and what is kept of it.
 */
export interface ResourceKind {
  readonly name: KindName;
  /** Its key in a configuration file, where it is a list. */
  readonly collection: string;
  /** Under `/api/v1/`. */
  readonly path: string;
  /** In the names of routes: `Endpoint` of `getEndpoint`, `Endpoints` of `listEndpoints`. */
  readonly One: string;
  readonly Many: string;
  /** For people: `endpoint`, `endpoints`. */
  readonly one: string;
  readonly many: string;
  /** As it is written. */
  readonly input: z.ZodObject;
  /** As it is shown. */
  readonly resource: z.ZodObject;
  /** It shows how it does beside what was asked for: the same version may look otherwise a moment later. */
  readonly hasStatus?: true;
  readonly references?: readonly Reference[];
  /** Dotted paths into an input that are never shown, and sealed where they are kept; a list or map counts whole. */
  readonly secrets?: readonly string[];
}

/** A page of resources. */
export function pageOf<R extends z.ZodType>(resource: R, id: string) {
  return lazyObject(() => ({ items: z.array(resource), next_cursor: z.string().nullable() })).meta({ id });
}

const JSON_TYPE = 'application/json';

interface RouteTexts<C extends z.ZodObject> {
  readonly article: 'a' | 'an';
  /** Of the deletion, where there is more to say. */
  readonly onDelete?: string;
  /** What the answer to a creation has, where it is more than the resource. */
  readonly created?: C;
  readonly problems?: Partial<Readonly<Record<'create' | 'put' | 'delete', readonly string[]>>>;
}

/** The routes that every kind has. */
export function resourceRoutes<
  K extends ResourceKind,
  L extends z.ZodObject,
  P extends z.ZodObject,
  C extends z.ZodObject = K['resource'],
>(kind: K, list: L, put: P, texts: RouteTexts<C>) {
  const { article, problems = {} } = texts;
  const { One, Many } = kind as { readonly One: K['One']; readonly Many: K['Many'] };
  const path = `/api/v1/${kind.path}`;
  const missing = notFoundCode(kind);
  const permission = (verb: Verb) => ({ verb, kind: kind.name }) as const;
  const shown = { [JSON_TYPE]: kind.resource as K['resource'] };
  const title = `${kind.one.charAt(0).toUpperCase()}${kind.one.slice(1)}`;
  const routes = {
    list: {
      method: 'GET',
      path,
      permission: permission('list'),
      summary: `List ${kind.many}`,
      query: listSessionsQuerySchema,
      success: { status: 200, description: 'One page, by id.', content: { [JSON_TYPE]: list } },
    },
    create: {
      method: 'POST',
      path,
      permission: permission('create'),
      summary: `Add ${article} ${kind.one}`,
      body: kind.input as K['input'],
      success: {
        status: 201,
        description: `The ${kind.one}; \`Location\` has its address.`,
        content: { [JSON_TYPE]: (texts.created ?? kind.resource) as C },
      },
      problems: ['RESOURCE_EXISTS', 'REFERENCE_MISSING', ...(problems.create ?? [])],
    },
    get: {
      method: 'GET',
      path: `${path}/{id}`,
      permission: permission('get'),
      summary: `Show ${article} ${kind.one}`,
      params: sessionParamsSchema,
      success: { status: 200, description: `The ${kind.one}; \`ETag\` has its version.`, content: shown },
      problems: [missing],
    },
    put: {
      method: 'PUT',
      path: `${path}/{id}`,
      permission: permission('update'),
      summary: `Change or add ${article} ${kind.one}: what is not said takes its default`,
      params: sessionParamsSchema,
      body: put,
      success: { status: 200, description: `The ${kind.one}.`, content: shown },
      problems: ['REFERENCE_MISSING', 'RESOURCE_IN_FILE', 'PRECONDITION_FAILED', ...(problems.put ?? [])],
    },
    delete: {
      method: 'DELETE',
      path: `${path}/{id}`,
      permission: permission('delete'),
      summary: texts.onDelete ?? `Remove ${article} ${kind.one}`,
      params: sessionParamsSchema,
      success: { status: 204, description: `${title} and address are gone.` },
      problems: [missing, 'RESOURCE_IN_FILE', 'RESOURCE_IN_USE', 'PRECONDITION_FAILED', ...(problems.delete ?? [])],
    },
  } as const satisfies Record<string, Route>;
  return {
    [`list${Many}`]: routes.list,
    [`create${One}`]: routes.create,
    [`get${One}`]: routes.get,
    [`put${One}`]: routes.put,
    [`delete${One}`]: routes.delete,
  } as { [_ in `list${K['Many']}`]: typeof routes.list } & { [_ in `create${K['One']}`]: typeof routes.create } & {
    [_ in `get${K['One']}`]: typeof routes.get;
  } & { [_ in `put${K['One']}`]: typeof routes.put } & { [_ in `delete${K['One']}`]: typeof routes.delete };
}

/** Code of the problem that there is no such resource. */
export function notFoundCode({ name }: ResourceKind): string {
  return name === 'endpoint_group' ? 'GROUP_NOT_FOUND' : `${name.toUpperCase()}_NOT_FOUND`;
}

/** An input whose id stands in the path. */
export function putSchemaOf<I extends z.ZodObject>(input: I, id: string) {
  return input.extend({ id: resourceIdSchema.optional() }).meta({ id });
}
