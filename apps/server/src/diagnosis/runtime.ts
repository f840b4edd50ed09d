import type { Facts } from './facts.ts';
import { fail, type Finding, ok, warn } from './finding.ts';

/**
 * The first releases of the lines that we support which have the fixes of 21 October 2026: CVE-2026-111497 lets a peer
 * write into memory through the Brotli decoder of Node.js, and is used by attackers (nodejs.org, October 2026 security
 * releases).
 */
const BASELINE: Readonly<Record<number, readonly [minor: number, patch: number]>> = { 24: [22, 1], 26: [12, 1] };
const NEWEST_KNOWN = 26;

/** Whether a version of Node.js has all fixes that are known to matter; undefined for lines that came later. */
export function isRuntimePatched(version: string): boolean | undefined {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split(/[.-]/).map(Number);
  const least = BASELINE[major];
  if (least === undefined) return major > NEWEST_KNOWN ? undefined : false;
  return minor > least[0] || (minor === least[0] && patch >= least[1]);
}

/** An old runtime is a fault where the installation is to be strict, and a warning elsewhere. */
export function runtimeCheck({ runtime }: Facts): readonly Finding[] {
  const check = 'runtime';
  const name = `Node.js ${runtime.node} on ${runtime.platform} ${runtime.arch}`;
  const lines = Object.entries(BASELINE).map(([major, [minor, patch]]) => `${major}.${minor}.${patch}`);
  const nextStep = `Run it with Node.js ${lines.join(' or ')}, or a later release of these lines, from nodejs.org.`;
  const isPatched = isRuntimePatched(runtime.node);
  if (isPatched === undefined)
    return [warn(check, `${name} came after this version and was not tried with it`, nextStep)];
  if (isPatched) return [ok(check, name)];
  const message = `${name} has known faults that attackers use (CVE-2026-111497)`;
  return [runtime.isStrict ? fail(check, message, nextStep) : warn(check, message, nextStep)];
}
