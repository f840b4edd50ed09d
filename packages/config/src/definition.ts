import type { Scope } from '@roundhouse/core';
import type { z } from 'zod';
import type { ConfigCode } from './errors.ts';
import type { Path } from './path.ts';
import type { Severity } from './report/diagnostic.ts';

/** What the product tells the engine about its configuration. Paths are patterns: `endpoints[].group`, `users.*.key`. */
export interface Definition<S extends z.ZodObject> {
  readonly schema: S;
  /** Names that must exist elsewhere. */
  readonly references?: readonly Reference[];
  /** Lists whose items have an id: they merge by it, and it may stand in paths. All others replace each other. */
  readonly keyedLists?: readonly KeyedList[];
  /** Contradictions within a configuration that is valid by its schema; one may have to load what it judges by. */
  readonly conflicts?: readonly ((value: z.output<S>) => Iterable<Finding> | Promise<Iterable<Finding>>)[];
  /** Questions to the machine; asked when all else is right. */
  readonly environment?: readonly EnvironmentCheck<z.output<S>>[];
  /** Values that are never shown. */
  readonly secrets?: readonly string[];
  /** Packaged layers by name, as YAML. */
  readonly profiles?: Readonly<Record<string, string>>;
  /** Environment variables of this beginning set values, `__` between the parts. Default `ROUNDHOUSE__`. */
  readonly variablePrefix?: string;
}

export interface Reference {
  readonly from: string;
  readonly to: string;
  /** What the target is called in a message, as in "no such endpoint group". Default: the pattern `to`. */
  readonly target?: string;
}

export interface KeyedList {
  readonly path: string;
  readonly key: string;
}

export type EnvironmentCheck<T> = (value: T, scope: Scope) => Promise<readonly Finding[]>;

/** What a check of the product has found. */
export interface Finding {
  readonly path: Path;
  /** Default: CONFIG_CONFLICT, with `details.reason`. */
  readonly code?: ConfigCode;
  readonly details: Readonly<Record<string, unknown>>;
  /** Default: error. */
  readonly severity?: Severity;
  readonly expected?: string;
  readonly suggestion?: string;
  /** The next step, where the check knows a better one than the code. */
  readonly hint?: string;
  readonly related?: readonly { readonly path: Path; readonly message: string }[];
}
