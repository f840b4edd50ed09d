import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import type { Session } from '@roundhouse/tn3270';
import { callsHost, isTypable, type NavigationAction, type NavigationStep } from './script.ts';
import { hiddenRoom, secretOf, type SecretSource, withSecret } from './secret.ts';
import { lacks, untilShown } from './shown.ts';
import { matches, type Signature } from './signature.ts';

/** Why a step did not come to its end; without any text of a secret or of the screen. */
export interface StepFailure {
  readonly phase: 'before its input' | 'at its input' | 'after its input';
  readonly reason: string;
  /** What the screen lacked, in words of the signature. */
  readonly missing: readonly string[];
  /** A key gave the host the word and no answer came: nobody knows whether it was acted on. */
  readonly inputInFlight: boolean;
  /** The error behind it, unless that might quote a secret. */
  readonly cause: RoundhouseError | undefined;
}

/** One attempt at one step. It sends at most one key that gives the host the word. */
export class StepAttempt {
  readonly #session: Session;
  readonly #step: NavigationStep;
  readonly #secrets: SecretSource;
  #phase: StepFailure['phase'] = 'before its input';
  #awaited: Signature | undefined;
  #hasCalledHost = false;

  constructor(session: Session, step: NavigationStep, secrets: SecretSource) {
    this.#session = session;
    this.#step = step;
    this.#secrets = secrets;
  }

  /** Waits, acts and waits again, all within the step's time. A session's failure is an outcome, not a rejection. */
  async run(parent: Scope): Promise<'done' | 'skipped' | StepFailure> {
    const { name, when, timeoutMs } = this.#step;
    using scope = parent.child({ what: `Step ${name}`, timeoutMs });
    try {
      if (when !== undefined) {
        await this.#reach(undefined, scope);
        if (!matches(when, this.#session).ok) return 'skipped';
      }
      await this.#act(scope);
      return 'done';
    } catch (error) {
      if (error instanceof InputRefused) return this.#failure(error.message, [], error.cause);
      if (isRoundhouseError(error)) return this.#notReached(error);
      throw error;
    }
  }

  async #act(scope: Scope): Promise<void> {
    const { expect, actions, leadsTo } = this.#step;
    await this.#reach(expect, scope);
    const texts = await this.#fetchSecrets(scope);
    // The host may have written meanwhile: input goes to a screen that was recognised in the same turn.
    await this.#reach(expect, scope);
    this.#phase = 'at its input';
    actions.forEach((action, index) => this.#perform(action, texts, `action ${index + 1} (${action.type})`));
    this.#phase = 'after its input';
    await this.#reach(leadsTo, scope);
  }

  async #reach(signature: Signature | undefined, scope: Scope): Promise<void> {
    this.#awaited = signature;
    await untilShown(this.#session, signature, scope);
  }

  async #fetchSecrets(scope: Scope): Promise<ReadonlyMap<string, string>> {
    const names = new Set(this.#step.actions.flatMap((action) => secretOf(action)?.secret ?? []));
    const texts = new Map<string, string>();
    for (const name of names) {
      let text: string;
      try {
        text = await scope.race(this.#secrets(name, scope));
      } catch (error) {
        throw new InputRefused(`the secret ${name} could not be had (${codeOf(error)})`);
      }
      if (!isTypable(text)) throw new InputRefused(`the secret ${name} is empty or has control characters`);
      texts.set(name, text);
    }
    return texts;
  }

  #perform(action: NavigationAction, texts: ReadonlyMap<string, string>, label: string): void {
    const secret = secretOf(action);
    const input = withSecret(action, texts);
    if (secret !== undefined && !secret.visible) {
      const text = texts.get(secret.secret) ?? '';
      if ([...text].length > hiddenRoom(this.#session.screen, action))
        throw new InputRefused(`${label}: there is no nondisplay field that holds the secret ${secret.secret}`);
    }
    try {
      this.#session.perform(input);
    } catch (error) {
      // What a keyboard says of a text that it refuses may quote the text.
      if (secret !== undefined)
        throw new InputRefused(`${label}: the secret ${secret.secret} was refused (${codeOf(error)})`);
      if (!isRoundhouseError(error)) throw error;
      throw new InputRefused(`${label}: ${error.message}`, error);
    }
    if (action.type === 'key' && callsHost(action.key)) this.#hasCalledHost = true;
  }

  #notReached(error: RoundhouseError): StepFailure {
    const missing = lacks(this.#session, this.#awaited);
    const hasEnded = this.#session.connectionState === 'not-connected';
    return this.#failure(
      hasEnded ? error.message : `missing when the time was over: ${missing.join('; ')}`,
      missing,
      error,
    );
  }

  #failure(reason: string, missing: readonly string[], cause: RoundhouseError | undefined): StepFailure {
    const inputInFlight = this.#hasCalledHost && this.#session.keyboardLocked;
    return { phase: this.#phase, reason, missing, inputInFlight, cause };
  }
}

/** The step could not do its input; `cause` where it may be shown. */
class InputRefused extends Error {
  override readonly cause: RoundhouseError | undefined;

  constructor(reason: string, cause?: RoundhouseError) {
    super(reason);
    this.cause = cause;
  }
}

/** All that is told of an error which may quote a secret. */
function codeOf(error: unknown): string {
  return isRoundhouseError(error) ? error.code : 'no code';
}
