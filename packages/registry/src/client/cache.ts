import type { Awaitable } from './awaitable.ts'

/** What was fetched, by name. Who asks for what is on its way waits with the others; failures are not kept. */
export class Cache {
  readonly #entries = new Map<string, unknown>()
  readonly #maxEntries: number

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get<T>(name: string, fetch: () => Awaitable<T>): Awaitable<T> {
    const found = this.#entries.get(name)
    if (found !== undefined) return found as Awaitable<T>
    const fetched = fetch()
    this.#keep(name, fetched)
    if (!(fetched instanceof Promise)) return fetched
    const settled = fetched.then(
      (value) => {
        // At hand from now on, not a turn later.
        if (this.#entries.get(name) === settled) this.#entries.set(name, value)
        return value
      },
      (error: unknown) => {
        if (this.#entries.get(name) === settled) this.#entries.delete(name)
        throw error
      },
    )
    this.#keep(name, settled)
    return settled
  }

  #keep(name: string, value: unknown): void {
    this.#entries.set(name, value)
    if (this.#entries.size <= this.#maxEntries) return
    const [oldest] = this.#entries.keys()
    this.#entries.delete(oldest!)
  }
}

/** A cache's key; a schema's text may hold anything, a subject's name too. */
export function cacheName(...parts: readonly (string | number | boolean)[]): string {
  return JSON.stringify(parts)
}
