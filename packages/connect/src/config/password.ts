import { inspect } from 'node:util'

const hidden = '[hidden]'

/** A secret that shows itself only when asked: printed, logged or written as JSON it is `[hidden]`, as in Kafka. */
export class Password {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  [inspect.custom](): string {
    return hidden
  }
}
