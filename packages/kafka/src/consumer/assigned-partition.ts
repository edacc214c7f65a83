import type { FetchedPartition } from './types.ts'

/** One partition that this consumer reads: where it stands and what it has fetched ahead. */
export class AssignedPartition {
  readonly topic: string
  readonly partition: number
  paused = false
  /** Not before this moment, after an error. */
  retryAtMs = 0
  failures = 0
  /** To be thrown by the next poll. */
  error: unknown
  /** The offset no longer exists: begin where the reset policy says, whatever was committed. */
  outOfRange = false
  /** Being found out. */
  resolving = false
  /** The last answer brought nothing: the next fetch probably waits. */
  isIdle = false
  leaderEpoch = -1
  highWatermark = -1
  lastStableOffset = -1
  #position: number | undefined
  #fetchOffset = 0
  #generation = 0
  #fetchedGeneration = -1
  #fetched: FetchedPartition[] = []

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** The next offset that poll returns; undefined until it is found out. */
  get position(): number | undefined {
    return this.#position
  }

  /** The next offset to ask for, behind what was fetched ahead. */
  get fetchOffset(): number {
    return this.#fetchOffset
  }

  /** Rises with every seek: the reply to a fetch from before is not wanted any more. */
  get generation(): number {
    return this.#generation
  }

  /** Whether a fetch is on its way whose reply is wanted: one from before a seek is not waited for. */
  get fetching(): boolean {
    return this.#fetchedGeneration === this.#generation
  }

  fetchBegan(): void {
    this.#fetchedGeneration = this.#generation
  }

  fetchEnded(generation: number): void {
    if (this.#fetchedGeneration === generation) this.#fetchedGeneration = -1
  }

  seek(offset: number | undefined): void {
    this.#generation += 1
    this.#position = offset
    this.#fetchOffset = offset ?? 0
    this.#fetched = []
    this.error = undefined
    this.outOfRange = false
    this.resolving = false
    this.isIdle = false
    this.retryAtMs = 0
  }

  add(fetched: FetchedPartition): void {
    this.#fetched.push(fetched)
    this.#fetchOffset = fetched.nextOffset
  }

  get hasFetched(): boolean {
    return this.#fetched.length > 0
  }

  get bufferedBytes(): number {
    return this.#fetched.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0)
  }

  /** Hands out what was fetched and moves the position behind it. */
  take(): FetchedPartition[] {
    const taken = this.#fetched
    this.#fetched = []
    const last = taken.at(-1)
    if (last !== undefined) {
      this.#position = last.nextOffset
      this.leaderEpoch = last.batches.at(-1)?.leaderEpoch ?? this.leaderEpoch
    }
    return taken
  }
}
