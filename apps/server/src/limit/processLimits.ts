import { memoryLimit } from '../http/processPressure.ts';
import { maxDescriptors, openDescriptors } from './descriptors.ts';
import type { LimitDefinition } from './limits.ts';
import { residentMemory } from './residentMemory.ts';

/** The limits that every process has, whatever it does. `memoryBytes`: a watermark below that of the system. */
export function processLimits(memoryBytes: number = memoryLimit()): readonly LimitDefinition[] {
  const descriptors = maxDescriptors();
  return [
    {
      name: 'memory',
      unit: 'bytes',
      usage: residentMemory,
      capacity: () => memoryBytes,
    },
    {
      name: 'descriptors',
      unit: 'count',
      usage: openDescriptors,
      capacity: () => descriptors,
    },
  ];
}
