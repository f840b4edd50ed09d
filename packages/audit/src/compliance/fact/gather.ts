import { type Clock, isRoundhouseError, type Scope } from '@roundhouse/core';
import { complianceError } from '../errors.ts';
import { FACT_NAMES, type FactName, type Facts, FACTS } from './catalogue.ts';
import { factFault, type FactValue } from './definition.ts';

/** Why a fact is not known, in place of its value. */
export class UnknownFact {
  readonly code: string;
  readonly reason: string;

  constructor(code: string, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

export type GatheredFacts = { readonly [N in FactName]?: Facts[N] | UnknownFact };

/** Tells some of the facts. What it leaves out is not known. */
export interface FactProvider {
  /** For the evidence and the log. */
  readonly name: string;
  readonly names: readonly FactName[];
  /** Asked by one evaluation at a time; what it rejects with makes all its facts unknown, with that code. */
  gather(scope: Scope): Promise<GatheredFacts>;
}

/** One fact as an evaluation found it; `at` is ms since 1970. */
export type FactState =
  | { readonly state: 'known'; readonly value: FactValue; readonly at: number; readonly source: string }
  | {
      readonly state: 'unknown';
      readonly code: string;
      readonly reason: string;
      readonly at: number;
      readonly source: string;
    };

/** Every fact of the catalogue, known or not. */
export type FactSheet = Readonly<Record<FactName, FactState>>;

export interface GatherDependencies {
  readonly clock: Clock;
  /** Longest time for one provider, ms. Default 10,000. */
  readonly timeoutMs?: number;
  readonly onFailure?: (provider: string, error: unknown) => void;
}

const TIMEOUT_MS = 10_000;

/** Asks all providers at the same time. Rejects with the reason of the scope alone. */
export async function gatherFacts(
  providers: readonly FactProvider[],
  deps: GatherDependencies,
  scope: Scope,
): Promise<FactSheet> {
  const sheet = emptySheet(deps.clock.now());
  const parts = await Promise.all(providers.map((provider) => ask(provider, deps, scope)));
  scope.throwIfEnded();
  for (const part of parts) {
    for (const [name, state] of part) {
      // Of two that tell the same fact, one that does not know it does not hide the other.
      if (state.state === 'known' || sheet[name].state === 'unknown') sheet[name] = state;
    }
  }
  return sheet;
}

async function ask(
  provider: FactProvider,
  { clock, timeoutMs = TIMEOUT_MS, onFailure }: GatherDependencies,
  scope: Scope,
): Promise<Array<readonly [FactName, FactState]>> {
  using deadline = scope.child({ what: `Asking ${provider.name}`, timeoutMs });
  try {
    const found = await deadline.race(provider.gather(deadline));
    const at = clock.now();
    return provider.names.map((name) => [name, stateOf(name, found[name], at)] as const);
  } catch (cause) {
    scope.throwIfEnded();
    onFailure?.(provider.name, cause);
    const error = isRoundhouseError(cause)
      ? cause
      : complianceError('FACT_SOURCE_FAILED', { details: { source: provider.name, reason: reasonOf(cause) }, cause });
    const at = clock.now();
    return provider.names.map((name) => [name, unknown(name, error.code, error.message, at)] as const);
  }
}

function stateOf(name: FactName, value: FactValue | UnknownFact | undefined, at: number): FactState {
  const { source } = FACTS[name];
  if (value instanceof UnknownFact) return unknown(name, value.code, value.reason, at);
  if (value === undefined) return notProvided(name, at);
  const reason = factFault(FACTS[name], value);
  if (reason === undefined) return { state: 'known', value, at, source };
  const { code, message } = complianceError('FACT_INVALID', { details: { fact: name, source, reason } });
  return unknown(name, code, message, at);
}

/** All facts unknown. */
function emptySheet(at: number): Record<FactName, FactState> {
  return Object.fromEntries(FACT_NAMES.map((name) => [name, notProvided(name, at)])) as Record<FactName, FactState>;
}

/** A sheet of values that are at hand, all of them found at the same moment. */
export function factSheet(facts: GatheredFacts, at: number): FactSheet {
  return Object.fromEntries(FACT_NAMES.map((name) => [name, stateOf(name, facts[name], at)])) as FactSheet;
}

function notProvided(name: FactName, at: number): FactState {
  const { code, message } = complianceError('FACT_NOT_PROVIDED', { details: { fact: name } });
  return unknown(name, code, message, at);
}

function unknown(name: FactName, code: string, reason: string, at: number): FactState {
  return { state: 'unknown', code, reason, at, source: FACTS[name].source };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
