import { type Sources, systemFiles } from '@roundhouse/config';
import { isRoundhouseError, type Scope, Secret } from '@roundhouse/core';
import { readConfiguration } from '../configuration/configuration.ts';
import { type ConfigurationValue, SECRETS } from '../configuration/definition.ts';
import { masked } from '../configuration/masked.ts';
import { collectFacts } from './collect.ts';
import { doctor } from './doctor.ts';
import type { Facts } from './facts.ts';
import { fail, type Finding } from './finding.ts';
import { placesOf } from './places.ts';

interface Installation {
  /** Data directory. */
  readonly home: string;
  readonly sources: Sources;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export interface Examination {
  readonly facts: Facts;
  readonly findings: readonly Finding[];
  /** Of the sources, secrets masked; empty where it is not valid. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** What is masked in it. */
  readonly secrets: readonly Secret[];
  /** Where the log goes; null when it goes to no file. */
  readonly logFile: string | null;
}

/** Looks at an installation, whether its server runs or not, and changes nothing. Rejects only when the scope ends. */
export async function examine({ home, sources, variables }: Installation, scope: Scope): Promise<Examination> {
  const { clock } = scope;
  const findings: Finding[] = [];
  let value: ConfigurationValue = {};
  try {
    const deps = { files: systemFiles, variables, clock, isMachineChecked: false };
    ({ value } = await readConfiguration(sources, deps, scope));
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    scope.throwIfEnded();
    const nextStep = `See each fault with its line: roundhouse config check ${sources.file ?? 'FILE'}`;
    findings.push(fail('configuration', `${error.code}: ${error.message}`, nextStep));
  }
  const facts = await collectFacts(await placesOf(value, { home, clock }), scope);
  findings.push(...doctor(facts));
  const configuration = masked(value, SECRETS);
  const secrets = maskedTexts(value, configuration).map((text) => new Secret(text));
  return { facts, findings, configuration, secrets, logFile: value.log?.file?.path ?? null };
}

/** The texts that one value has where the other, which is a copy of it, has something else. */
function maskedTexts(value: unknown, copy: unknown): readonly string[] {
  if (typeof value === 'string') return value === copy ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  const copies = (typeof copy === 'object' && copy !== null ? copy : {}) as Readonly<Record<string, unknown>>;
  return Object.entries(value).flatMap(([name, each]) => maskedTexts(each, copies[name]));
}
