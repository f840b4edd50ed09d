import type { OperationKind } from '@roundhouse/api';
import type { Clock } from '@roundhouse/core';
import { sessionsError } from '../errors.ts';
import type { Events } from '../event/events.ts';
import { Operation } from './operation.ts';

/** Operations that are kept; those that go on are never dropped. */
const KEPT = 1_000;

export interface OperationLogDependencies {
  readonly clock: Clock;
  readonly events: Events;
  readonly newId: (prefix: string) => string;
}

/** The last operations of the gateway, by id. Each move of one is an event. */
export class OperationLog {
  readonly #deps: OperationLogDependencies;
  readonly #operations = new Map<string, Operation>();
  #sequence = 0;

  constructor(deps: OperationLogDependencies) {
    this.#deps = deps;
  }

  begin(kind: OperationKind, sessionId: string | null): Operation {
    const { clock, events, newId } = this.#deps;
    const operation = new Operation({
      id: newId('op'),
      sequence: ++this.#sequence,
      kind,
      sessionId,
      clock,
      onMove: (moved) =>
        events.publish(`operation.${moved.status}`, moved.id, {
          kind,
          session_id: sessionId,
          endpoint: moved.endpoint,
          ...(moved.error === undefined ? {} : { code: moved.error.code, rolled_back: moved.rolledBack }),
        }),
    });
    this.#operations.set(operation.id, operation);
    this.#dropOldest();
    return operation;
  }

  /** Raises OPERATION_NOT_FOUND. */
  get(id: string): Operation {
    const operation = this.find(id);
    if (operation === undefined) throw sessionsError('OPERATION_NOT_FOUND', { details: { operation_id: id } });
    return operation;
  }

  /** Undefined for one that there is not, or not any more. */
  find(id: string): Operation | undefined {
    return this.#operations.get(id);
  }

  /** One page of those that `isShown`, newest first. `before` is the sequence number of the last operation seen. */
  list(
    limit: number,
    before: number,
    isShown: (operation: Operation) => boolean = () => true,
  ): { items: Operation[]; next: number | null } {
    const items: Operation[] = [];
    for (const operation of [...this.#operations.values()].reverse()) {
      if (operation.sequence >= before || !isShown(operation)) continue;
      if (items.length === limit) return { items, next: items.at(-1)?.sequence ?? null };
      items.push(operation);
    }
    return { items, next: null };
  }

  #dropOldest(): void {
    for (const [id, operation] of this.#operations) {
      if (this.#operations.size <= KEPT) return;
      if (operation.hasFinished) this.#operations.delete(id);
    }
  }
}
