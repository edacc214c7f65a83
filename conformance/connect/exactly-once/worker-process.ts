import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { WorkerJob } from './run-worker.ts'

const program = fileURLToPath(new URL('run-worker.ts', import.meta.url))
const timeoutMs = 60_000

/** A worker with one connector, in a process that can be killed, or stopped as a machine stops that swaps or is moved. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''
  #errors = ''

  constructor(job: WorkerJob) {
    this.#child = spawn(process.execPath, ['--conditions=source', program, JSON.stringify(job)], { stdio: 'pipe' })
    this.#ended = once(this.#child, 'exit')
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.#output += text.toString()
    })
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#errors += text.toString()
    })
  }

  /** Everything that it said is wrong. */
  get errors(): string {
    return this.#errors
  }

  /** Waits until it has printed this. @throws with what it printed, where that does not come */
  says(text: string): Promise<void> {
    return this.#until(`"${text}"`, () => this.#output.includes(text))
  }

  /** The same for what it says is wrong, which comes on a way of its own. */
  complains(about: RegExp): Promise<void> {
    return this.#until(String(about), () => about.test(this.#errors))
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    for (const deadline = Date.now() + timeoutMs; !isSo(); await delay(2)) {
      if (this.#child.exitCode === null && Date.now() < deadline) continue
      throw new Error(`waited in vain for ${what}: ${this.#output}${this.#errors}`)
    }
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
