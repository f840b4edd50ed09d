/** Facts of one event; JSON, without secrets and without the text of screens. */
export type EventData = Readonly<Record<string, unknown>>;

/** Where the gateway tells what has happened. */
export interface Events {
  /** `type` without the prefix `roundhouse.`; `subject` is the id of what it is about. */
  publish(type: string, subject: string, data?: EventData): void;
}
