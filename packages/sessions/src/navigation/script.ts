import { LIMITS } from '@roundhouse/api';
import { AID, type InputAction, type Key, KEYS } from '@roundhouse/tn3270';
import { readCount, readSignature, refuse, type Signature } from './signature.ts';
import { Value } from '../value.ts';

/** Stands in for a text that is fetched when it is needed and kept nowhere. */
export interface SecretReference {
  /** Name that the source of secrets knows. */
  readonly secret: string;
  /** May be typed where it is displayed. Default: into a nondisplay field only, and no further than its end. */
  readonly visible: boolean;
}

/** An action at the keyboard, as of a session; text and value may come from a secret. */
export type NavigationAction =
  | { readonly type: 'text'; readonly text: string | SecretReference }
  | { readonly type: 'field'; readonly row: number; readonly column: number; readonly value: string | SecretReference }
  | Extract<InputAction, { type: 'key' | 'cursor' }>;

/** One screen of the way: recognise it, act on it, recognise what follows. */
export interface NavigationStep {
  readonly name: string;
  /** Judged once, when it is the step's turn and the keyboard is unlocked: the step is skipped unless it holds. */
  readonly when: Signature | undefined;
  readonly expect: Signature;
  /** At most one of them gives the host the word, and it is the last. */
  readonly actions: readonly NavigationAction[];
  /** The screen that is to follow; without it any does, once the keyboard is unlocked. */
  readonly leadsTo: Signature | undefined;
  /** For all waits of one attempt, ms. */
  readonly timeoutMs: number;
  /** How often a failed step may be done again, provided that its `expect` holds again. 0 unless it is idempotent. */
  readonly retries: number;
}

/** A checked script; made by `parseScript`. */
export interface NavigationScript {
  readonly name: string;
  readonly steps: readonly NavigationStep[];
  /** For the whole script, ms. */
  readonly timeoutMs: number;
}

const MAX_STEPS = 200;
const MAX_ACTIONS = 200;
const MAX_RETRIES = 5;
const DEFAULT_STEP_TIMEOUT_MS = 10_000;
const DEFAULT_SCRIPT_TIMEOUT_MS = 60_000;
const MAX_SECRET_NAME_LENGTH = 128;
const SECRET_NAME = /^[\w./:@-]+$/;

/** Keys after which the host may have the word. */
export function callsHost(key: Key): boolean {
  return key in AID || key === 'Attn' || key === 'Interrupt' || key === 'CursorSelect';
}

/** Something to type, and no control characters: on an NVT a carriage return gives the host the word. */
export function isTypable(text: string): boolean {
  return /^\P{Cc}+$/u.test(text);
}

/**
 * Checks and completes a script in its JSON form:
 * `{ name, timeout_ms?, steps: [{ name?, when?, expect, actions?, leads_to?, timeout_ms?, idempotent?, retries? }] }`, with
 * `{ secret, visible? }` where a text may be. Raises NAVIGATION_INVALID with the path, which begins with `path`.
 */
export function parseScript(raw: unknown, path = 'script'): NavigationScript {
  const members = new Value(raw, path, refuse).members(['name', 'steps', 'timeout_ms']);
  return {
    name: members.name.text(LIMITS.maxNameLength),
    steps: members.steps.list(1, MAX_STEPS).map(readStep),
    timeoutMs: members.timeout_ms.optional(readTimeout) ?? DEFAULT_SCRIPT_TIMEOUT_MS,
  };
}

function readStep(value: Value, index: number): NavigationStep {
  const members = value.members([
    'name',
    'when',
    'expect',
    'actions',
    'leads_to',
    'timeout_ms',
    'idempotent',
    'retries',
  ]);
  const isIdempotent = members.idempotent.optional((flag) => flag.flag()) ?? false;
  const retries = members.retries.optional((count) => count.integer(0, MAX_RETRIES)) ?? 0;
  if (retries > 0 && !isIdempotent) throw members.retries.refusal('only an idempotent step may be done again');
  return {
    name: members.name.optional((name) => name.text(LIMITS.maxNameLength)) ?? `step ${index + 1}`,
    when: members.when.optional(readSignature),
    expect: readSignature(members.expect),
    actions: members.actions.optional(readActions) ?? [],
    leadsTo: members.leads_to.optional(readSignature),
    timeoutMs: members.timeout_ms.optional(readTimeout) ?? DEFAULT_STEP_TIMEOUT_MS,
    retries,
  };
}

function readActions(value: Value): NavigationAction[] {
  const values = value.list(0, MAX_ACTIONS);
  return values.map((each, index) => {
    const action = readAction(each);
    if (action.type === 'key' && callsHost(action.key) && index < values.length - 1)
      throw each.refusal(`${action.key} gives the host the word: it must be the last action, and the rest a new step`);
    return action;
  });
}

const ACTION_TYPES = ['text', 'key', 'cursor', 'field'] as const satisfies ReadonlyArray<NavigationAction['type']>;

function readAction(value: Value): NavigationAction {
  const type = value.member('type').oneOf(ACTION_TYPES);
  switch (type) {
    case 'text':
      return { type, text: readInput(value.members(['type', 'text']).text) };
    case 'key':
      return { type, key: value.members(['type', 'key']).key.oneOf(KEYS) };
    case 'cursor': {
      const { row, column } = value.members(['type', 'row', 'column']);
      return { type, row: readCount(row), column: readCount(column) };
    }
    case 'field': {
      const members = value.members(['type', 'row', 'column', 'value']);
      return {
        type,
        row: readCount(members.row),
        column: readCount(members.column),
        value: readInput(members.value),
      };
    }
  }
}

function readInput(value: Value): string | SecretReference {
  if (typeof value.raw !== 'object') {
    const text = value.text(LIMITS.maxTextLength);
    if (!isTypable(text)) throw value.refusal('it has control characters, which are keys of their own');
    return text;
  }
  const { secret, visible } = value.members(['secret', 'visible']);
  const name = secret.text(MAX_SECRET_NAME_LENGTH);
  if (!SECRET_NAME.test(name)) throw secret.refusal('a name has letters, digits and . _ - / : @ only');
  return { secret: name, visible: visible.optional((flag) => flag.flag()) ?? false };
}

function readTimeout(value: Value): number {
  return value.integer(1, LIMITS.maxTimeoutMs);
}
