import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What the system says of a process, in bytes; undefined when it has ended. */
export interface ProcessFigures {
  /** Resident, without pages of files (LMDB's data lies in those). */
  readonly anonymous: number
  readonly resident: number
  readonly openFiles: number
}

export function processFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
  return {
    anonymous: kilobytes('RssAnon') * 1024,
    resident: kilobytes('VmRSS') * 1024,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
  }
}

/** What files take on the disk: LMDB's are longer than that. */
export function diskUse(folder: string): number {
  let bytes = 0
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += diskUse(path)
    else bytes += (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512
  }
  return bytes
}

/** Segments come and go while they are counted. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}
