/** What happened in a run, as one number: two runs of a seed must agree on it to the bit. */
export class Trace {
  #hash = 0xcbf29ce484222325n
  events = 0

  note(text: string): void {
    this.events++
    for (let i = 0; i < text.length; i++) {
      this.#hash = BigInt.asUintN(64, (this.#hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n)
    }
  }

  get digest(): string {
    return this.#hash.toString(16).padStart(16, '0')
  }
}
