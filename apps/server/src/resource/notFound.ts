import type { ResourceKindName } from '@roundhouse/api';
import type { RoundhouseError } from '@roundhouse/core';
import { sessionsError } from '@roundhouse/sessions';
import { workerError } from '@roundhouse/workers';
import { webhookError } from '../webhook/errors.ts';
import { resourceError } from './errors.ts';

/** That there is no such resource; `near` is an id that may have been meant. */
export function notFound(kind: ResourceKindName, id: string, near: string | undefined): RoundhouseError {
  const hint = near === undefined ? {} : { hint: `There is "${near}".` };
  switch (kind) {
    case 'api_key':
      return resourceError('API_KEY_NOT_FOUND', { details: { id }, ...hint });
    case 'endpoint':
      return sessionsError('ENDPOINT_NOT_FOUND', { details: { endpoint: id }, ...hint });
    case 'endpoint_group':
      return sessionsError('GROUP_NOT_FOUND', { details: { group: id }, ...hint });
    case 'principal':
      return resourceError('PRINCIPAL_NOT_FOUND', { details: { id }, ...hint });
    case 'role':
      return resourceError('ROLE_NOT_FOUND', { details: { id }, ...hint });
    case 'webhook':
      return webhookError('WEBHOOK_NOT_FOUND', { details: { webhook: id }, ...hint });
    case 'worker':
      return workerError('WORKER_NOT_FOUND', { details: { id }, ...hint });
  }
}
