import { storeError } from './errors.ts';

/** Lets calls in until it is shut, with what they refuse at once as a rejection like any other. */
export class Gate {
  #isShut = false;

  async enter<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    return await work();
  }

  /** Raises STORE_CLOSED once it is shut. */
  check(): void {
    if (this.#isShut) throw storeError('STORE_CLOSED');
  }

  shut(): void {
    this.#isShut = true;
  }
}
