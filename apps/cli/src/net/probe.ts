import { createScope } from '@roundhouse/core';
import { type ProbeReport, probeUrl } from '@roundhouse/protocols/probe';
import { EXIT } from '../exit.ts';
import { stopSignal } from '../foreground.ts';
import type { VerdictIo } from '../io.ts';
import { facts, printable, table, writeJson } from '../render.ts';
import { HOST_SCHEMES } from './tn3270.ts';
import { type TlsFlags, tlsOf } from './tlsOptions.ts';

export interface ProbeSettings extends TlsFlags {
  readonly timeoutMs: number;
  readonly json?: true;
}

/** Probes a URL and shows what was found; the exit code is 7 when the service does not answer as it should. */
export async function probe(url: string, settings: ProbeSettings, io: VerdictIo): Promise<void> {
  using scope = createScope({ signal: stopSignal(io), ...(io.clock && { clock: io.clock }) });
  const tls = await tlsOf(settings, io);
  const report = await probeUrl(url, { timeoutMs: settings.timeoutMs, tls, schemes: HOST_SCHEMES }, scope);
  if (report.outcome === 'failed') io.conclude(EXIT.ProbeFailed);
  if (settings.json === true) writeJson(io.stdout, jsonOf(report));
  else show(report, io);
}

function show(report: ProbeReport, { stdout, stderr }: VerdictIo): void {
  const { url, outcome, elapsedMs, error } = report;
  stdout.write(`${printable(url)}: ${outcome} after ${milliseconds(elapsedMs)}\n\n`);
  const rows = report.phases.map((phase) => [phase.name, milliseconds(phase.elapsedMs), phase.code ?? 'ok']);
  stdout.write(table(['PHASE', 'TIME', 'OUTCOME'], rows));
  if (Object.values(report.facts).some((value) => value !== null)) stdout.write(`\n${facts(report.facts)}`);
  if (error === undefined) return;
  const { message, hint, code } = error;
  stderr.write(
    `\nroundhouse: ${[message, `hint: ${hint}`, `code: ${code}`].map((line) => printable(line)).join('\n  ')}\n`,
  );
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function jsonOf({ elapsedMs, phases, ...rest }: ProbeReport): object {
  return {
    ...rest,
    elapsed_ms: round(elapsedMs),
    phases: phases.map((phase) => ({
      name: phase.name,
      ok: phase.ok,
      elapsed_ms: round(phase.elapsedMs),
      ...(phase.code !== undefined && { code: phase.code }),
    })),
  };
}

/** Microseconds are as fine as it gets. */
function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
