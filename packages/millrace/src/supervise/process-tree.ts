import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { millraceError } from '../errors.ts'

/** One child process and how to treat it. */
export interface ProcessSpec {
  readonly name: string
  /** The script that Node runs, with this process's own Node and conditions. */
  readonly script: string
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly workingDirectory?: string
  /** The first line of standard output that matches says that the process serves; its groups are handed on. */
  readonly ready: RegExp
}

export interface ProcessTreeOptions {
  /** Called for each line that a child prints, ready lines included. */
  readonly onLine?: (name: string, line: string, stream: 'stdout' | 'stderr') => void
  /** Called when a child ended on its own or was killed; it is started again after `restartDelayMs`. */
  readonly onExit?: (name: string, reason: string) => void
  /** After which ends a child that had been ready is started again: any, the default, or only when a signal killed it. */
  readonly restarts?: 'always' | 'killed'
  /** Default 200. */
  readonly restartDelayMs?: number
  /** How long a child may take to stop before it is killed. Default 15000. */
  readonly stopTimeoutMs?: number
  /** How long a child may take until its ready line. Default 60000. */
  readonly readyTimeoutMs?: number
  /** How often in a row a child may end before its ready line. Default 10. */
  readonly maxFailedStarts?: number
}

const keptLines = 20

/**
 * A group of child processes with one owner: started in order, started again when they end, stopped in reverse order.
 * Children notice when the owner dies, however it dies, because their standard input ends.
 *
 * @example
 * await using tree = new ProcessTree()
 * const broker = await tree.start({ name: 'broker', script: cli, args: ['broker', '--memory'], ready: /listening on (\S+)/ })
 */
export class ProcessTree implements AsyncDisposable {
  readonly #options: Required<ProcessTreeOptions>
  readonly #processes = new Map<string, SupervisedProcess>()
  #stopping: Promise<void> | undefined

  constructor(options: ProcessTreeOptions = {}) {
    this.#options = {
      onLine: () => {},
      onExit: () => {},
      restarts: 'always',
      restartDelayMs: 200,
      stopTimeoutMs: 15_000,
      readyTimeoutMs: 60_000,
      maxFailedStarts: 10,
      ...options,
    }
  }

  /**
   * Starts a process and resolves with the match of its ready line.
   * @throws PROCESS_FAILED when it ends before, with its last lines.
   */
  start(spec: ProcessSpec): Promise<RegExpExecArray> {
    const process = new SupervisedProcess(spec, this.#options)
    this.#processes.set(spec.name, process)
    return process.start()
  }

  names(): string[] {
    return [...this.#processes.keys()]
  }

  pid(name: string): number | undefined {
    return this.#processes.get(name)?.pid
  }

  /** Kills a process as a crash would; it is started again. Resolves when it is ready again. */
  async crash(name: string): Promise<void> {
    await this.#processes.get(name)?.crash()
  }

  /** Stops a process and starts it again with the same arguments. */
  async restart(name: string): Promise<void> {
    await this.#processes.get(name)?.restart()
  }

  /** Stops all in reverse order of their start; never throws. */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      for (const process of [...this.#processes.values()].reverse()) await process.stop()
    })()
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

class SupervisedProcess {
  readonly #spec: ProcessSpec
  readonly #options: Required<ProcessTreeOptions>
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #stopped = false
  /** `restart` asked the child to end. */
  #restarting = false
  #failedStarts = 0
  #restart: NodeJS.Timeout | undefined
  #ready = Promise.withResolvers<RegExpExecArray>()

  constructor(spec: ProcessSpec, options: Required<ProcessTreeOptions>) {
    this.#spec = spec
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): Promise<RegExpExecArray> {
    this.#spawn()
    return this.#ready.promise
  }

  async crash(): Promise<void> {
    const again = this.#expectRestart()
    this.#child?.kill('SIGKILL')
    await again
  }

  async restart(): Promise<void> {
    const again = this.#expectRestart()
    if (this.#isRunning()) {
      this.#restarting = true
      // A start that is being cut short is no failure of the next one.
      this.#failedStarts = 0
      this.#terminate()
    } else this.#spawnNow()
    await again
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#restart)
    this.#ready.promise.catch(() => {})
    this.#terminate()
    await this.#exited
  }

  #expectRestart(): Promise<RegExpExecArray> {
    this.#ready = Promise.withResolvers<RegExpExecArray>()
    return this.#ready.promise
  }

  #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  #spawnNow(): void {
    clearTimeout(this.#restart)
    this.#failedStarts = 0
    this.#spawn()
  }

  #terminate(): void {
    const child = this.#child
    if (!child || !this.#isRunning()) return
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopTimeoutMs)
    child.once('exit', () => clearTimeout(timer))
  }

  #spawn(): void {
    const { script, args = [], environment, workingDirectory, ready, name } = this.#spec
    const nodeArgs = nodeArguments(process.execArgv, environment?.NODE_OPTIONS ?? process.env.NODE_OPTIONS)
    const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
      cwd: workingDirectory,
      env: { ...process.env, ...environment, MILLRACE_SUPERVISED: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches the owner alone, which then stops its children in order.
      detached: true,
    })
    this.#child = child
    child.stdin?.on('error', () => {})
    const lastLines: string[] = []
    let isReady = false
    const late = setTimeout(() => child.kill('SIGKILL'), this.#options.readyTimeoutMs)
    const onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
      lastLines.push(line)
      if (lastLines.length > keptLines) lastLines.shift()
      this.#options.onLine(name, line, stream)
      const match = stream === 'stdout' && !isReady ? ready.exec(line) : null
      if (match) {
        isReady = true
        this.#failedStarts = 0
        clearTimeout(late)
        this.#ready.resolve(match)
      }
    }
    for (const stream of ['stdout', 'stderr'] as const) {
      const input = child[stream]
      if (input) createInterface({ input }).on('line', (line) => onLine(line, stream))
    }
    this.#exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        clearTimeout(late)
        resolve()
        this.#onClose({
          wasReady: isReady,
          wasKilled: signal !== null,
          reason: signal ?? `exit status ${code}`,
          lastLines,
        })
      })
      child.once('error', () => resolve())
    })
  }

  #onClose({ wasReady, wasKilled, reason, lastLines }: ChildEnd): void {
    if (this.#stopped) return
    this.#options.onExit(this.#spec.name, reason)
    if (!wasReady && !this.#restarting && ++this.#failedStarts >= this.#options.maxFailedStarts) {
      const message = `${this.#spec.name} ended before it was ready (${reason})\n${lastLines.join('\n')}`
      this.#ready.reject(millraceError('PROCESS_FAILED', message, { process: this.#spec.name }))
      return
    }
    if (wasReady && !wasKilled && !this.#restarting && this.#options.restarts === 'killed') return
    this.#restarting = false
    this.#restart = setTimeout(() => this.#spawn(), this.#options.restartDelayMs)
  }
}

/**
 * A child's arguments to Node, those of this process. Where nobody says how large the young generation may grow, a bound keeps it
 * from holding 100 MB that a child has no use for.
 */
function nodeArguments(own: readonly string[], nodeOptions: string | undefined): readonly string[] {
  const isSet = [...own, nodeOptions ?? ''].some((text) => /--max[-_]semi[-_]space[-_]size/.test(text))
  return isSet ? own : [...own, '--max-semi-space-size=16']
}

interface ChildEnd {
  readonly wasReady: boolean
  readonly wasKilled: boolean
  readonly reason: string
  readonly lastLines: readonly string[]
}
