import type { FactDefinition } from './definition.ts';
import { CONFIGURED_FACTS } from './configured.ts';
import { OBSERVED_FACTS } from './observed.ts';

/** Every fact that a rule may ask for, by its name: a group, a dot, and the fact. */
export const FACTS = { ...CONFIGURED_FACTS, ...OBSERVED_FACTS } as const satisfies Readonly<
  Record<`${string}.${string}`, FactDefinition>
>;

export type FactName = keyof typeof FACTS;

export const FACT_NAMES = Object.keys(FACTS) as readonly FactName[];

export function isFactName(text: string): text is FactName {
  return Object.hasOwn(FACTS, text);
}

type Scalar<T> = T extends 'boolean' ? boolean : T extends 'number' ? number : string;

type ValueOf<D> = D extends { readonly type: 'items'; readonly fields: infer F }
  ? ReadonlyArray<{ readonly [K in keyof F]?: Scalar<F[K]> }>
  : D extends { readonly type: 'texts' }
    ? readonly string[]
    : D extends { readonly type: infer T }
      ? Scalar<T>
      : never;

/** The facts with their types. */
export type Facts = { readonly [N in FactName]: ValueOf<(typeof FACTS)[N]> };
