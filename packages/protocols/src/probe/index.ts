export type { Check, Checker, ProbeFacts, Scheme } from './checker.ts';
export type { ProbePhase } from './phases.ts';
export { createUrlProbe, PROBE_SCHEMES, type ProbeOptions, type ProbeReport, probeUrl } from './probeUrl.ts';
