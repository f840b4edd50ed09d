import type { Finding, Outcome } from '@roundhouse/server';
import { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { examineHere, type InstallationOptions, withInstallationOptions } from '../installation.ts';
import type { VerdictIo } from '../io.ts';
import { printable, writeJson } from '../render.ts';

interface DoctorOptions extends InstallationOptions {
  readonly json?: boolean;
}

export function doctorCommand(io: VerdictIo): Command {
  const command = new Command('doctor')
    .description('look for what keeps a server on this machine from running well, whether it runs or not')
    .option('--json', 'write the findings as JSON');
  return withInstallationOptions(command).action(async ({ json, ...options }: DoctorOptions) => {
    const { worstOf } = await import('@roundhouse/server');
    const { findings } = await examineHere(options, io);
    const outcome = worstOf(findings);
    if (json === true) writeJson(io.stdout, { outcome, findings: findings.map(asJson) });
    else io.stdout.write(`${findings.map(lines).join('')}\n${CONCLUSIONS[outcome]}\n`);
    if (outcome !== 'ok') io.conclude(EXIT.Findings);
  });
}

const CONCLUSIONS: Readonly<Record<Outcome, string>> = {
  ok: 'All is well.',
  warn: 'It will run; see what is marked with "warn".',
  fail: 'It will not run as it should; see what is marked with "fail".',
};

function lines({ check, outcome, message, nextStep }: Finding): string {
  const told = `${outcome.padEnd(4)}  ${printable(check)}: ${printable(message)}\n`;
  return nextStep === null ? told : `${told}      ${printable(nextStep)}\n`;
}

function asJson({ check, outcome, message, nextStep }: Finding) {
  return { check, outcome, message, next_step: nextStep };
}
