import { type Client, RESOURCE_KINDS } from '@roundhouse/api';
import { type Comparison, compare } from './compare.ts';
import { find } from './get.ts';
import type { Wanted } from './manifest.ts';
import type { AnyResource } from './views.ts';

/** One resource of a manifest beside what the server shows. */
export interface Step extends Comparison {
  readonly wanted: Wanted;
  readonly change: 'create' | 'change' | 'none';
  /** Why the server will not take a change, where that can be seen. */
  readonly obstacle: string | undefined;
}

export async function planOf(client: Client, wanted: readonly Wanted[]): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const each of wanted) {
    const shown = await find(client, each.kind, each.id);
    const comparison = compare(RESOURCE_KINDS[each.kind], each.input, shown);
    const differs = comparison.differences.length > 0 ? 'change' : 'none';
    steps.push({
      ...comparison,
      wanted: each,
      change: shown === undefined ? 'create' : differs,
      obstacle: shown === undefined ? undefined : obstacleOf(shown),
    });
  }
  return steps;
}

function obstacleOf({ origin }: AnyResource): string | undefined {
  switch (origin) {
    case 'api':
      return undefined;
    case 'file':
      return 'it stands in the configuration file of the server, and is changed there';
    case 'built_in':
      return 'it is part of the product, and is not changed';
  }
}

/** What a comparison cannot say, for people. */
export function planNotes(steps: readonly Step[]): string {
  const hidden = steps.flatMap(({ wanted: { kind, id }, notCompared }) =>
    notCompared.length === 0 ? [] : [`  ${kind} ${id}: ${notCompared.join(', ')}\n`],
  );
  const notShown = hidden.length === 0 ? '' : `Not compared, for the server does not show it:\n${hidden.join('')}`;
  return `${notShown}Not compared is what a file leaves out: it takes its default.\n`;
}
