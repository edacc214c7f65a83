import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { usageOf, watchMemory } from './process-usage.ts'

export interface Child extends AsyncDisposable {
  readonly pid: number
  /** The next line on standard output that `pattern` matches; fails when the process ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  send(line: string): void
  /** Ends the process's standard input. */
  endInput(): void
  /** Fails when the process has ended. */
  check(): void
  /** The end of what it has written to standard output and standard error. */
  log(): string
  /** The process ends on its own; fails unless with status 0. */
  ended(): Promise<void>
  /** SIGTERM, and SIGKILL ten seconds later. */
  close(): Promise<void>
}

const keptErrorCharacters = 8_000

/** Starts a program. It ends with this process, whatever happens to this one. */
export function startChild(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Child {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options })
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  child.once('exit', () => process.off('exit', killAtExit))
  const lines: string[] = []
  let log = ''
  let wake = (): void => {}
  const note = (text: string): void => {
    log = (log + text).slice(-keptErrorCharacters)
  }
  child.stderr.setEncoding('utf8').on('data', note)
  createInterface(child.stdout).on('line', (text) => {
    note(`${text}\n`)
    lines.push(text)
    wake()
  })
  let failure: string | undefined
  child.once('error', (error) => {
    failure = error.message
    wake()
  })
  child.once('close', () => wake())
  // A peer that has gone already cannot be told anything.
  child.stdin.on('error', () => {})
  const hasEnded = (): boolean => failure !== undefined || child.exitCode !== null || child.signalCode !== null
  const story = (): string => `${command} ended: ${failure ?? child.exitCode ?? child.signalCode}\n${log}`
  return {
    get pid() {
      return child.pid as number
    },
    async line(pattern) {
      for (;;) {
        const text = lines.shift()
        const match = text === undefined ? null : pattern.exec(text)
        if (match) return match
        if (text !== undefined) continue
        if (hasEnded()) throw new Error(story())
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    check() {
      if (hasEnded()) throw new Error(story())
    },
    log: () => log,
    endInput: () => void child.stdin.end(),
    send: (text) => void child.stdin.write(`${text}\n`),
    async ended() {
      if (!hasEnded()) await once(child, 'close')
      if (child.exitCode !== 0) throw new Error(story())
    },
    close: () => stop(child),
    [Symbol.asyncDispose]: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(timer)
}

/** What a driver did, and what its process alone used for it. */
export interface DriverRun {
  /** The JSON object that the driver printed. */
  readonly result: Readonly<Record<string, number>>
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
}

/**
 * Runs a driver, ours or a peer's: a program that prints `ready` when it is connected, begins with the line `go` on its
 * standard input, prints a JSON object when the work is done, and ends when its standard input does.
 */
export async function runDriver(command: string, args: readonly string[]): Promise<DriverRun> {
  await using child = startChild(command, args)
  await child.line(/^ready$/)
  const stopWatching = watchMemory(child.pid)
  try {
    const before = usageOf(child.pid)
    const startedMs = performance.now()
    child.send('go')
    const [text] = await child.line(/^\{.*\}$/)
    const seconds = (performance.now() - startedMs) / 1000
    const cpuSeconds = usageOf(child.pid).cpuSeconds - before.cpuSeconds
    const peakBytes = stopWatching()
    child.endInput()
    await child.ended()
    return { result: JSON.parse(text) as Record<string, number>, seconds, cpuSeconds, peakBytes }
  } finally {
    stopWatching()
  }
}
