import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Runs programs with a bound on all their memory, pages of files that the kernel caches for them included. */
export interface MemoryCap extends Disposable {
  /** The command and arguments that run a program under the cap. */
  wrap(command: string, args: readonly string[]): readonly [string, readonly string[]]
}

const roots = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { root: '/sys/fs/cgroup', limit: 'memory.max' },
]

/** Why no cap can be set here, or undefined. */
export function uncapped(): string | undefined {
  try {
    memoryCap(64 * 2 ** 20)[Symbol.dispose]()
    return undefined
  } catch (error) {
    return `no control group for memory can be made (root and cgroups are needed): ${(error as Error).message}`
  }
}

/** A control group of its own, for one program after the other. */
export function memoryCap(bytes: number): MemoryCap {
  const place = roots.find(({ root }) => existsSync(join(root, 'cgroup.procs')))
  if (!place) throw new Error('/sys/fs/cgroup is not there')
  const group = join(place.root, `millrace-bench-${process.pid}`)
  mkdirSync(group, { recursive: true })
  writeFileSync(join(group, place.limit), String(bytes))
  return {
    // A shell joins the group and becomes the program, which keeps the shell's process id.
    wrap: (command, args) => ['sh', ['-c', `echo $$ > ${group}/cgroup.procs && exec "$0" "$@"`, command, ...args]],
    [Symbol.dispose]: () => rmdirSync(group),
  }
}
