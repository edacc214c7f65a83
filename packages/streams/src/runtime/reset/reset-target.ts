import type { KafkaClient, TopicPartition } from '@millrace/kafka'
import { streamsError } from '../../errors.ts'

/** Where reading of the inputs is to begin. */
export type ResetTarget =
  | { readonly to: 'earliest' }
  | { readonly to: 'latest' }
  /** Kept within what the partition has. */
  | { readonly to: 'offset'; readonly offset: number }
  /** By so many from what is committed; from the beginning where nothing is. */
  | { readonly to: 'shift'; readonly by: number }
  /** The first record that is as late as this, in epoch milliseconds; the end where there is none. */
  | { readonly to: 'time'; readonly timestampMs: number }
  /** Partition by partition. */
  | { readonly to: 'offsets'; readonly offsets: readonly (TopicPartition & { readonly offset: number })[] }

export interface ResetOffset extends TopicPartition {
  /** What is committed now; null: nothing. */
  readonly from: number | null
  readonly offset: number
  /** How far there is to read. */
  readonly end: number
}

/** Works out what the target means for each partition. @throws STREAMS_RESET_INVALID */
export async function resetOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  committed: readonly (TopicPartition & { readonly offset: number })[],
  target: ResetTarget,
): Promise<ResetOffset[]> {
  if (partitions.length === 0) return []
  const { admin } = client
  const begins = await admin.listOffsets(partitions.map((partition) => ({ ...partition, at: 'earliest' as const })))
  const ends = await admin.listOffsets(
    partitions.map((partition) => ({ ...partition, at: 'latest' as const })),
    { isolation: 'read_committed' },
  )
  const times =
    target.to === 'time'
      ? await admin.listOffsets(partitions.map((one) => ({ ...one, at: { timestamp: target.timestampMs } })))
      : []
  const rows: ResetOffset[] = []
  for (const partition of partitions) {
    const of = (found: readonly (TopicPartition & { readonly offset: number })[]): number | undefined => {
      return found.find((at) => at.topic === partition.topic && at.partition === partition.partition)?.offset
    }
    const [begin, end, from] = [of(begins) ?? 0, of(ends) ?? 0, of(committed) ?? null]
    const wanted = wantedOffset(target, { begin, end, from, atTime: of(times) ?? -1, listed: of })
    if (wanted === undefined) continue
    rows.push({ ...partition, from, offset: Math.min(Math.max(wanted, begin), end), end })
  }
  return rows
}

interface Known {
  readonly begin: number
  readonly end: number
  readonly from: number | null
  /** -1: no record is so late. */
  readonly atTime: number
  listed(offsets: readonly (TopicPartition & { readonly offset: number })[]): number | undefined
}

/** undefined: the partition is left alone. */
function wantedOffset(target: ResetTarget, { begin, end, from, atTime, listed }: Known): number | undefined {
  switch (target.to) {
    case 'earliest':
      return begin
    case 'latest':
      return end
    case 'offset':
      return target.offset
    case 'shift':
      return (from ?? begin) + target.by
    case 'time':
      return atTime < 0 ? end : atTime
    case 'offsets':
      return listed(target.offsets)
  }
}

/** Lines of `topic,partition,offset`, as Kafka's tools write and read them. @throws STREAMS_RESET_INVALID */
export function parseResetFile(text: string): (TopicPartition & { readonly offset: number })[] {
  const lines = text.split('\n').map((line) => line.trim())
  const rows = lines.flatMap((line, at) => {
    if (line === '') return []
    const [topic, partition, offset, ...more] = line.replaceAll('"', '').split(',')
    const isWhole = [partition, offset].every((part) => part !== undefined && /^\d+$/.test(part.trim()))
    if (!topic || !isWhole || more.length > 0) {
      throw streamsError('STREAMS_RESET_INVALID', `line ${at + 1} is not topic,partition,offset: ${line}`)
    }
    return [{ topic, partition: Number(partition), offset: Number(offset) }]
  })
  if (rows.length === 0) throw streamsError('STREAMS_RESET_INVALID', 'the file names no offsets')
  return rows
}

/** `2024-01-31T12:00:00.000`, in UTC unless it says otherwise, in epoch milliseconds. @throws STREAMS_RESET_INVALID */
export function parseDatetime(text: string): number {
  const match = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text)
  const ms = match ? Date.parse(match[3] === undefined ? `${text}Z` : text) : Number.NaN
  if (Number.isNaN(ms)) throw streamsError('STREAMS_RESET_INVALID', `${text} is not YYYY-MM-DDTHH:mm:ss.sss`)
  return ms
}

const durationMs = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000 }

/** `P1DT2H30M`, in milliseconds. @throws STREAMS_RESET_INVALID */
export function parseDuration(text: string): number {
  const match = /^P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text)
  if (!match || match.slice(1).every((part) => part === undefined)) {
    throw streamsError('STREAMS_RESET_INVALID', `${text} is not a duration as PnDTnHnMnS`)
  }
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0))
  const { days: day, hours: hour, minutes: minute, seconds: second } = durationMs
  return days * day + hours * hour + minutes * minute + seconds * second
}
