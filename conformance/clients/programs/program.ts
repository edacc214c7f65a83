import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Answer, OperationName, Operations, Settings } from './operations.ts'

const answerTimeoutMs = 60_000

/** How a client program is started. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** What a client said about an operation that failed; `name` is the client's own word for it. */
export class ClientError extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

/** A client program that runs: an operation goes in as a line of JSON, its answer comes out as one. */
export class Program implements AsyncDisposable {
  readonly #process: ChildProcess
  /** What its requests carry as their client id, or begin it with. */
  readonly clientId: string
  readonly #waiting = new Map<number, (answer: Answer<unknown>) => void>()
  #nextId = 1
  /** What the client wrote into its log at the level of a warning or above: what is on standard error. */
  readonly warnings: string[] = []

  private constructor(process: ChildProcess, settings: Settings) {
    this.#process = process
    this.clientId = settings.clientId
    createInterface({ input: process.stdout! }).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as { id: number } & Answer<unknown>
      this.#waiting.get(id)?.(answer as Answer<unknown>)
      this.#waiting.delete(id)
    })
    createInterface({ input: process.stderr! }).on('line', (line) => {
      if (line.trim() !== '') this.warnings.push(line)
    })
    process.on('close', () => this.#end(`the program ended: ${this.warnings.slice(-5).join('\n')}`))
    process.on('error', (error) => this.#end(error.message))
    process.stdin!.on('error', () => undefined)
  }

  static start(command: Command, bootstrap: string, settings: Settings): Program {
    const child = spawn(command.command, [...command.args, bootstrap, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...command.env },
    })
    return new Program(child, settings)
  }

  /** Runs an operation; throws a ClientError with the client's own name of what went wrong. */
  async run<Name extends OperationName>(op: Name, args: Operations[Name][0]): Promise<Operations[Name][1]> {
    const answer = await this.attempt(op, args)
    if ('error' in answer) throw new ClientError(answer.error, `${op}: ${answer.message}`)
    return answer.result
  }

  /** Runs an operation and returns its answer, error or not. */
  attempt<Name extends OperationName>(op: Name, args: Operations[Name][0]): Promise<Answer<Operations[Name][1]>> {
    const id = this.#nextId++
    const { promise, resolve } = Promise.withResolvers<Answer<unknown>>()
    const timer = setTimeout(() => {
      this.#waiting.delete(id)
      resolve({ error: 'NO_ANSWER', message: `no answer within ${answerTimeoutMs} ms` })
    }, answerTimeoutMs)
    this.#waiting.set(id, (answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    this.#process.stdin!.write(`${JSON.stringify({ id, op, args })}\n`)
    return promise as Promise<Answer<Operations[Name][1]>>
  }

  /** What an operation ends with, in one word: `NONE` or the client's name of the error. */
  async errorOf<Name extends OperationName>(op: Name, args: Operations[Name][0]): Promise<string> {
    const answer = await this.attempt(op, args)
    if ('error' in answer) return answer.error
    const result = answer.result as { error?: string }
    return result?.error ?? 'NONE'
  }

  /** The end of a client that had no time to say goodbye. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }

  #end(message: string): void {
    for (const resolve of this.#waiting.values()) resolve({ error: 'PROGRAM_ENDED', message })
    this.#waiting.clear()
  }
}
