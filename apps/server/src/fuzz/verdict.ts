import type { Outcome, RawAnswer } from './connection.ts';
import { faultOf, type JsonSchema, type SchemaTable } from './jsonSchema.ts';
import type { FuzzRequest } from './request.ts';

export interface VerdictContext {
  readonly table: SchemaTable;
  /** HTTP status of each code that the server may answer with. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Codes that any request may meet. */
  readonly commonCodes: ReadonlySet<string>;
  /** Codes that the document names for an operation. */
  readonly codesOf: (operationId: string) => readonly string[];
  /** Texts that no answer may have in it. */
  readonly secrets: readonly string[];
}

const PROBLEM_TYPE = 'application/problem+json';
const PROBLEM: JsonSchema = { $ref: '#/components/schemas/Problem' };
/** What a stack of V8 looks like, and where the code lies. */
const STACK = /\n {4}at |node_modules|[\\/](src|dist)[\\/][\w/-]+\.[jt]s/;

/** What is wrong with an answer; undefined when nothing is. */
export function faultOfAnswer(request: FuzzRequest, outcome: Outcome, context: VerdictContext): string | undefined {
  if (outcome === 'closed' && request.mayBeCut) return undefined;
  if (typeof outcome === 'string') return `no answer: ${outcome}`;
  return (
    leakIn(outcome, context) ??
    (outcome.status >= 400 ? problemFault(request, outcome, context) : successFault(request, outcome, context))
  );
}

function leakIn({ headers, body }: RawAnswer, { secrets }: VerdictContext): string | undefined {
  const all = `${Object.values(headers).join('\n')}\n${body}`;
  if (secrets.some((secret) => all.includes(secret))) return 'the answer has a secret in it';
  return STACK.test(all) ? 'the answer has a stack or a path of the code in it' : undefined;
}

function successFault(request: FuzzRequest, answer: RawAnswer, { table }: VerdictContext): string | undefined {
  const { operation, method, hasCredentials, isOfOperation } = request;
  if (!operation.isOpen && !hasCredentials && isOfOperation) return 'it was let in without credentials';
  // Another method or path may be another operation; that it is none with a fault is known from the rest.
  if (!isOfOperation || method === 'HEAD') return undefined;
  const content = operation.answers[answer.status];
  if (answer.status === 304 && method === 'GET') return answer.body === '' ? undefined : '304 with a body';
  if (content === undefined) return `status ${answer.status} is not in the document`;
  if (Object.keys(content).length === 0) return answer.body === '' ? undefined : 'it has a body that is not documented';
  const type = mediaTypeOf(answer);
  const media = content[type];
  if (media === undefined) return `media type ${type} is not in the document`;
  if (type !== 'application/json' || media.schema === undefined) return undefined;
  return jsonFault(answer.body, media.schema, table);
}

function problemFault(request: FuzzRequest, answer: RawAnswer, context: VerdictContext): string | undefined {
  const { operation, method, isOfOperation } = request;
  if (mediaTypeOf(answer) !== PROBLEM_TYPE) return `status ${answer.status} without a problem body`;
  if (method === 'HEAD') return undefined;
  const fault = jsonFault(answer.body, PROBLEM, context.table);
  if (fault !== undefined) return `the problem body: ${fault}`;
  const { code, status, retryable } = JSON.parse(answer.body) as { code: string; status: number; retryable: boolean };
  if (status !== answer.status) return `status ${answer.status} with a body that says ${status}`;
  if (code === 'INTERNAL' || status === 500) return 'the server has failed';
  const known = context.statuses[code];
  if (known === undefined) return `code ${code} is in no catalogue`;
  if (known !== status) return `code ${code} has status ${known} in the catalogue and ${status} here`;
  const isRefusalForAWhile = retryable && (status === 429 || status === 503);
  if (isRefusalForAWhile && !/^[1-9]\d*$/.test(answer.headers['retry-after'] ?? ''))
    return `${code} without Retry-After`;
  if (!isOfOperation || context.commonCodes.has(code)) return undefined;
  return context.codesOf(operation.id).includes(code)
    ? undefined
    : `code ${code} is not documented for ${operation.id}`;
}

function mediaTypeOf({ headers }: RawAnswer): string {
  return (headers['content-type'] ?? '').split(';', 1)[0] as string;
}

function jsonFault(body: string, schema: JsonSchema, table: SchemaTable): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return 'the body is not JSON';
  }
  const fault = faultOf(value, schema, table);
  return fault === undefined ? undefined : `the body is not as documented: ${fault}`;
}
