import type { Ending } from '../instance/machine.ts';
import type { Exit } from '../process/contract.ts';
import type { RestartSpec } from '../spec/spec.ts';

/** What rules and policy make of an end, before anything is counted. */
type PolicyVerdict =
  | { readonly kind: 'restart' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'fail'; readonly reason: string };

const RESTART: PolicyVerdict = { kind: 'restart' };
const COMPLETE: PolicyVerdict = { kind: 'complete' };

/**
 * What follows from an end. Rules are for programs that end by themselves, and the first that fits decides; an end that
 * nobody saw is a failure. `always` and `unless_stopped` are the same here: where they differ is what a supervisor does,
 * when it comes back, with a worker that was stopped on purpose.
 */
export function verdictOf({ rules, policy, successExitCodes }: RestartSpec, ending: Ending): PolicyVerdict {
  const exit = ending.kind === 'exited' && ending.trigger === 'exit' ? ending.exit : undefined;
  const rule = exit && rules.find((each) => fits(each, exit));
  if (rule?.action === 'restart') return RESTART;
  if (rule?.action === 'stop') return COMPLETE;
  if (rule?.action === 'fail') return { kind: 'fail', reason: reasonOf(ending) };

  const isSuccess = exit !== undefined && exit.code !== null && successExitCodes.includes(exit.code);
  if (isSuccess && (policy === 'never' || policy === 'on_failure')) return COMPLETE;
  return policy === 'never' ? { kind: 'fail', reason: reasonOf(ending) } : RESTART;
}

function fits({ exitCodes, signals }: RestartSpec['rules'][number], { code, signal }: Exit): boolean {
  return (code !== null && exitCodes.includes(code)) || (signal !== null && signals.includes(signal));
}

/** As one word: `exit_code_3`, `signal_SIGSEGV`, `exit_unknown`, `health_failure`, `start_failed`. */
function reasonOf(ending: Ending): string {
  if (ending.kind === 'notLaunched') return 'start_failed';
  if (ending.trigger !== 'exit') return ending.trigger;
  const { code, signal } = ending.exit;
  if (signal !== null) return `signal_${signal}`;
  return code === null ? 'exit_unknown' : `exit_code_${code}`;
}
