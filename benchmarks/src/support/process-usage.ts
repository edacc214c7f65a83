import { readFileSync } from 'node:fs'

/** What a process and all its threads have used so far, read from the kernel. Linux only. */
export interface Usage {
  /** User and system time, in seconds. */
  readonly cpuSeconds: number
  /** Anonymous resident memory, in bytes. */
  readonly rssAnonBytes: number
}

// USER_HZ is 100 on every Linux that Node supports.
const ticksPerSecond = 100

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command name may contain spaces and parentheses; what follows the last one is separated by spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  return { cpuSeconds: ticks / ticksPerSecond, rssAnonBytes: kilobytes * 1024 }
}

/** Watches a process's memory every 50 ms until it is stopped; answers the peak. */
export function watchMemory(pid: number): () => number {
  let peak = 0
  const look = (): void => {
    try {
      peak = Math.max(peak, usageOf(pid).rssAnonBytes)
    } catch {
      // It has ended.
    }
  }
  look()
  const timer = setInterval(look, 50)
  return () => {
    clearInterval(timer)
    look()
    return peak
  }
}

/** All resident memory, programs and mapped files included, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
}

/** How long ago the process was started, to the hundredth of a second. */
export function ageSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const startedTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - startedTicks / ticksPerSecond
}
