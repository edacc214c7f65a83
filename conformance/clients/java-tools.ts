import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** How one of Kafka's tools ended, and what it printed on both of its outputs. */
export interface ToolOutcome {
  readonly code: number
  readonly text: string
}

/** Kafka's command line tools against one broker, all in one JVM. */
export class JavaTools implements Disposable {
  readonly #process: ChildProcess
  readonly #brokers: string
  readonly #waiting: { resolve(outcome: ToolOutcome): void; reject(error: Error): void }[] = []
  #log = ''

  constructor(classPath: string, brokers: string) {
    this.#brokers = brokers
    const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', '-cp', classPath]
    this.#process = spawn('java', [...java, join(import.meta.dirname, 'Tools.java')], { stdio: 'pipe' })
    this.#process.stderr!.on('data', (text) => {
      this.#log = `${this.#log}${text}`.slice(-4000)
    })
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      const [code = '', text = ''] = line.split('\t')
      this.#waiting.shift()?.resolve({ code: Number(code), text: Buffer.from(text, 'base64').toString('utf8') })
    })
    this.#process.once('exit', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the JVM has ended\n${this.#log}`))
    })
  }

  /** Runs `org.apache.kafka.tools.<name>` with `--bootstrap-server` in front of the arguments. */
  run(name: string, ...args: readonly string[]): Promise<ToolOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      const words = [`org.apache.kafka.tools.${name}`, '--bootstrap-server', this.#brokers, ...args]
      this.#process.stdin!.write(`${words.join('\t')}\n`)
    })
  }

  /** For tools whose command stands in front of the options. */
  runCommand(name: string, command: string, ...args: readonly string[]): Promise<ToolOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      const words = [`org.apache.kafka.tools.${name}`, command, '--bootstrap-server', this.#brokers, ...args]
      this.#process.stdin!.write(`${words.join('\t')}\n`)
    })
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL')
  }
}
