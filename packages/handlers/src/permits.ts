/** Lets a bounded number of tasks run at a time; the others wait in the order they came. */
export class Permits {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Handed over directly, so that nobody who comes now overtakes.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free += 1
    }
  }
}
