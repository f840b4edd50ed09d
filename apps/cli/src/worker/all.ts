import type { Client, WorkerResource } from '@roundhouse/api';
import { allPages } from '../pages.ts';

/** Most that the server gives at once. */
const PAGE = 200;

/** All workers, or those of a group; by id. */
export async function allWorkers(
  client: Client,
  group: string | undefined,
  signal?: AbortSignal,
): Promise<readonly WorkerResource[]> {
  const workers = await allPages((query) => client.listResources('worker', { ...query, limit: PAGE }, signal));
  return group === undefined ? workers : workers.filter((each) => each.group === group);
}
