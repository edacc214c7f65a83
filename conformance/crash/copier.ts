import { setTimeout as delay } from 'node:timers/promises'
import { JavaTool } from './java-tools.ts'

export interface CopierOptions {
  readonly classPath: string
  readonly brokers: string
  /** Its transactional id and its group. */
  readonly name: string
  readonly partition: number
  readonly input: string
  readonly output: string
}

const restartMs = 500
const transactionTimeoutMs = 10_000

/**
 * Kafka's TransactionalMessageCopier on one partition, with random aborts. It ends when it comes to the end that the input had
 * when it began, so it is started over and over; each start fences the one before.
 */
export class Copier implements AsyncDisposable {
  restarts = -1
  readonly complaints: string[] = []
  readonly #options: CopierOptions
  readonly #loop: Promise<void>
  #tool: JavaTool | undefined
  /** Set when the input grows no more: the first run to the end that began after it is the last one. */
  #finishing = false
  #copied: unknown = 0
  #movedAtMs = 0
  #disposed = false

  constructor(options: CopierOptions) {
    this.#options = options
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#disposed) {
      const last = this.#finishing
      this.restarts++
      this.#tool = this.#start()
      const code = await this.#tool.ended
      if (code === 0 && last) return
      if (code === 1) this.complaints.push(this.#tool.complaints.trim().split('\n').at(-1) ?? '')
      await delay(restartMs)
    }
  }

  #start(): JavaTool {
    const { classPath, brokers, name, partition, input, output } = this.#options
    const from = ['--input-topic', input, '--input-partition', String(partition), '--consumer-group', name]
    const to = ['--output-topic', output, '--transactional-id', name, '--broker-list', brokers]
    const size = ['--transaction-size', '20', '--transaction-timeout', String(transactionTimeoutMs)]
    const args = [...from, ...to, ...size, '--enable-random-aborts', '--use-group-metadata']
    return new JavaTool(classPath, 'TransactionalMessageCopier', args, ({ totalProcessed }) => {
      if (totalProcessed === this.#copied) return
      this.#copied = totalProcessed
      this.#movedAtMs = performance.now()
    })
  }

  /** Dies in the middle of whatever it does, and is started again. */
  kill(): void {
    this.#tool?.kill()
  }

  /** Waits until everything that is in the input has been copied; answers with what is wrong when it stands still for so long. */
  async finish(silenceMs: number): Promise<string[]> {
    this.#finishing = true
    this.#movedAtMs = performance.now()
    const ended = this.#loop.then(() => true)
    while (performance.now() - this.#movedAtMs < silenceMs) {
      if (await Promise.race([ended, delay(200, false)])) return []
    }
    return [`${this.#options.name} has not copied everything and has stood still for ${silenceMs} ms`]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    this.kill()
    await this.#loop
  }
}
