import { checkLength, Collector, type Imported, importInvalid } from './collector.ts';

const FORMAT = 'Procfile';

/**
 * Takes over a Procfile: lines of `name: command`, each run by a shell as foreman and Heroku do. Raises IMPORT_INVALID
 * with the line.
 */
export function importProcfile(text: string): Imported {
  checkLength(FORMAT, text);
  const collector = new Collector(FORMAT);
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const [, name, command] = /^([A-Za-z0-9_-]+):\s*(.+)$/.exec(line) ?? [];
    if (name === undefined || command === undefined) {
      throw importInvalid(FORMAT, `${JSON.stringify(line.slice(0, 64))} is no name with a command`, index + 1);
    }
    if (collector.named(name) !== undefined) throw importInvalid(FORMAT, `${name} is there twice`, index + 1);
    const draft = collector.begin(name);
    draft.set('command', ['/bin/sh', '-c', command]);
    if (/\$\{?PORT\b/.test(command)) draft.note('PORT', 'is not given out here: set it under `environment`');
    if (name === 'release') {
      draft.note('release', 'runs once before the others on Heroku: set `restart.policy` to `never`, and `depends_on`');
    }
  });
  collector.note('`.env` is not read by itself: name it under `environment_files`, with `working_directory`');
  return collector.finish();
}
