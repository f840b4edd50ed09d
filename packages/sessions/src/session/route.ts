import type { CreateSession } from '@roundhouse/api';
import type { Directory } from '../endpoint/directory.ts';
import type { Destination } from './connector.ts';
import type { SessionProfile } from './open.ts';
import { namedTarget } from './target.ts';

/** A request with the defaults of its group, and where it may go. */
export interface Route {
  readonly profile: SessionProfile;
  readonly destination: Destination;
}

/** Raises GROUP_NOT_FOUND. */
export function route(request: CreateSession, directory: Directory): Route {
  const { host, port, group: groupId } = request;
  if (groupId === undefined) {
    // The schema has checked that there are both.
    const target = namedTarget(host as string, port as number, request);
    return { profile: request, destination: { kind: 'target', target } };
  }
  const { model, code_page, lu } = directory.group(groupId).input;
  const { endpoint, affinity_key: affinityKey } = request;
  return {
    profile: {
      ...request,
      ...defaultTo(request, 'model', model),
      ...defaultTo(request, 'code_page', code_page),
      ...defaultTo(request, 'lu', lu ?? undefined),
    },
    destination: {
      kind: 'group',
      groups: directory.chain(groupId),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(affinityKey === undefined ? {} : { affinityKey }),
    },
  };
}

function defaultTo<K extends keyof SessionProfile>(
  request: CreateSession,
  key: K,
  value: SessionProfile[K],
): Pick<SessionProfile, K> | undefined {
  return request[key] === undefined && value !== undefined ? ({ [key]: value } as Pick<SessionProfile, K>) : undefined;
}
