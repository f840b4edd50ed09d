import type { WorkerGroup } from '@roundhouse/api';
import { printable } from '../render.ts';

/** What was done to a group, and how it stands. */
export function groupText(done: string, { id, state, running, replicas }: WorkerGroup): string {
  return `${printable(`${done} ${id}: ${state}, ${running} of ${replicas} up`)}\n`;
}
