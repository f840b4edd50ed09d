import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { judge } from './gate.ts';
import { type Machine, machineLine, renderFailure, renderSection, thisMachine } from './report.ts';
import { NODE_ARGUMENTS, scriptPath } from './script.ts';
import { type BenchOptions, type Section, SECTION_NAMES, type SectionName } from './section.ts';

const USAGE = `usage: main [--only NAME]… [--quick] [--sessions N] [--json FILE] [--gate]

  --only NAME   one of ${SECTION_NAMES.join(', ')}; may be given several times
  --quick       fewer and shorter runs
  --sessions N  sessions of the largest memory measurement, default 10000
  --json FILE   writes the figures for machines
  --gate        fails when a bar is missed (growth and lost sessions always fail)
`;

interface Settings {
  readonly only: readonly SectionName[];
  readonly options: BenchOptions;
  readonly json: string | undefined;
  readonly gate: boolean;
}

interface Outcome {
  readonly name: SectionName;
  readonly section?: Section;
  /** Why there is no section. */
  readonly failure?: string;
}

function readSettings(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      sessions: { type: 'string', default: '10000' },
      json: { type: 'string' },
      gate: { type: 'boolean', default: false },
    },
  });
  const isName = (name: string): name is SectionName => SECTION_NAMES.some((known) => known === name);
  const only = values.only ?? SECTION_NAMES;
  const unknown = only.find((name) => !isName(name));
  if (unknown !== undefined) throw new Error(`There is no measurement ${unknown}`);
  if (!/^[1-9]\d{0,5}$/.test(values.sessions)) throw new Error('--sessions takes a number from 1 to 999999');
  return {
    only: only.filter(isName),
    options: { quick: values.quick, sessions: Number(values.sessions) },
    json: values.json,
    gate: values.gate,
  };
}

/** Runs one measurement in its own process; what stops it is part of the outcome, so that the others run. */
function run(name: SectionName, options: BenchOptions): Promise<Outcome> {
  const child = fork(scriptPath('sectionProcess'), [name, JSON.stringify(options)], {
    execArgv: [...NODE_ARGUMENTS, '--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let section: Section | undefined;
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.on('message', (message) => {
    section = message as Section;
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ name, failure: error.message }));
    child.once('close', (code, signal) => {
      if (section !== undefined) resolve({ name, section });
      else resolve({ name, failure: errors.trim() || `it ended with ${signal ?? `exit code ${code}`}` });
    });
  });
}

function writeJson(file: string, machine: Machine, options: BenchOptions, outcomes: readonly Outcome[]): Promise<void> {
  const bars = outcomes.flatMap(({ section }) => section?.figures ?? []).flatMap((figure) => judge(figure) ?? []);
  return writeFile(file, `${JSON.stringify({ machine, options, outcomes, bars }, undefined, 2)}\n`);
}

async function main(settings: Settings): Promise<number> {
  const machine = thisMachine();
  const warning = settings.options.quick ? '\nA quick run: start-up and warm-up weigh in it; do not quote it.' : '';
  process.stdout.write(`${machineLine(machine)}${warning}\n\n`);
  const outcomes: Outcome[] = [];
  let failed = false;
  for (const name of settings.only) {
    const outcome = await run(name, settings.options);
    outcomes.push(outcome);
    const { section, failure } = outcome;
    process.stdout.write(
      `${section === undefined ? renderFailure(name, failure as string) : renderSection(section)}\n`,
    );
    failed ||= section === undefined;
  }
  if (settings.json !== undefined) await writeJson(settings.json, machine, settings.options, outcomes);
  for (const figure of outcomes.flatMap(({ section }) => section?.figures ?? [])) {
    const verdict = judge(figure);
    if (verdict === undefined || verdict.met || !(settings.gate || verdict.bar.always === true)) continue;
    process.stderr.write(
      `${figure.id} is ${verdict.value.toPrecision(3)}, ${verdict.bar.bound} ${verdict.bar.limit.toPrecision(3)} is wanted\n`,
    );
    failed = true;
  }
  return failed ? 1 : 0;
}

let settings: Settings | undefined;
try {
  settings = readSettings(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`);
}
process.exitCode = settings === undefined ? 2 : await main(settings);
