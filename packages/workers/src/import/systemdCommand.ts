import { type Draft, importInvalid } from './collector.ts';
import { type Entry, UNIT_DIALECT } from './sections.ts';
import { unitWords } from './words.ts';

/** What command lines may speak of. */
export interface UnitValues {
  /** Of the service, without `.service`. */
  readonly service: string;
  readonly environment: ReadonlyMap<string, string>;
}

/** Words of a value: specifiers done, quotes gone. Raises IMPORT_INVALID with the line. */
export function wordsOf(entry: Entry, service: string, draft: Draft): string[] {
  const words = unitWords(withSpecifiers(entry, service, draft));
  if (words === undefined) throw importInvalid(UNIT_DIALECT.format, 'a quote is not closed', entry.line);
  return words;
}

/** systemd.unit(5), "Specifiers": those of the name; others stay, and are told of. */
export function withSpecifiers({ key, value }: Entry, service: string, draft: Draft): string {
  const [prefix = '', instance = ''] = service.split('@');
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    n: `${service}.service`,
    N: service,
    p: prefix,
    P: prefix,
    i: instance,
    I: instance,
  };
  return value.replaceAll(/%([A-Za-z%])/g, (whole, letter: string) => {
    const known = values[letter];
    if (known === undefined) draft.note(key, `has \`${whole}\`, which is not known here: write what it stands for`);
    return known ?? whole;
  });
}

const PREFIXES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '-': '`-` is left out: a failure is a failure, see `restart.success_exit_codes`',
    '+': '`+` is left out: it is run as `user` says',
    '!': '`!` is left out: it is run as `user` says',
  }),
);

/** Stands for a semicolon that is a word without quotes, which is what parts commands; no text of a file has it. */
const PARTING = '\0';

/** The commands of a line: systemd.service(5), "Command lines". Raises IMPORT_INVALID with the line. */
export function commandsOf(entry: Entry, values: UnitValues, draft: Draft): string[][] {
  const value = entry.value.replaceAll(/(?<!\S);(?!\S)/g, PARTING);
  const commands: string[][] = [[]];
  for (const word of wordsOf({ ...entry, value }, values.service, draft)) {
    if (word === PARTING) commands.push([]);
    else commands.at(-1)?.push(word === '\\;' ? ';' : word.replaceAll(PARTING, ';'));
  }
  return commands.filter((command) => command.length > 0).map((command) => commandOf(command, entry, values, draft));
}

/** Values of variables in one command may not be longer than this together. */
const MAX_SUBSTITUTED = 1_048_576;

function commandOf(
  [first = '', ...rest]: readonly string[],
  { key, line }: Entry,
  { environment }: UnitValues,
  draft: Draft,
): string[] {
  const [prefixes = ''] = /^[-@:+!]*/.exec(first) ?? [];
  for (const prefix of new Set(prefixes)) {
    const why = PREFIXES.get(prefix);
    if (why !== undefined) draft.note(key, why);
  }
  const program = first.slice(prefixes.length);
  let args = rest;
  if (prefixes.includes('@')) {
    draft.note(key, `\`@\` is left out: the program is called ${program}, not ${rest[0] ?? ''}`);
    args = rest.slice(1);
  }
  if (prefixes.includes(':')) return [program, ...args];

  let length = 0;
  const valueOf = (name: string, text: string): string | undefined => {
    const value = environment.get(name);
    length += value?.length ?? 0;
    if (length > MAX_SUBSTITUTED) throw importInvalid(UNIT_DIALECT.format, 'a command becomes too long', line);
    if (value === undefined) draft.note(key, `has \`${text}\`, which \`Environment\` does not say: write what it is`);
    return value;
  };
  return [program, ...args.flatMap((arg) => substituted(arg, valueOf))];
}

/** `$NAME` as a word is split at white space, `${NAME}` is not; `$$` is `$`. What is not known stays. */
function substituted(word: string, valueOf: (name: string, text: string) => string | undefined): string[] {
  const [, whole] = /^\$([A-Za-z_]\w*)$/.exec(word) ?? [];
  if (whole !== undefined) {
    const value = valueOf(whole, word);
    return value === undefined ? [word] : (unitWords(value) ?? [value]);
  }
  return [
    word.replaceAll(/\$(?:\$|\{([A-Za-z_]\w*)\})/g, (text, name: string | undefined) =>
      name === undefined ? '$' : (valueOf(name, text) ?? text),
    ),
  ];
}
