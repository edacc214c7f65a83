export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export interface RegistrationHooks {
  send(partitions: readonly TopicPartitions[]): Promise<void>
  added(): void
  failed(error: unknown): void
}

/**
 * Which partitions take part in the open transaction, version 1: they must be registered with the coordinator before
 * the first write. Partitions asked for while a registration runs go with the next one.
 */
export class PartitionRegistration {
  readonly #hooks: RegistrationHooks
  readonly #added = new Map<string, Set<number>>()
  #wanted = new Map<string, Set<number>>()
  #running: Promise<void> | undefined
  /** A registration was sent for the open transaction, whatever came of it. */
  attempted = false

  constructor(hooks: RegistrationHooks) {
    this.#hooks = hooks
  }

  get isEmpty(): boolean {
    return this.#added.size === 0
  }

  /** Whether the partition is registered; if not, it soon will be. */
  has(topic: string, partition: number): boolean {
    if (this.#added.get(topic)?.has(partition) === true) return true
    addTo(this.#wanted, topic, [partition])
    this.#schedule()
    return false
  }

  clear(): void {
    this.#added.clear()
    this.#wanted.clear()
    this.attempted = false
  }

  /** Resolves once no registration is on its way. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Sends in the next microtask, so that all partitions of one drain go in one request. */
  #schedule(): void {
    this.#running ??= Promise.resolve()
      .then(() => this.#send())
      .catch((error) => this.#hooks.failed(error))
      .finally(() => {
        this.#running = undefined
        this.#hooks.added()
      })
  }

  async #send(): Promise<void> {
    if (this.#wanted.size === 0) return
    const sent = this.#wanted
    this.#wanted = new Map()
    this.attempted = true
    await this.#hooks.send([...sent].map(([topic, partitions]) => ({ topic, partitions: [...partitions] })))
    for (const [topic, partitions] of sent) addTo(this.#added, topic, partitions)
  }
}

function addTo(map: Map<string, Set<number>>, topic: string, partitions: Iterable<number>): void {
  const known = map.get(topic) ?? new Set()
  for (const partition of partitions) known.add(partition)
  map.set(topic, known)
}
