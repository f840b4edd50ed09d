import { basename, dirname, join } from 'node:path';
import { codeOf, type KernelFiles, kernelFiles, readIfThere } from '../limits/kernelFiles.ts';
import type { CgroupHierarchy } from './contract.ts';
import { groupsBelow } from './tree.ts';

/** Controllers that limits are made of. */
const UNIFIED_CONTROLLERS = ['cpu', 'io', 'memory', 'pids'];
const LEGACY_CONTROLLERS = ['blkio', 'cpu', 'cpuacct', 'memory', 'pids'];
/**
 * The leaf that Roundhouse itself moves to where it needs controllers of v2: a group that hands controllers on may have
 * no processes of its own. The same name goes to `DelegateSubgroup=` of systemd.exec(5).
 */
const OWN_LEAF = 'supervisor';

interface Mount {
  /** Which part of the tree is mounted. */
  readonly root: string;
  readonly directory: string;
  readonly type: string;
  /** Of the file system: the controllers of v1 among them. */
  readonly options: readonly string[];
}

/**
 * Finds where groups can be made, and makes `roundhouse-<tag>` there: below the group that this process is in, whose
 * limits stay in force, and never beside it. A tree that cannot be written to is left out; nothing is raised. `files`:
 * what is read and written, `/proc/self/mountinfo` and `/proc/self/cgroup` first.
 */
export async function findCgroups(tag: string, files: KernelFiles = kernelFiles): Promise<CgroupHierarchy> {
  const mounts = parseMounts(readIfThere(files, '/proc/self/mountinfo') ?? '');
  const paths = parseOwnPaths(readIfThere(files, '/proc/self/cgroup') ?? '');
  const name = `roundhouse-${tag}`;
  let unified: CgroupHierarchy['unified'];
  const legacy = new Map<string, string>();
  for (const mount of mounts) {
    if (mount.type === 'cgroup2') {
      const own = directoryIn(mount, paths.get(''));
      if (own !== undefined) unified ??= await openUnified(own, name, files);
      continue;
    }
    const controllers = LEGACY_CONTROLLERS.filter((controller) => mount.options.includes(controller));
    const own = directoryIn(mount, controllers[0] === undefined ? undefined : paths.get(controllers[0]));
    const directory = own === undefined ? undefined : await make(join(own, name), files);
    if (directory !== undefined) for (const controller of controllers) legacy.set(controller, directory);
  }
  return { unified, legacy };
}

/** Makes what was found anew, where a supervisor that has ended meanwhile has removed it. Nothing is raised. */
export async function restoreCgroups(hierarchy: CgroupHierarchy, files: KernelFiles): Promise<void> {
  for (const directory of directoriesOf(hierarchy)) await make(directory, files);
  const { unified } = hierarchy;
  if (unified !== undefined) await handOn(unified.controllers, unified.directory, files);
}

/**
 * Removes what {@link findCgroups} has made, with the groups of instances in it, unless a process is in any of them:
 * then all stay. What cannot be removed is left to whoever needs it next; nothing is raised. Tells whether all are gone.
 */
export async function removeCgroups(hierarchy: CgroupHierarchy, files: KernelFiles): Promise<boolean> {
  const groups = directoriesOf(hierarchy).flatMap((directory) => deepestFirst(directory, files));
  if (groups.some((group) => wordsOf(files, join(group, 'cgroup.procs')).length > 0)) return false;
  let areGone = true;
  for (const group of groups) {
    try {
      await files.removeDirectory(group);
    } catch (error) {
      // The kernel refuses the one that somebody has joined by now.
      if (codeOf(error) !== 'ENOENT') areGone = false;
    }
  }
  return areGone;
}

function directoriesOf({ unified, legacy }: CgroupHierarchy): readonly string[] {
  return [...new Set([...legacy.values(), ...(unified === undefined ? [] : [unified.directory])])];
}

function deepestFirst(directory: string, files: KernelFiles): readonly string[] {
  return [...groupsBelow(directory, files).flatMap((each) => deepestFirst(each, files)), directory];
}

async function openUnified(own: string, name: string, files: KernelFiles): Promise<CgroupHierarchy['unified']> {
  // A supervisor that was started where the one before it has moved to.
  const base = basename(own) === OWN_LEAF ? dirname(own) : own;
  const directory = await make(join(base, name), files);
  if (directory === undefined) return undefined;
  const wanted = wordsOf(files, join(base, 'cgroup.controllers')).filter((each) => UNIFIED_CONTROLLERS.includes(each));
  if (!(await handOn(wanted, base, files)) && (await moveToLeaf(base, files))) await handOn(wanted, base, files);
  await handOn(wordsOf(files, join(directory, 'cgroup.controllers')), directory, files);
  const controllers = wordsOf(files, join(directory, 'cgroup.subtree_control'));
  return { directory, controllers: UNIFIED_CONTROLLERS.filter((each) => controllers.includes(each)) };
}

/** Whether all of them are now for the groups below. One at a time, because a line is taken as a whole or not at all. */
async function handOn(controllers: readonly string[], directory: string, files: KernelFiles): Promise<boolean> {
  const file = join(directory, 'cgroup.subtree_control');
  const present = wordsOf(files, file);
  let isComplete = true;
  for (const controller of controllers) {
    if (present.includes(controller)) continue;
    try {
      await files.write(file, `+${controller}`);
    } catch {
      isComplete = false;
    }
  }
  return isComplete;
}

/**
 * Moves what is in the group to a leaf below it, when it is this process and its relatives and nobody else: what a
 * service manager or a container has handed over. Tells whether the group is empty now.
 */
async function moveToLeaf(base: string, files: KernelFiles): Promise<boolean> {
  const pids = wordsOf(files, join(base, 'cgroup.procs'));
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid, files)]));
  const self = /^\d+/.exec(readIfThere(files, '/proc/self/stat') ?? '')?.[0];
  if (self === undefined || !parents.has(self)) return false;
  const line = new Set(lineOf(self, parents));
  const isRelative = (pid: string): boolean => line.has(pid) || lineOf(pid, parents).includes(self);
  if (!pids.every(isRelative)) return false;
  const leaf = await make(join(base, OWN_LEAF), files);
  if (leaf === undefined) return false;
  try {
    for (const pid of pids) await files.write(join(leaf, 'cgroup.procs'), pid);
  } catch {
    return false;
  }
  return wordsOf(files, join(base, 'cgroup.procs')).length === 0;
}

/** A process and its ancestors, as far as they are in the same group. */
function lineOf(pid: string, parents: ReadonlyMap<string, string | undefined>): string[] {
  const line = [];
  for (let each: string | undefined = pid; each !== undefined && parents.has(each); each = parents.get(each)) {
    line.push(each);
  }
  return line;
}

function parentOf(pid: string, files: KernelFiles): string | undefined {
  const stat = readIfThere(files, `/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
}

/** Undefined when it cannot be made, or groups cannot be made below it. */
async function make(directory: string, files: KernelFiles): Promise<string | undefined> {
  try {
    await files.makeDirectory(directory);
    // What another user has made is there, and of no use: only its owner can make groups in it.
    const probe = join(directory, 'probe');
    await files.makeDirectory(probe);
    await files.removeDirectory(probe);
    return directory;
  } catch {
    return undefined;
  }
}

/** Where a mount shows the group of this path; undefined when it lies outside of what is mounted. */
function directoryIn(mount: Mount, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (mount.root === '/') return join(mount.directory, path);
  if (path === mount.root) return mount.directory;
  return path.startsWith(`${mount.root}/`) ? join(mount.directory, path.slice(mount.root.length)) : undefined;
}

/** Lines of proc_pid_mountinfo(5): fields, any number of optional ones, `-`, type, source, options. */
function parseMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    const [, , , root, directory] = before?.split(' ') ?? [];
    const [type, , options] = after?.split(' ') ?? [];
    if (root === undefined || directory === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    mounts.push({ root: unescape(root), directory: unescape(directory), type, options: options?.split(',') ?? [] });
  }
  return mounts;
}

/** `hierarchy:controllers:path` a line, cgroups(7); v2 has the empty controller. */
function parseOwnPaths(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  return paths;
}

/** Blanks and backslashes are octal there. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function wordsOf(files: KernelFiles, path: string): string[] {
  return (readIfThere(files, path) ?? '').split(/\s+/).filter((word) => word !== '');
}
