import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Command, InstanceOptions, Line, Moment } from './instance-protocol.ts'
import type { IsolateMemory } from './isolate-memory.ts'

const script = join(import.meta.dirname, 'instance-main.ts')
/** Types are stripped and modules compiled once for all lives. */
const compileCache = join(import.meta.dirname, '../../node_modules/.cache/compile')
/** Within which a moment to die at must come; where it does not, the parent kills. */
const doomTimeoutMs = 8_000

/** One instance through all of its lives: a folder, a port, a log, and at most one process at a time. */
export class Instance implements AsyncDisposable {
  readonly name: string
  readonly url: string
  readonly stateDir: string
  /** Lives that ended with SIGKILL. */
  kills = 0
  isStopped = false
  /** Of processes that ended although nobody had told them to. */
  readonly failures: string[] = []
  readonly #options: InstanceOptions
  readonly #flags: readonly string[]
  readonly #log: string
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #state = 'dead'
  #stateAtMs = 0
  #isMeant = false
  #stderr = ''
  #memory = Promise.withResolvers<IsolateMemory>()

  constructor(
    name: string,
    folder: string,
    options: Omit<InstanceOptions, 'streams'> & { streams: object },
    flags: readonly string[] = [],
  ) {
    this.name = name
    this.#flags = flags
    this.url = `http://127.0.0.1:${options.port}`
    this.stateDir = join(folder, name)
    this.#log = join(folder, `${name}.log`)
    this.#options = { ...options, streams: { ...options.streams, stateDir: this.stateDir } }
    mkdirSync(folder, { recursive: true })
  }

  get pid(): number | undefined {
    return this.isAlive ? this.#child?.pid : undefined
  }

  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Since when it has every task it was given at work; undefined while it has not. */
  get runningSinceMs(): number | undefined {
    const isWell = this.isAlive && !this.#isMeant && !this.isStopped
    return isWell && this.#state === 'running' ? this.#stateAtMs : undefined
  }

  get state(): string {
    return this.isStopped ? `stopped while ${this.#state}` : this.#state
  }

  start(): void {
    this.note('start')
    this.#isMeant = false
    this.#stderr = ''
    const child = spawn(
      process.execPath,
      [...this.#flags, '--conditions=source', script, JSON.stringify(this.#options)],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
      },
    )
    this.#child = child
    this.#become('starting')
    // `close` comes after everything that it has said is read.
    this.#ended = once(child, 'close').then(([code, signal]) => this.#hasEnded(child, code, signal))
    child.on('error', () => undefined)
    createInterface({ input: child.stdout! }).on('line', (line) => this.#heard(child, line))
    child.stderr!.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-4_000)
      this.note(`stderr ${bytes.toString().trim()}`)
    })
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return
    this.#isMeant = true
    this.kills++
    this.note('SIGKILL')
    this.#child!.kill('SIGKILL')
    await this.#gone()
  }

  /** Ends with SIGKILL in the middle of something, or wherever it is when that does not come soon. */
  async killWhile(moment: Moment, nth: number): Promise<void> {
    if (!this.isAlive || this.isStopped) return this.kill()
    this.#isMeant = true
    this.note(`to die while ${moment}`)
    this.#send({ dieWhile: moment, nth })
    const late = new AbortController()
    await Promise.race([this.#ended, delay(doomTimeoutMs, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
    if (this.isAlive) return this.kill()
    this.kills++
    await this.#gone()
  }

  /** Orderly. */
  async end(): Promise<void> {
    if (!this.isAlive) return
    this.#isMeant = true
    this.note('SIGTERM')
    this.#child!.kill('SIGTERM')
    await Promise.race([this.#gone(), delay(60_000, undefined, { ref: false })])
    if (!this.isAlive) return
    this.failures.push(`${this.name} did not end within a minute of SIGTERM`)
    await this.kill()
  }

  stop(): void {
    if (!this.isAlive) return
    this.note('SIGSTOP')
    this.isStopped = true
    this.#child!.kill('SIGSTOP')
  }

  continue(): void {
    this.note('SIGCONT')
    this.isStopped = false
    this.#stateAtMs = Date.now()
    this.#child?.kill('SIGCONT')
  }

  /** Loses its disk. */
  wipe(): void {
    this.note('the folder is emptied')
    rmSync(this.stateDir, { recursive: true, force: true })
  }

  memory(): Promise<IsolateMemory> {
    this.#memory = Promise.withResolvers()
    this.#send({ tellMemory: true })
    return this.#memory.promise
  }

  note(what: string): void {
    appendFileSync(this.#log, `${new Date().toISOString()} ${what}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isMeant = true
    this.#child?.kill('SIGKILL')
    await this.#ended
  }

  #send(command: Command): void {
    // It may have died a moment ago.
    this.#child!.send(command, () => undefined)
  }

  #heard(child: ChildProcess, text: string): void {
    this.note(text)
    if (child !== this.#child || !text.startsWith('{')) return
    const line = JSON.parse(text) as Line
    if ('state' in line) this.#become(line.state)
    if ('memory' in line) this.#memory.resolve(line.memory)
  }

  #become(state: string): void {
    this.#state = state
    this.#stateAtMs = Date.now()
  }

  async #gone(): Promise<void> {
    await this.#ended
    this.isStopped = false
  }

  #hasEnded(child: ChildProcess, code: number | null, signal: string | null): void {
    this.note(`ended with ${code ?? signal}`)
    if (child !== this.#child) return
    // Until it listens it has nothing to end in order.
    const isEarly = this.#state === 'starting' && signal === 'SIGTERM'
    this.#become('dead')
    if (this.#isMeant && (signal === 'SIGKILL' || code === 0 || isEarly)) return
    this.failures.push(`${this.name} ended with ${code ?? signal}: ${this.#stderr}${lastLines(this.#log)}`)
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-12).join('\n')
}
