import { readFileSync } from 'node:fs'

/**
 * Which start of the operating system this is; undefined where the system does not say. It survives the death of a
 * process and not a loss of power, which is exactly the line between pages that reached the page cache and pages that
 * reached the disk.
 */
export function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}
