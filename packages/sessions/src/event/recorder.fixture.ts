import type { EventRecord } from '@roundhouse/api';
import type { Clock } from '@roundhouse/core';
import type { EventData, Events } from './events.ts';

/** Keeps all that is told, for tests. */
export class EventRecorder implements Events {
  readonly all: EventRecord[] = [];
  /** Called with each event as it is told. */
  onEvent: (event: EventRecord) => void = () => {};
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish(type: string, subject: string, data: EventData = {}): void {
    const event: EventRecord = {
      specversion: '1.0',
      id: String(this.all.length + 1),
      source: '/test',
      type: `roundhouse.${type}`,
      subject,
      time: new Date(this.#clock.now()).toISOString(),
      datacontenttype: 'application/json',
      data: { ...data },
    };
    this.all.push(event);
    this.onEvent(event);
  }
}
