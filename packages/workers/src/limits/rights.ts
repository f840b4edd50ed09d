import { type KernelFiles, readIfThere } from './kernelFiles.ts';

/** Bit of capabilities(7). */
const CAP_SYS_RESOURCE = 24n;

/** The most that rlimit nofile may be set to by us: the kernel's own bound is far above any that is meant. */
export function maxDescriptors(files: KernelFiles): number {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readIfThere(files, '/proc/self/status') ?? '')?.[1];
  if (effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n) return Infinity;
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readIfThere(files, '/proc/self/limits') ?? '')?.[1];
  return hard === undefined ? Infinity : Number(hard);
}
