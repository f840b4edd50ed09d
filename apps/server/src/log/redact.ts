import { type LogFields, Secret } from '@roundhouse/core';
import { errorFields } from './errorFields.ts';

/** What stands where a secret was. */
export const MASK = '[secret]';

/** Bounds of one line: what lies beyond is said to be left out, so that no caller can make a line of any size. */
const MAX_DEPTH = 6;
const MAX_MEMBERS = 256;
const MAX_TEXT = 8_192;

/** Within a name, lower case without `_`, `-` and blanks. */
const SENSITIVE_PARTS =
  /password|passwd|passphrase|secret|authorization|cookie|apikey|privatekey|credential|tokens?$|^key$|^auth$|^jwt$|^screendata$/;

/** Names that were judged before; callers' names have a bound, those of data may not. */
const judged = new Map<string, boolean>();
const MAX_JUDGED = 2_000;

/** Whether a value of this name is kept out of sight: `password`, `access_token`, `X-Api-Key`, `Set-Cookie`, … */
export function isSensitiveName(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const isSensitive = SENSITIVE_PARTS.test(name.toLowerCase().replaceAll(/[_\-\s.]/g, ''));
  if (judged.size < MAX_JUDGED && name.length <= 100) judged.set(name, isSensitive);
  return isSensitive;
}

/** Looks for what may be a secret in running text, at little cost; `TEXT_SECRETS` then says where. */
const SUSPICIOUS =
  /(?:bearer|basic) |whsec_|:\/\/|PRIVATE KEY|eyJ|(?:password|passwd|secret|token|api_?key)s?["']?\s*[=:]/i;

/** Each looks ahead a bounded way from where it begins, or begins once: a long text takes no more than its length. */
const TEXT_SECRETS: ReadonlyArray<readonly [RegExp, string]> = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, MASK],
  // RFC 7235 §2.1, RFC 6750 §2.1.
  [/\b(bearer|basic)\s+[\w\-.~+/]{4,}=*/gi, `$1 ${MASK}`],
  [/\bwhsec_[\w+/=-]+/g, MASK],
  // RFC 7519: three parts, the first of which begins with `{"`.
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, MASK],
  // RFC 3986 §3.2.1: the password of a user in an address.
  [/(:\/\/[^\s/?#:@]*:)[^\s/?#@]+@/g, `$1${MASK}@`],
  [/((?:password|passwd|secret|token|api_?key)s?["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"'}\]]+)/gi, `$1${MASK}`],
];

/** Masks credentials that stand in running text: authorisation headers, addresses, tokens, private keys. */
export function redactText(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return TEXT_SECRETS.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text);
}

/**
 * The fields of a line without their secrets: by name, by type (`Secret`) and within text, at any depth. Errors are told
 * with code and causes. Depth, members and text have bounds. Gives the same object back when there is nothing to hide.
 */
export function redactFields(fields: LogFields): LogFields {
  return members(fields, { left: MAX_MEMBERS, maxDepth: MAX_DEPTH }, 0) as LogFields;
}

/** As `redactFields`, for any value. `maxMembers` bounds arrays and objects taken together. */
export function redactValue(value: unknown, maxMembers = MAX_MEMBERS, maxDepth = MAX_DEPTH): unknown {
  return shown(value, { left: maxMembers, maxDepth }, 0);
}

interface Budget {
  left: number;
  readonly maxDepth: number;
}

function shown(value: unknown, budget: Budget, depth: number): unknown {
  switch (typeof value) {
    case 'string': {
      const text = value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}… (${value.length} characters)` : value;
      return redactText(text);
    }
    case 'bigint':
      return String(value);
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    case 'object':
      return value === null ? null : shownObject(value, budget, depth);
    default:
      return value;
  }
}

function shownObject(value: object, budget: Budget, depth: number): unknown {
  if (value instanceof Secret) return MASK;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= budget.maxDepth) return '[too deep]';
  if (value instanceof Error) return members(errorFields(value), budget, depth + 1);
  if (Array.isArray(value)) return elements(value, budget, depth);
  if (value instanceof Map) {
    return members(
      Object.fromEntries([...value].slice(0, MAX_MEMBERS).map(([k, v]) => [String(k), v])),
      budget,
      depth + 1,
    );
  }
  if (value instanceof Set) return elements([...value].slice(0, MAX_MEMBERS), budget, depth);
  const json = jsonOf(value);
  return json === value ? members(value, budget, depth + 1) : shown(json, budget, depth + 1);
}

/** What the object wants to be in JSON: an address or a date of another library. */
function jsonOf(value: object): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== 'function') return value;
  try {
    return toJSON.call(value) as unknown;
  } catch {
    return '[no JSON]';
  }
}

function elements(list: readonly unknown[], budget: Budget, depth: number): unknown[] {
  const copy: unknown[] = [];
  for (const element of list) {
    if (--budget.left < 0) {
      copy.push(`[${list.length - copy.length} more]`);
      break;
    }
    copy.push(shown(element, budget, depth + 1));
  }
  return copy;
}

function members(object: object, budget: Budget, depth: number): object {
  let copy: Record<string, unknown> | undefined;
  for (const name in object) {
    if (!Object.hasOwn(object, name)) continue;
    const value = (object as Record<string, unknown>)[name];
    if (--budget.left < 0) {
      copy ??= before(object, name);
      copy['left_out'] = true;
      break;
    }
    const kept = isSensitiveName(name) ? masked(value) : shown(value, budget, depth);
    if (copy === undefined && kept !== value) copy = before(object, name);
    if (copy !== undefined && name !== '__proto__') copy[name] = kept;
  }
  return copy ?? object;
}

/** Whether something is set, and nothing, are no secrets. */
function masked(value: unknown): unknown {
  return value === null || value === undefined || typeof value === 'boolean' ? value : MASK;
}

/** The members in front of `name`, which needed no change. */
function before(object: object, name: string): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const each in object) {
    if (each === name) break;
    if (Object.hasOwn(object, each)) copy[each] = (object as Record<string, unknown>)[each];
  }
  return copy;
}
