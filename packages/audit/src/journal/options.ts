import { auditError } from '../errors.ts';
import { AUDIT_CLASSES, type AuditClass } from '../record/entry.ts';
import type { ClassPolicy, JournalOptions } from './contract.ts';

/** Options as they are in force. */
export interface Settings {
  readonly directory: string;
  readonly classes: Readonly<Record<AuditClass, ClassPolicy>>;
  readonly rotation: { readonly maxBytes: number; readonly maxAgeMs: number };
  readonly group: { readonly delayMs: number; readonly records: number };
  readonly buffer: { readonly records: number; readonly waiting: number };
  readonly checkpoint: { readonly records: number; readonly intervalMs: number };
  readonly keyLifetimeMs: number;
  readonly sinkLagMs: number;
}

const MIB = 1_048_576;
const HOUR_MS = 3_600_000;
/** Node's longest timer, ms. */
const LONGEST_MS = 2_147_483_647;
const CHOICES = {
  durability: ['strict', 'group', 'async'],
  whenUnavailable: ['block', 'refuse', 'degrade'],
  whenSinkLags: ['block', 'refuse', 'degrade'],
} as const;

const DEFAULT_CLASSES: Readonly<Record<AuditClass, ClassPolicy>> = {
  security: { durability: 'strict', whenUnavailable: 'refuse', whenSinkLags: 'degrade' },
  admin: { durability: 'strict', whenUnavailable: 'refuse', whenSinkLags: 'degrade' },
  access: { durability: 'group', whenUnavailable: 'refuse', whenSinkLags: 'degrade' },
  data: { durability: 'async', whenUnavailable: 'degrade', whenSinkLags: 'degrade' },
  system: { durability: 'group', whenUnavailable: 'degrade', whenSinkLags: 'degrade' },
};

/** Raises AUDIT_OPTIONS_INVALID. */
export function resolveOptions(options: JournalOptions): Settings {
  const { rotation = {}, group = {}, buffer = {}, checkpoint = {}, sinks = [] } = options;
  if (options.directory === '') throw invalid('directory', 'a path');
  if (new Set(sinks.map(({ name }) => name)).size !== sinks.length) throw invalid('sinks', 'named differently');
  return {
    directory: options.directory,
    classes: Object.fromEntries(AUDIT_CLASSES.map((name) => [name, policyOf(name, options.classes?.[name])])) as Record<
      AuditClass,
      ClassPolicy
    >,
    rotation: {
      maxBytes: whole('rotation.maxBytes', rotation.maxBytes ?? 64 * MIB, 4_096, 1_024 * MIB),
      maxAgeMs: whole('rotation.maxAgeMs', rotation.maxAgeMs ?? HOUR_MS, 1_000, LONGEST_MS),
    },
    group: {
      delayMs: whole('group.delayMs', group.delayMs ?? 2, 0, 5),
      records: whole('group.records', group.records ?? 256, 1, 4_096),
    },
    buffer: {
      records: whole('buffer.records', buffer.records ?? 10_000, 1, 1_000_000),
      waiting: whole('buffer.waiting', buffer.waiting ?? 10_000, 0, 1_000_000),
    },
    checkpoint: {
      records: whole('checkpoint.records', checkpoint.records ?? 10_000, 1, 10_000_000),
      intervalMs: whole('checkpoint.intervalMs', checkpoint.intervalMs ?? 10_000, 10, LONGEST_MS),
    },
    keyLifetimeMs: whole('keyLifetimeMs', options.keyLifetimeMs ?? 24 * HOUR_MS, 1_000, LONGEST_MS),
    sinkLagMs: whole('sinkLagMs', options.sinkLagMs ?? HOUR_MS / 12, 1_000, LONGEST_MS),
  };
}

function policyOf(name: AuditClass, given: Partial<ClassPolicy> | undefined): ClassPolicy {
  const policy = { ...DEFAULT_CLASSES[name], ...given };
  for (const [key, choices] of Object.entries(CHOICES) as [keyof ClassPolicy, readonly string[]][]) {
    if (!choices.includes(policy[key])) throw invalid(`classes.${name}.${key}`, `one of ${choices.join(', ')}`);
  }
  return policy;
}

function whole(option: string, value: number, from: number, to: number): number {
  if (!Number.isInteger(value) || value < from || value > to)
    throw invalid(option, `a whole number from ${from} to ${to}`);
  return value;
}

function invalid(option: string, expected: string): Error {
  return auditError('AUDIT_OPTIONS_INVALID', { details: { option, expected } });
}
