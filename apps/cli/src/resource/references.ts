import type { Reference, ResourceKind } from '@roundhouse/api';
import { type Fields, isFields } from './fields.ts';

/** What a resource was made from, as far as it is shown: a kind that shows its specification shows all of it there. */
export function writtenFields({ resource }: ResourceKind, shown: Fields): Fields {
  const { spec } = shown;
  return 'spec' in resource.shape && isFields(spec) ? spec : shown;
}

/** The ids that fields name with a reference. */
export function idsNamed({ field, item }: Reference, fields: Fields): readonly string[] {
  return [fields[field]].flat().flatMap((each: unknown) => {
    const id = item !== undefined && isFields(each) ? each[item] : each;
    return typeof id === 'string' ? [id] : [];
  });
}
