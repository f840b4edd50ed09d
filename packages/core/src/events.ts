import { reportUncaught } from './report.ts';

/** Past facts of one object, typed by name. Listeners are called synchronously, in order of subscription. */

export type EventMap = object;

/** Ends a subscription; idempotent. */
export type Unsubscribe = () => void;

export interface EventSource<M extends EventMap> {
  on<K extends keyof M>(name: K, listener: (fact: M[K]) => void): Unsubscribe;
}

export class Emitter<M extends EventMap> implements EventSource<M> {
  readonly #listeners = new Map<keyof M, ReadonlyArray<(fact: never) => void>>();
  readonly #onListenerError: (error: unknown, name: keyof M) => void;

  /** `onListenerError` receives what a listener throws: one bad listener never stops the others or the emitter. */
  constructor(onListenerError: (error: unknown, name: keyof M) => void = reportUncaught) {
    this.#onListenerError = onListenerError;
  }

  on<K extends keyof M>(name: K, listener: (fact: M[K]) => void): Unsubscribe {
    // Each subscription is its own wrapper, so the same function may subscribe twice and leave once.
    const entry = (fact: M[K]): void => listener(fact);
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), entry]);
    return () => {
      const rest = (this.#listeners.get(name) ?? []).filter((each) => each !== entry);
      if (rest.length === 0) this.#listeners.delete(name);
      else this.#listeners.set(name, rest);
    };
  }

  emit<K extends keyof M>(name: K, fact: M[K]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of listeners as ReadonlyArray<(fact: M[K]) => void>) {
      try {
        listener(fact);
      } catch (error) {
        this.#onListenerError(error, name);
      }
    }
  }

  hasListeners(name: keyof M): boolean {
    return this.#listeners.has(name);
  }

  clear(): void {
    this.#listeners.clear();
  }
}
