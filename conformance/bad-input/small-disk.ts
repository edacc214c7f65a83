import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of eight megabytes, where this process may mount one. */
export async function smallDisk(): Promise<
  { folder: string; remount(size: string): void; close(): Promise<void> } | string
> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { encoding: 'utf8' })
  if (mounted.status !== 0) {
    await rm(folder, { recursive: true })
    return `a small file system cannot be mounted here: ${(mounted.stderr ?? mounted.error?.message ?? '').trim()}`
  }
  return {
    folder,
    remount: (size) => void spawnSync('mount', ['-o', `remount,size=${size}`, folder]),
    close: async () => {
      spawnSync('umount', ['-l', folder])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
