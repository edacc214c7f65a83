import { setTimeout as delay } from 'node:timers/promises'
import { type Random, randomInt } from '@millrace/base'
import { keyValueStore, type QueryClient, queryClient, windowStore } from '@millrace/query'
import { type BankArgs, bankTopics, type Sum, windowMs } from './bank-app.ts'
import type { Ledger } from './ledger.ts'
import type { Tail } from './tail.ts'
import { accountCount, type Writer } from './writer.ts'

/** What was asked, when, and what came of it. */
export interface Asked {
  readonly kind: Kind
  readonly host: string
  readonly startMs: number
  readonly tookMs: number
  /** Why there was no answer. */
  readonly refusal?: string
}

/** A sum that was read from a store: its mark must be one that was committed. */
export interface ReadSum {
  readonly key: string
  readonly count: number
  readonly mark: number
  readonly from: 'totals' | 'perWindow'
}

const kinds = ['owner', 'owner', 'owner', 'ownWrite', 'stale', 'stale', 'window', 'range'] as const
export type Kind = (typeof kinds)[number]

const maxStalenessMs = 1_500
/** An instance that is stopped never answers. */
const timeoutMs = 3_000
const pauseMs = 10
/** Problems beyond that are the same again. */
const problemsMax = 20

export interface AskerOptions {
  readonly writer: Writer
  readonly tail: Tail
  readonly args: BankArgs
  readonly urls: readonly string[]
  readonly token: string
  readonly random: Random
}

function storesOf({ name }: BankArgs) {
  const { totals, perWindow } = bankTopics(name)
  return { totals: keyValueStore(totals), 'per-window': windowStore(perWindow) }
}

type State = QueryClient<ReturnType<typeof storesOf>>

/** Why an instance gave no answer. */
class Refusal extends Error {}

/**
 * Asks instances at random for state, one question at a time, each of one instance and without asking twice, so that a refusal
 * is one. What an answer may be:
 *
 * - a sum that the payments of the account go through; at the end also one that was committed (see `ReadSum`);
 * - from the owner: never older than what any owner has answered before the question;
 * - with a write named: not without it;
 * - with a bound on staleness: not older than what a reader of committed records had seen so long before;
 * - a range: every account once that was there before.
 */
export class Asker {
  readonly asked: Asked[] = []
  readonly read: ReadSum[] = []
  readonly problems: string[] = []
  readonly #options: AskerOptions
  readonly #clients: readonly { readonly url: string; readonly state: State }[]
  /** Payments that some owner has told of. */
  readonly #told = new Map<string, number>()
  readonly #stop = new AbortController()
  /** Ends the question that is being asked. */
  #asking = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: AskerOptions) {
    this.#options = options
    const { urls, token, args } = options
    const stores = storesOf(args)
    const onceOnly = { timeoutMs, deadlineMs: timeoutMs, fetch: this.#fetch }
    this.#clients = urls.map((url) => ({ url, state: queryClient({ url, stores, token, ...onceOnly }) }))
  }

  /** The client would ask again; here a refusal is an outcome. */
  readonly #fetch = async (url: string, init: RequestInit): Promise<Response> => {
    let refusal: unknown
    try {
      const response = await fetch(url, init)
      if (response.status !== 503) return response
      refusal = await response.text()
    } catch (error) {
      refusal = (error as Error).cause ?? error
    }
    this.#asking.abort(new Refusal(String(refusal)))
    throw refusal
  }

  run(): void {
    this.#running = this.#ask()
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #ask(): Promise<void> {
    const { random } = this.#options
    while (!this.#stop.signal.aborted) {
      const kind = kinds[randomInt(random, kinds.length)]!
      const { url, state } = this.#clients[randomInt(random, this.#clients.length)]!
      const startMs = Date.now()
      const beganMs = performance.now()
      const refusal = await this.#one(kind, state, startMs)
      const tookMs = performance.now() - beganMs
      this.asked.push({ kind, host: url, startMs, tookMs, ...(refusal !== undefined && { refusal }) })
      await delay(pauseMs)
    }
  }

  /** Returns why there was no answer. */
  async #one(kind: Kind, state: State, startMs: number): Promise<string | undefined> {
    this.#asking = new AbortController()
    const { signal } = this.#asking
    const account = `a${randomInt(this.#options.random, accountCount)}`
    const written = this.#options.writer.taken.get(account)
    const told = new Map(this.#told)
    const toldCount = told.get(account) ?? 0
    try {
      if (kind === 'range') await this.#range(state, told, signal)
      else if (kind === 'window') await this.#window(state, account, startMs, signal)
      else if (kind === 'ownWrite' && written !== undefined) {
        const sum = await state.totals.get(account, { after: written.at, signal })
        this.#owned(account, sum, Math.max(toldCount, written.place), 'after a write')
      } else if (kind === 'stale') {
        const sum = await state.totals.get(account, { maxStalenessMs, signal })
        const atLeast = this.#options.tail.countBy(account, startMs - maxStalenessMs)
        this.#check(account, sum, atLeast, `with a staleness of ${maxStalenessMs} ms`)
      } else this.#owned(account, await state.totals.get(account, { signal }), toldCount, 'from the owner')
      return undefined
    } catch (error) {
      if (signal.reason instanceof Refusal) return signal.reason.message
      if ((error as { readonly code?: string }).code === 'QUERY_UNAVAILABLE') return (error as Error).message
      this.#problem(`${kind} of ${account}: ${(error as Error).stack}`)
      return undefined
    }
  }

  #owned(account: string, sum: Sum | undefined, atLeast: number, how: string): void {
    this.#check(account, sum, atLeast, how)
    this.#told.set(account, Math.max(this.#told.get(account) ?? 0, sum?.count ?? 0))
  }

  #check(account: string, sum: Sum | undefined, atLeast: number, how: string): void {
    const { count = 0, mark = 0 } = sum ?? {}
    if (count < atLeast) this.#problem(`${account} ${how}: ${count} payments, and ${atLeast} had been told of before`)
    if (sum === undefined) return
    this.#isOf(this.#ledger.sumAfter(account, count), sum, `${account} ${how}`)
    this.read.push({ key: account, count, mark, from: 'totals' })
  }

  async #window(state: State, account: string, startMs: number, signal: AbortSignal): Promise<void> {
    const found = await state['per-window'].window(account, { from: startMs - 3 * windowMs, to: startMs, signal })
    for (const { start, end, value } of found) {
      const key = `${account}/${start}`
      if (end - start !== windowMs) this.#problem(`${key} ends at ${end}`)
      this.#isOf(this.#ledger.windows.get(key)?.[value.count - 1]?.cents, value, `window ${key}`)
      this.read.push({ key, count: value.count, mark: value.mark, from: 'perWindow' })
    }
  }

  async #range(state: State, told: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
    const found = new Map<string, Sum>()
    for await (const { key, value } of state.totals.range({ signal })) {
      if (found.has(key)) this.#problem(`a range has ${key} twice`)
      found.set(key, value)
    }
    for (const [account, count] of told) this.#check(account, found.get(account), count, 'in a range')
  }

  #isOf(cents: number | undefined, sum: Sum, what: string): void {
    if (sum.cents !== cents) this.#problem(`${what}: ${sum.cents} cents after ${sum.count} payments, not ${cents}`)
  }

  #problem(text: string): void {
    if (this.problems.length < problemsMax) this.problems.push(`${new Date().toISOString()} query: ${text}`)
  }

  get #ledger(): Ledger {
    return this.#options.writer.ledger
  }
}
