import { type Clock, isMillraceError } from '@millrace/base'
import { notReady } from '@millrace/contracts/internal'
import type { Awaitable } from '../client/awaitable.ts'

/**
 * Something that may have to be fetched, for callers that cannot wait: at hand, or CONTRACT_NOT_READY while it is on its way.
 * A refusal is believed for a while, so that bad records do not ask the registry again and again.
 */
export class Later<T> {
  readonly #what: string
  readonly #fetch: () => Awaitable<T>
  readonly #clock: Clock
  readonly #failureCacheMs: number
  #value: { readonly it: T } | undefined
  #pending: Promise<T> | undefined
  #refusal: { readonly error: unknown; readonly untilMs: number } | undefined

  constructor(
    what: string,
    fetch: () => Awaitable<T>,
    { clock, failureCacheMs }: { readonly clock: Clock; readonly failureCacheMs: number },
  ) {
    this.#what = what
    this.#fetch = fetch
    this.#clock = clock
    this.#failureCacheMs = failureCacheMs
  }

  now(): T {
    if (this.#value !== undefined) return this.#value.it
    const found = this.get()
    if (found instanceof Promise) throw notReady(`${this.#what} is on its way`, found)
    return found
  }

  get(): Awaitable<T> {
    if (this.#value !== undefined) return this.#value.it
    if (this.#pending !== undefined) return this.#pending
    if (this.#refusal !== undefined && this.#clock.now() < this.#refusal.untilMs) throw this.#refusal.error
    const found = this.#begun()
    if (!(found instanceof Promise)) return this.#keep(found)
    this.#pending = found.then(
      (value) => this.#keep(value),
      (error: unknown) => {
        this.#pending = undefined
        throw this.#refused(error)
      },
    )
    return this.#pending
  }

  #begun(): Awaitable<T> {
    try {
      return this.#fetch()
    } catch (error) {
      throw this.#refused(error)
    }
  }

  #keep(value: T): T {
    this.#value = { it: value }
    this.#pending = undefined
    return value
  }

  /** What passes by itself is not worth remembering. */
  #refused(error: unknown): unknown {
    const passes = isMillraceError(error) && error.retriable
    if (!passes) this.#refusal = { error, untilMs: this.#clock.now() + this.#failureCacheMs }
    return error
  }
}
