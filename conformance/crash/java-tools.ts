import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A line that one of Kafka's verifiable tools prints. */
export interface ToolEvent {
  readonly name?: string
  readonly [field: string]: unknown
}

const stopTimeoutMs = 60_000

/** One of Kafka's own test tools in a process of its own; it tells what it does in JSON lines. */
export class JavaTool implements AsyncDisposable {
  readonly ended: Promise<number | null>
  #stderr = ''
  readonly #name: string
  readonly #process: ChildProcess

  constructor(classPath: string, name: string, args: readonly string[], heard: (event: ToolEvent) => void) {
    this.#name = name
    const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx128m', '-cp', classPath]
    this.#process = spawn('java', [...java, `org.apache.kafka.tools.${name}`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-2_000)
    })
    const lines = createInterface(this.#process.stdout!)
    lines.on('line', (line) => {
      if (line.startsWith('{')) heard(JSON.parse(line) as ToolEvent)
    })
    const read = once(lines, 'close')
    this.ended = once(this.#process, 'exit').then(async ([code]) => {
      await read
      return code as number | null
    })
  }

  /** What it last complained about. */
  get complaints(): string {
    return this.#stderr
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  /** Lets the tool finish what is under way. */
  async stop(): Promise<void> {
    if (!this.isRunning) return
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.kill(), stopTimeoutMs)
    await this.ended
    clearTimeout(timer)
    if (this.#process.signalCode === 'SIGKILL') {
      throw new Error(`${this.#name} did not stop within ${stopTimeoutMs} ms: ${this.#stderr}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) this.kill()
    await this.ended
  }
}
