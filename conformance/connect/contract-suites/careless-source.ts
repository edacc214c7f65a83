import { setTimeout as delay } from 'node:timers/promises'
import type { SourceConnector, SourceOutput, SourcePull, SourceSession, StoredPosition } from '@millrace/connect'

/** What a source's author may get wrong; `nothing` is the source as it should be. */
export const sourceMistakes = [
  'nothing',
  'every start begins at the first event',
  'the position is ahead of what was given',
  'the position is behind what was given',
  'the position is lost on its way through JSON',
  'the origin forgets what was only pulled',
  'a full output is not looked at',
  'nothing ends a pull that waits',
] as const
export type SourceMistake = (typeof sourceMistakes)[number]

/** Where events come from: numbered from 0. */
export interface Origin {
  readonly events: (string | undefined)[]
}

export function carelessSource(mistake: SourceMistake, name: string, topic: string, origin: Origin): SourceConnector {
  return {
    kind: 'source',
    name,
    topics: [{ name: topic, partitions: 1 }],
    open: async ({ position, signal }) => new CarelessSession(mistake, topic, origin, position, signal),
  }
}

class CarelessSession implements SourceSession {
  readonly #mistake: SourceMistake
  readonly #topic: string
  readonly #origin: Origin
  readonly #signal: AbortSignal
  #next: number

  constructor(
    mistake: SourceMistake,
    topic: string,
    origin: Origin,
    position: StoredPosition | undefined,
    signal: AbortSignal,
  ) {
    this.#mistake = mistake
    this.#topic = topic
    this.#origin = origin
    this.#signal = signal
    const stored = (position?.next ?? 0) as number | ReadonlySet<number>
    const next = typeof stored === 'number' ? stored : (stored.values?.().next().value ?? 0)
    this.#next = mistake === 'every start begins at the first event' ? 0 : next
  }

  async pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    const { events } = this.#origin
    await delay(1)
    const first = this.#next
    const endless = this.#mistake === 'a full output is not looked at'
    while (this.#next < events.length && (endless || !output.isFull)) {
      const event = events[this.#next]
      if (event !== undefined) output.append(this.#topic, 0, null, Buffer.from(event), [])
      if (this.#mistake === 'the origin forgets what was only pulled') events[this.#next] = undefined
      this.#next++
    }
    if (this.#next > first) return { position: this.#position(), transaction: 'commit' }
    const signal = this.#mistake === 'nothing ends a pull that waits' ? undefined : this.#signal
    await delay(maxWaitMs, undefined, { signal, ref: false }).catch(() => {})
    return undefined
  }

  async commit(): Promise<void> {}

  figures(): { lagBytes: undefined; lastEventMs: undefined } {
    return { lagBytes: undefined, lastEventMs: undefined }
  }

  async close(): Promise<void> {}

  #position(): StoredPosition {
    const next = this.#next
    if (this.#mistake === 'the position is ahead of what was given') return { version: 1, next: next + 1 }
    if (this.#mistake === 'the position is behind what was given') return { version: 1, next: Math.max(0, next - 1) }
    if (this.#mistake === 'the position is lost on its way through JSON') return { version: 1, next: new Set([next]) }
    return { version: 1, next }
  }
}
