import { maskNumbers } from '@roundhouse/core';
import type { JsonObject, JsonValue } from './canonical.ts';

/** What a value of a secret key becomes. */
const MASKED = '[masked]';

export interface MaskOptions {
  /** More key names whose values are never kept, in any case; each is compared with the whole name of a key. */
  readonly keys?: readonly string[];
  /** More patterns that are replaced by `[masked]` in any text. */
  readonly patterns?: readonly RegExp[];
}

/** Makes plain JSON of any value, and takes out of it what must not be kept. Total, and idempotent. */
export type Mask = (value: unknown) => JsonValue;

/** Names a secret wherever it stands in the words of a key. */
const SECRET_WORDS = new Set([
  'password',
  'passwords',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'secrets',
  'credential',
  'credentials',
  'authorization',
  'cookie',
  'cookies',
  'cvv',
  'cvc',
  'apikey',
]);
/** Names a secret as the last word: `api_key` does, `key_id` does not. */
const SECRET_ENDS = new Set(['token', 'tokens', 'key', 'keys', 'pin', 'otp', 'bearer']);

/** Bounds of what is kept of one value: beyond them it is cut, and says so. */
const MAX_DEPTH = 16;
const MAX_VALUES = 10_000;
const CUT = '[cut]';

/** A mask with the rules that always hold, and those of `options`. */
export function createMask({ keys = [], patterns = [] }: MaskOptions = {}): Mask {
  const named = new Set(keys.map((key) => key.toLowerCase()));
  const secretKeys = new Map<string, boolean>();

  function isSecretKey(key: string): boolean {
    const known = secretKeys.get(key);
    if (known !== undefined) return known;
    const isSecret = named.has(key.toLowerCase()) || namesSecret(key);
    // Keys are few; whoever makes them up does not fill the memory.
    if (secretKeys.size < 4_096) secretKeys.set(key, isSecret);
    return isSecret;
  }

  function maskText(text: string): string {
    let masked = maskNumbers(text.toWellFormed());
    for (const pattern of patterns)
      masked = masked.replace(new RegExp(pattern, `${pattern.flags.replace('g', '')}g`), MASKED);
    return masked;
  }

  return (root) => {
    let values = 0;

    function visit(value: unknown, depth: number): JsonValue {
      if (++values > MAX_VALUES || depth > MAX_DEPTH) return CUT;
      if (typeof value === 'string') return maskText(value);
      if (typeof value === 'number') return maskNumber(value, maskText);
      if (value === null || value === undefined || typeof value === 'boolean') return value ?? null;
      if (typeof value === 'bigint') return maskText(String(value));
      if (typeof value !== 'object') return null;
      if (Array.isArray(value)) return visitArray(value, depth);
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
      // Bytes may be anything, and a screen or a key among it.
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
      if (value instanceof Error) return maskText(`${value.name}: ${value.message}`);
      const plain = plainOf(value);
      return plain === value ? visitObject(value, depth) : visit(plain, depth + 1);
    }

    function visitArray(value: readonly unknown[], depth: number): JsonValue {
      const kept: JsonValue[] = [];
      for (const item of value) {
        if (values >= MAX_VALUES) break;
        kept.push(visit(item, depth + 1));
      }
      return kept;
    }

    function visitObject(value: object, depth: number): JsonValue {
      const kept: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
      for (const [key, member] of entriesOf(value)) {
        if (values >= MAX_VALUES) break;
        if (member === undefined || typeof member === 'function' || typeof member === 'symbol') continue;
        let name = maskText(key);
        while (name in kept) name += '~';
        // That something is set or not says nothing of what it is.
        const isOpen = member === null || typeof member === 'boolean' || !isSecretKey(key);
        kept[name] = isOpen ? visit(member, depth + 1) : MASKED;
      }
      return kept as JsonObject;
    }

    return visit(root, 0);
  };
}

/** Whether the words of a key, in camel, snake or kebab case, name a secret. */
function namesSecret(key: string): boolean {
  const words = key
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  return words.some((word) => SECRET_WORDS.has(word)) || SECRET_ENDS.has(words.at(-1) ?? '');
}

/** A number with too many digits to be one may be a card; what JSON has no text for becomes text. */
function maskNumber(value: number, maskText: (text: string) => string): JsonValue {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) < 1e12) return value;
  const text = String(value);
  const masked = maskText(text);
  return masked === text ? value : masked;
}

/** What an object says of itself for JSON, secrets their mask; whatever it throws is its own affair. */
function plainOf(value: object): unknown {
  try {
    if (value instanceof Map) return Object.fromEntries(value);
    if (value instanceof Set) return [...value];
    if ('toJSON' in value && typeof value.toJSON === 'function') return (value.toJSON as () => unknown)();
    return value;
  } catch {
    return MASKED;
  }
}

function entriesOf(value: object): [string, unknown][] {
  try {
    return Object.entries(value);
  } catch {
    return [];
  }
}
