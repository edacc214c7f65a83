import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'

const millrace = join(import.meta.dirname, '../../packages/millrace/bin/millrace.js')
const startTimeoutMs = 60_000

export type Durability = 'write' | 'fsync'

/** `millrace broker` on one port and one data folder, killed and started again as often as it takes. */
export class MortalBroker implements AsyncDisposable {
  readonly brokers: string
  kills = 0
  /** Runs while nobody holds the folder. */
  afterDeath: () => void = () => {}
  /** From the start of a process that followed a kill to its first line, one entry a start, in milliseconds. */
  readonly startsMs: number[] = []
  readonly #port: number
  readonly #folder: string
  readonly #durability: Durability
  readonly #config: Readonly<Record<string, string>>
  #process: ChildProcess | undefined
  #stderr = ''

  private constructor(port: number, folder: string, durability: Durability, config: Readonly<Record<string, string>>) {
    this.#config = config
    this.#port = port
    this.#folder = folder
    this.#durability = durability
    this.brokers = `127.0.0.1:${port}`
  }

  static async start(
    folder: string,
    durability: Durability,
    config: Readonly<Record<string, string>> = {},
  ): Promise<MortalBroker> {
    const broker = new MortalBroker(await freePort(), folder, durability, config)
    broker.#spawn()
    await broker.listening()
    return broker
  }

  #spawn(): void {
    const place = ['--port', String(this.#port), '--data', this.#folder, '--durability', this.#durability]
    const settings = Object.entries(this.#config).flatMap(([name, value]) => ['--config', `${name}=${value}`])
    this.#stderr = ''
    this.#process = spawn(process.execPath, ['--conditions=source', millrace, 'broker', ...place, ...settings], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4_000)
    })
  }

  /** Waits until the process serves; rejects with what it said when it ends instead. */
  async listening(): Promise<void> {
    const child = this.#process!
    const startedMs = performance.now()
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the broker ended with ${code} instead of listening:\n${this.#stderr}`)
    })
    const served = new Promise<void>((resolve) => {
      child.stdout!.on('data', (chunk: Buffer) => {
        if (chunk.includes('listening on')) resolve()
      })
    })
    const late = delay(startTimeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`the broker does not listen after ${startTimeoutMs} ms:\n${this.#stderr}`)
    })
    await Promise.race([served, ended, late])
    for (const other of [ended, late]) other.catch(() => {})
    if (this.kills > 0) this.startsMs.push(performance.now() - startedMs)
  }

  /** SIGKILL, and a new process on the same folder. With `duringStartMs` that one dies too, so long after its beginning. */
  async kill(duringStartMs?: number): Promise<void> {
    await this.#die()
    this.#spawn()
    if (duringStartMs !== undefined) {
      await delay(duringStartMs)
      await this.#die()
      this.#spawn()
    }
    await this.listening()
  }

  async #die(): Promise<void> {
    const child = this.#process!
    if (child.exitCode !== null) throw new Error(`the broker had ended by itself:\n${this.#stderr}`)
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    this.kills++
    this.afterDeath()
  }

  /** Of the process that runs now. */
  get pid(): number {
    return this.#process!.pid!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}
