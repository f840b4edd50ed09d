import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openTmux, type Tmux, type TmuxOptions } from '@roundhouse/testing';

const BIN = fileURLToPath(new URL('../../bin/roundhouse.js', import.meta.url));

/** The command in a real terminal, under a shell that tells its exit code and then the modes of the terminal. */
export function openCommand(words: readonly string[], options: TmuxOptions): Promise<Tmux> {
  const command = [process.execPath, BIN, ...words].map((word) => `'${word}'`).join(' ');
  return openTmux(['sh', '-c', `${command}; echo "rc=$?"; stty -a; sleep 60`], options);
}

/** How canonical mode and echo stand after the command has ended with `exit`. */
export async function modesAfter(terminal: Tmux, exit: string): Promise<string[]> {
  await terminal.waitFor(exit);
  const shown = (await terminal.waitFor('icanon')).join(' ');
  return ['icanon', 'echo'].map((mode) => new RegExp(`(?<=\\s)-?${mode}(?=\\s)`).exec(shown)?.[0] ?? 'not shown');
}

/** Sends a signal to the command alone. */
export async function signalCommand(terminal: Tmux, signal: NodeJS.Signals): Promise<void> {
  process.kill(await childOf(await terminal.pid()), signal);
}

/** The one child of a process. */
async function childOf(parent: number): Promise<number> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // Behind the name in parentheses: state, parent. proc_pid_stat(5).
    if (Number(/\) \S (\d+)/.exec(stat)?.[1]) === parent) return Number(entry);
  }
  throw new Error(`Process ${parent} has no child`);
}
