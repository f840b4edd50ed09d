import { codeOf, type KernelFiles, readIfThere } from './kernelFiles.ts';

/**
 * `major:minor` of the whole disk that a directory is on, which is what control groups bound; undefined for a file system
 * that is on none, or on several.
 */
export function diskOf(directory: string, files: KernelFiles): string | undefined {
  try {
    const device = files.device(directory);
    const path = `/sys/dev/block/${device}`;
    if (readIfThere(files, `${path}/dev`) === undefined) return undefined;
    if (readIfThere(files, `${path}/partition`) === undefined) return device;
    // The parent of where the link leads, not of the link: the path must not be shortened.
    return readIfThere(files, `${path}/../dev`)?.trim();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
