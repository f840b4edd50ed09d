import { type Draft, importInvalid } from './collector.ts';
import { type Entry, UNIT_DIALECT } from './sections.ts';
import { unitWords } from './words.ts';

/** What command lines may speak of. */
export interface UnitValues {
  /** Of the service, without `.service`. */
  readonly service: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Words of a value: specifiers done, quotes gone. Raises IMPORT_INVALID with the line. */
export function wordsOf(entry: Entry, { service }: UnitValues, draft: Draft): string[] {
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

const PREFIXES: Readonly<Record<string, string>> = {
  '-': '`-` is left out: a failure is a failure, see `restart.success_exit_codes`',
  '+': '`+` is left out: it is run as `user` says',
  '!': '`!` is left out: it is run as `user` says',
};

/** Stands for a semicolon that is a word without quotes, which is what parts commands; no text of a file has it. */
const PARTING = '\0';

/** The commands of a line: systemd.service(5), "Command lines". Raises IMPORT_INVALID with the line. */
export function commandsOf(entry: Entry, values: UnitValues, draft: Draft): string[][] {
  const value = entry.value.replaceAll(/(?<!\S);(?!\S)/g, PARTING);
  const commands: string[][] = [[]];
  for (const word of wordsOf({ ...entry, value }, values, draft)) {
    if (word === PARTING) commands.push([]);
    else commands.at(-1)?.push(word === '\\;' ? ';' : word.replaceAll(PARTING, ';'));
  }
  return commands.filter((command) => command.length > 0).map((command) => commandOf(command, entry, values, draft));
}

function commandOf(
  [first = '', ...rest]: readonly string[],
  { key }: Entry,
  values: UnitValues,
  draft: Draft,
): string[] {
  const [prefixes = ''] = /^[-@:+!]*/.exec(first) ?? [];
  for (const prefix of new Set(prefixes)) {
    const why = PREFIXES[prefix];
    if (why !== undefined) draft.note(key, why);
  }
  const program = first.slice(prefixes.length);
  let args = rest;
  if (prefixes.includes('@')) {
    draft.note(key, `\`@\` is left out: the program is called ${program}, not ${rest[0] ?? ''}`);
    args = rest.slice(1);
  }
  return [program, ...(prefixes.includes(':') ? args : args.flatMap((arg) => substituted(arg, key, values, draft)))];
}

/** `$NAME` as a word is split at white space, `${NAME}` is not; `$$` is `$`. */
function substituted(word: string, key: string, { environment }: UnitValues, draft: Draft): string[] {
  const unknown = (text: string): string => {
    draft.note(
      key,
      `has \`${text}\`, which \`Environment\` does not say: write what it stands for, or let a shell read it`,
    );
    return text;
  };
  const [, whole] = /^\$([A-Za-z_]\w*)$/.exec(word) ?? [];
  if (whole !== undefined) {
    const value = environment[whole];
    return value === undefined ? [unknown(word)] : (unitWords(value) ?? [value]);
  }
  return [
    word.replaceAll(/\$(?:\$|\{([A-Za-z_]\w*)\})/g, (text, name: string | undefined) =>
      name === undefined ? '$' : (environment[name] ?? unknown(text)),
    ),
  ];
}
