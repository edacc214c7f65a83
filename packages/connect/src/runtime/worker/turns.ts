/** Work under one name is done in the order in which it came, one after another; under other names it is not waited for. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work)
    const settled = done.then(
      () => {},
      () => {},
    )
    this.#last.set(name, settled)
    void settled.then(() => {
      if (this.#last.get(name) === settled) this.#last.delete(name)
    })
    return done
  }

  /** Resolves once all that has come so far is done. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values())
  }
}
