/**
 * What a copy of a store reflects: by input topic and partition the last offset whose effects are in it, as Kafka Streams'
 * `Position`. Plain data, so that it travels.
 */
export type Position = Readonly<Record<string, Readonly<Record<number, number>>>>

/** What a query is to see at least, as Kafka Streams' `PositionBound`; `{}` is no bound. */
export type PositionBound = Position

interface WrittenTo {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * The bound of a read that is to see these writes: what a producer answered for each.
 *
 * @example
 * const { partition, offset } = await producer.send({ topic: 'order', key, value })
 * await streams.queries.query(totals, keyQuery('alice'), { bound: boundOf([{ topic: 'order', partition, offset }]) })
 */
export function boundOf(writes: Iterable<WrittenTo>): PositionBound {
  const bound: Record<string, Record<number, number>> = {}
  for (const { topic, partition, offset } of writes) {
    if (offset < 0) continue
    bound[topic] ??= {}
    bound[topic][partition] = Math.max(offset, bound[topic][partition] ?? -1)
  }
  return bound
}

/** The later of two positions, partition by partition. */
export function mergePositions(...positions: readonly Position[]): Position {
  return boundOf(positions.flatMap(offsetsOf))
}

export function offsetsOf(position: Position): WrittenTo[] {
  return Object.entries(position).flatMap(([topic, partitions]) =>
    Object.entries(partitions).map(([partition, offset]) => ({ topic, partition: Number(partition), offset })),
  )
}

/**
 * Whether a copy of a store's partition has seen what the bound asks. As in Kafka Streams only the bound's offsets of that
 * partition number count: the others are of keys that lie elsewhere.
 */
export function isReached(position: Position, bound: PositionBound, partition: number): boolean {
  return Object.entries(bound).every(([topic, partitions]) => {
    const wanted = partitions[partition]
    return wanted === undefined || (position[topic]?.[partition] ?? -1) >= wanted
  })
}

/** `topic:partition:offset`, separated by commas: how positions stand in HTTP. */
export function positionText(position: Position): string {
  return offsetsOf(position)
    .map(({ topic, partition, offset }) => `${topic}:${partition}:${offset}`)
    .join(',')
}

/** undefined where the text is no position. */
export function parsePosition(text: string): Position | undefined {
  const writes: WrittenTo[] = []
  for (const part of text.split(',')) {
    const match = /^([a-zA-Z0-9._-]{1,249}):(\d{1,9}):(\d{1,15})$/.exec(part)
    if (!match) return undefined
    writes.push({ topic: match[1]!, partition: Number(match[2]), offset: Number(match[3]) })
  }
  return boundOf(writes)
}
