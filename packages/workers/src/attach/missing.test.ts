import { expect, it } from 'vitest';
import type { AttachSpec } from '../spec/spec.ts';
import { type Missing, missingText } from './missing.ts';

const FILE = { kind: 'pid_file', path: '/run/db.pid' } as const;
const NAME = { kind: 'name', name: 'db', arguments: ['--role=a'] } as const;
const PORT = { kind: 'port', port: 5_432 } as const;

it.each<[Missing, AttachSpec['by'], string]>([
  ['not_found', FILE, '/run/db.pid is not there'],
  ['not_found', NAME, 'no process of the name db --role=a'],
  ['not_found', PORT, 'no process listens on port 5432'],
  ['stale_pid_file', FILE, '/run/db.pid names has ended'],
  ['ambiguous', NAME, 'several processes fit the name db --role=a'],
  ['ambiguous', PORT, 'several processes fit port 5432'],
  ['forbidden', FILE, '/run/db.pid belongs to a user'],
  ['forbidden', PORT, 'whose port 5432 is'],
])('%s is said of %j', (reason, by, text) => {
  expect(missingText(reason, by)).toContain(text);
});
