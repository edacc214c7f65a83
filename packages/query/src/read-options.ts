/** Where a record was written: what a producer answers. */
export interface WrittenRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface RequestOptions {
  /** Ends the request and its retries. */
  readonly signal?: AbortSignal
}

/** How fresh an answer must be. Default: committed state of whoever owns the key. */
export interface ReadOptions extends RequestOptions {
  /**
   * Records whose effects the answer must show, for reading one's own writes: what a producer answered for each. A topic
   * that the application reads on the way to the store will do; the call waits until they have come through.
   */
  readonly after?: WrittenRecord | readonly WrittenRecord[]
  /** `uncommitted` sees the transaction that is under way at the owner, which may still be aborted. */
  readonly isolation?: 'committed' | 'uncommitted'
  /** Lets a standby copy answer that has at most so many records of its changelogs left to read. */
  readonly maxLagRecords?: number
  /** Lets a standby copy answer that shows everything that was committed so many milliseconds ago. */
  readonly maxStalenessMs?: number
}

export function setReadOptions(parameters: URLSearchParams, options: ReadOptions): URLSearchParams {
  const { after, isolation, maxLagRecords, maxStalenessMs } = options
  const written = after === undefined ? [] : 'topic' in after ? [after] : after
  if (written.length > 0) {
    parameters.set('bound', written.map(({ topic, partition, offset }) => `${topic}:${partition}:${offset}`).join(','))
  }
  if (isolation !== undefined) parameters.set('isolation', isolation)
  if (maxLagRecords !== undefined) parameters.set('maxLagRecords', String(maxLagRecords))
  if (maxStalenessMs !== undefined) parameters.set('maxStalenessMs', String(maxStalenessMs))
  return parameters
}
