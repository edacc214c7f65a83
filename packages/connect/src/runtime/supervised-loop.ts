import { type Clock, type Random, sleep } from '@millrace/base'
import { backoffMs } from '@millrace/base/internal'
import { connectError } from '../errors.ts'
import { report } from './diagnostics.ts'
import { verdictOn } from './failures.ts'
import type { RunningConnector, StatusBoard } from './status.ts'

const standbyPollMs = 1_000
/** So long nobody else may be at work before an instance that stood by begins. */
const vacantPolls = 3

export interface SupervisedWork {
  readonly board: StatusBoard
  readonly clock: Clock
  readonly random: Random
  readonly backoff: { readonly delayMsMin: number; readonly delayMsMax: number }
  /** Works until the signal aborts or something fails; returning without either means: open anew at once. */
  readonly work: (signal: AbortSignal) => Promise<void>
  /** Whether another instance is at work. */
  readonly occupied?: (() => Promise<boolean>) | undefined
}

/**
 * Runs a connector for as long as it is wanted. A lost database or broker pauses it, a successor makes it stand by, and
 * only what needs people ends it.
 */
export class SupervisedLoop implements RunningConnector {
  readonly #options: SupervisedWork
  readonly #stop = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  readonly finished: Promise<void>

  constructor(options: SupervisedWork) {
    this.#options = options
    this.finished = this.#run()
    // Both may be ignored: the status says the same.
    this.finished.catch(() => {})
    this.#ready.promise.catch(() => {})
  }

  get name(): string {
    return this.#options.board.name
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  status(): ReturnType<StatusBoard['status']> {
    return this.#options.board.status()
  }

  topics(): ReadonlySet<string> {
    return this.#options.board.topics
  }

  forgetTopics(): void {
    this.#options.board.topics.clear()
  }

  metrics(): ReturnType<StatusBoard['metrics']> {
    return this.#options.board.metrics()
  }

  /** To be called by the work once it runs. */
  running(): void {
    this.#enter('running', 'running')
    this.#ready.resolve()
  }

  /** To be called by work that deals with a failure on its own. */
  retrying(error: unknown, activity: string): void {
    const { board } = this.#options
    board.error = error
    board.attempts++
    this.#enter('retrying', activity)
  }

  async close(): Promise<void> {
    this.#stop.abort(connectError('CONNECT_STOPPED', `${this.name} was closed`, { connector: this.name }))
    await this.finished.catch(() => {})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(): Promise<void> {
    const { board } = this.#options
    const { signal } = this.#stop
    // The caller gets its handle before the work begins.
    await Promise.resolve()
    try {
      while (!signal.aborted) await this.#attempt(signal)
    } catch (error) {
      if (!signal.aborted) {
        board.error = error
        this.#enter('failed', 'failed')
        this.#ready.reject(error)
        throw error
      }
    }
    this.#enter('stopped', 'stopped')
    this.#ready.reject(signal.reason)
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { board, clock, random, backoff, work } = this.#options
    try {
      await work(signal)
    } catch (error) {
      if (signal.aborted) return
      const verdict = verdictOn(error)
      if (verdict === 'fail') throw error
      board.error = error
      if (verdict === 'standby') return this.#standBy(signal)
      board.attempts++
      this.#enter('retrying', 'waiting before the next attempt')
      await sleep(clock, backoffMs(board.attempts, backoff, random), signal)
      if (await this.#isOccupied()) await this.#standBy(signal)
    }
  }

  /**
   * Waits until the other instance has been gone for a while. Beginning at once would fence it, it would begin again and
   * fence this one, and neither would get anything done.
   */
  async #standBy(signal: AbortSignal): Promise<void> {
    const { clock, occupied } = this.#options
    if (!occupied) throw this.#options.board.error
    this.#enter('standby', 'another instance is at work')
    for (let vacant = 0; vacant < vacantPolls; ) {
      await sleep(clock, standbyPollMs, signal)
      vacant = (await this.#isOccupied()) ? 0 : vacant + 1
    }
  }

  async #isOccupied(): Promise<boolean> {
    try {
      return (await this.#options.occupied?.()) === true
    } catch {
      // Whatever keeps us from asking will also be what opening fails on, and be told there.
      return false
    }
  }

  #enter(state: StatusBoard['state'], activity: string): void {
    const { board } = this.#options
    board.activity = activity
    if (board.state === state) return
    board.state = state
    report(board.status())
  }
}
