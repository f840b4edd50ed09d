import { scriptPath } from './script.ts';
import { type BenchOptions, type Measure, SECTION_NAMES, type SectionName } from './section.ts';

/**
 * One measurement in a process of its own, so that none meets the heap or the compiled code of another:
 * `sectionProcess.ts NAME OPTIONS`, started with an IPC channel, over which the section goes back. Its own children
 * end with it, and it ends with the process that started it.
 */
const [name, options] = process.argv.slice(2);
const isSectionName = (value: string | undefined): value is SectionName =>
  SECTION_NAMES.some((known) => known === value);

if (!isSectionName(name) || options === undefined || process.send === undefined) {
  process.stderr.write('usage: sectionProcess NAME OPTIONS, with an IPC channel\n');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
process.once('disconnect', () => process.exit(1));

const { measure } = (await import(scriptPath(name))) as { measure: Measure };
const section = await measure(JSON.parse(options) as BenchOptions);
process.send(section, () => process.exit(0));
