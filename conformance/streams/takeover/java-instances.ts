import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { javaArguments } from '../java-programs.ts'

interface Answer {
  readonly state?: string
  readonly failure?: string
}

/** A process that runs Kafka Streams applications, see Instances.java. */
export class JavaInstances implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = []
  #log = ''

  constructor() {
    this.#child = spawn('java', [...javaArguments('golden', 'takeover'), 'Instances'])
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line) as Answer)
    })
    this.#child.stderr.on('data', (bytes: Buffer) => {
      this.#log = (this.#log + bytes.toString()).slice(-8_000)
    })
    this.#child.once('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`Instances.java ended\n${this.#log}`))
    })
  }

  /** The state of the application afterwards. */
  async ask(command: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    const { state, failure } = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    })
    if (failure !== undefined) throw new Error(`Kafka Streams: ${failure}\n${this.#log}`)
    return state
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(timer)
  }
}
