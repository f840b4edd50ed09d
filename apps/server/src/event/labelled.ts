import type { Labels } from '@roundhouse/api';
import { LruMap } from '../identity/lruMap.ts';
import type { EventJournal } from './journal.ts';
import type { EventData } from './record.ts';

/** Finds the labels of what events are about. */
interface LabelSource {
  /** Of a session, or undefined when there is none of that id. */
  readonly session: (id: string) => Labels | undefined;
  /** Of an endpoint or a group, or of both; none where there is no such thing. */
  readonly place: (place: { readonly endpoint?: string; readonly group?: string }) => Labels;
}

/** Sessions whose labels are remembered: the last that is told of one may come when it is there no more. */
const MAX_SESSIONS = 10_000;

/** Where things are told that have labels: they are kept with the event, since roles ask for them when it is shown. */
export function labelled(journal: Pick<EventJournal, 'publish'>, { session: find, place }: LabelSource) {
  const known = new LruMap<string, Labels>(MAX_SESSIONS);
  const session = (id: string): Labels | undefined => {
    const labels = find(id);
    if (labels === undefined) return known.get(id);
    known.set(id, labels);
    return labels;
  };
  const source = { session, place };
  return {
    publish(type: string, subject: string, data: EventData = {}): void {
      const labels = labelsFor(type, subject, data, source);
      journal.publish(type, subject, data, Object.keys(labels).length === 0 ? {} : { labels });
    },
  };
}

function labelsFor(type: string, subject: string, data: EventData, source: LabelSource): Labels {
  const [kind] = type.split('.', 1);
  const { session_id: session, endpoint } = data;
  switch (kind) {
    case 'session':
      return source.session(subject) ?? {};
    case 'operation':
    case 'terminal':
      if (typeof session === 'string') return source.session(session) ?? {};
      return typeof endpoint === 'string' ? source.place({ endpoint }) : {};
    case 'endpoint':
      return source.place({ endpoint: subject });
    case 'pool':
      return source.place({ group: subject });
    default:
      return {};
  }
}
