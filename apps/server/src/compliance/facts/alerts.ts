import type { WebhookInput } from '@roundhouse/api';
import type { FactProvider } from '@roundhouse/audit/compliance';
import { EVENT_CATALOGUE } from '../../event/catalogue.ts';
import type { Resources } from '../../resource/resources.ts';
import { TYPE_PREFIX } from '../../event/record.ts';
import { typeFilter } from '../../event/typeFilter.ts';

/**
 * Which events reach somebody, by a webhook or by mail. A webhook for some subjects alone is none that can be relied upon.
 * `mailed` says of a type whether letters tell of it; undefined where none are sent.
 */
export function alertFacts(
  resources: Pick<Resources, 'ids' | 'find'>,
  mailed: ((type: string) => boolean) | undefined,
): FactProvider {
  return {
    name: 'alerts',
    names: ['alerts.event_types'],
    gather() {
      const filters = resources.ids('webhook').flatMap((id) => {
        const kept = resources.find('webhook', id);
        if (kept === undefined) return [];
        const { disabled, subjects, events } = kept.input as WebhookInput;
        return disabled === true || subjects !== undefined ? [] : [typeFilter(events ?? ['*'])];
      });
      if (mailed !== undefined) filters.push(mailed);
      const types = Object.keys(EVENT_CATALOGUE).filter((type) => filters.some((wants) => wants(TYPE_PREFIX + type)));
      return Promise.resolve({ 'alerts.event_types': types });
    },
  };
}
