import type { Operation as OperationResource, OperationKind, OperationStatus } from '@roundhouse/api';
import {
  type Clock,
  coreError,
  isRoundhouseError,
  Machine,
  type RoundhouseError,
  type Transitions,
} from '@roundhouse/core';

/** How far work that goes on behind an answer is. Moves that do not restore anything leave steps out. */
const OPERATION_TRANSITIONS: Transitions<OperationStatus> = {
  pending: ['in_progress', 'failed'],
  in_progress: ['snapshot_created', 'reconnecting', 'completed', 'failed'],
  snapshot_created: ['reconnecting', 'failed'],
  reconnecting: ['state_restored', 'completed', 'failed'],
  state_restored: ['completed', 'failed'],
  completed: [],
  failed: [],
};

export interface OperationOptions {
  readonly id: string;
  readonly sequence: number;
  readonly kind: OperationKind;
  readonly sessionId: string | null;
  readonly clock: Clock;
  readonly onMove: (operation: Operation) => void;
}

/** Work that goes on behind an answer, as callers see it. */
export class Operation {
  readonly id: string;
  readonly sequence: number;
  readonly kind: OperationKind;
  readonly sessionId: string | null;
  endpoint: string | null = null;
  rolledBack = false;
  relogged = false;
  indeterminateInputs = 0;
  readonly #clock: Clock;
  readonly #machine: Machine<OperationStatus>;
  readonly #createdAt: number;
  readonly #steps: Array<{ status: OperationStatus; at: string }> = [];
  #error: RoundhouseError | undefined;
  #finishedAt: number | null = null;

  constructor(options: OperationOptions) {
    this.id = options.id;
    this.sequence = options.sequence;
    this.kind = options.kind;
    this.sessionId = options.sessionId;
    this.#clock = options.clock;
    this.#createdAt = options.clock.now();
    this.#note('pending');
    this.#machine = new Machine<OperationStatus>(
      `operation ${options.id}`,
      OPERATION_TRANSITIONS,
      'pending',
      (_, to) => {
        this.#note(to);
        if (to === 'completed' || to === 'failed') this.#finishedAt = this.#clock.now();
        options.onMove(this);
      },
    );
  }

  get status(): OperationStatus {
    return this.#machine.state;
  }

  get error(): RoundhouseError | undefined {
    return this.#error;
  }

  get hasFinished(): boolean {
    return this.#machine.isFinal;
  }

  move(status: Exclude<OperationStatus, 'pending' | 'failed'>): void {
    this.#machine.move(status);
  }

  fail(error: unknown): void {
    this.#error = isRoundhouseError(error)
      ? error
      : coreError('INTERNAL', { details: { reason: `operation ${this.kind}` }, cause: error });
    this.#machine.move('failed');
  }

  resource(): OperationResource {
    const error = this.#error;
    return {
      id: this.id,
      kind: this.kind,
      session_id: this.sessionId,
      endpoint: this.endpoint,
      status: this.status,
      steps: [...this.#steps],
      rolled_back: this.rolledBack,
      relogged: this.relogged,
      indeterminate_inputs: this.indeterminateInputs,
      error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
      created_at: new Date(this.#createdAt).toISOString(),
      finished_at: this.#finishedAt === null ? null : new Date(this.#finishedAt).toISOString(),
    };
  }

  #note(status: OperationStatus): void {
    this.#steps.push({ status, at: new Date(this.#clock.now()).toISOString() });
  }
}
