import { hash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../record/canonical.ts';

/**
 * SHA-256 over the canonical JSON (RFC 8785), as `sha256:…`: the same facts give the same digest. Of values whose texts are
 * well-formed and whose numbers are finite, as those of facts, rules and parameters are.
 */
export function digestOf(value: unknown): string {
  return `sha256:${hash('sha256', canonicalJson(value as JsonValue), 'hex')}`;
}
