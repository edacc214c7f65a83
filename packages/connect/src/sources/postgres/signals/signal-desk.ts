import { addTables, type SnapshotProgress, type TableTask } from '../snapshots/progress.ts'
import type { SnapshotEvent } from '../snapshots/snapshotter.ts'
import type { Notifier } from './notifications.ts'
import type { Signal } from './signal.ts'

/** Ids of signals that are remembered, so that one that comes again does nothing. */
const seenMax = 32

export interface SignalDeskOptions {
  /** `schema.table` of the tables that are captured. */
  readonly tables: readonly string[]
  readonly actions: Readonly<Record<string, (signal: Signal) => void>>
  readonly notifier: Notifier
  readonly now: () => number
  /** Where the signal `log` writes its message. */
  readonly log: (message: string) => void
}

/** What a running snapshot becomes by signals. Its state is part of the stored position: each signal acts once. */
export class SignalDesk {
  readonly #options: SignalDeskOptions
  #seen: readonly string[]

  constructor(options: SignalDeskOptions, seen: readonly string[] = []) {
    this.#options = options
    this.#seen = seen
  }

  /** Ids of the last signals. */
  get seen(): readonly string[] {
    return this.#seen
  }

  /** Returns what is to be read from now on; the same object when nothing changes. */
  act(signal: Signal, progress: SnapshotProgress | undefined): SnapshotProgress | undefined {
    if (this.#seen.includes(signal.id)) return progress
    this.#seen = [...this.#seen, signal.id].slice(-seenMax)
    try {
      return this.#actOn(signal, progress)
    } catch (error) {
      // One that makes no sense comes again with every start, where it lies in a topic.
      this.#tell(signal, 'Signal', 'REFUSED', { reason: error instanceof Error ? error.message : String(error) })
      return progress
    }
  }

  #actOn(signal: Signal, progress: SnapshotProgress | undefined): SnapshotProgress | undefined {
    switch (signal.type) {
      case 'execute-snapshot':
        return this.#execute(signal, progress)
      case 'stop-snapshot':
        return this.#stop(signal, progress)
      case 'pause-snapshot':
        return this.#pause(signal, progress, true)
      case 'resume-snapshot':
        return this.#pause(signal, progress, false)
      case 'log':
        this.#log(signal)
        return progress
      default:
        this.#custom(signal)
        return progress
    }
  }

  #execute(signal: Signal, progress: SnapshotProgress | undefined): SnapshotProgress | undefined {
    const { data } = signal
    const wanted = patternsOf(data)
    const found = this.#options.tables.filter((table) => wanted.some((pattern) => matches(pattern, table)))
    const kind = String(data.type ?? 'incremental').toLowerCase()
    if (found.length === 0 || (kind !== 'incremental' && kind !== 'blocking')) {
      const reason = found.length === 0 ? 'no captured table is meant' : `type ${kind} is unknown`
      this.#tell(signal, 'Signal', 'REFUSED', { reason })
      return progress
    }
    const surrogateKey = data['surrogate-key']
    const tasks = found.map((table): TableTask => {
      const filter = filterFor(data, table)
      return {
        table,
        ...(filter !== undefined && { filter }),
        ...(typeof surrogateKey === 'string' && surrogateKey !== '' && { surrogateKey }),
      }
    })
    const next = addTables(progress, kind, signal.id, tasks)
    if (next === progress)
      this.#tell(signal, 'Signal', 'REFUSED', { reason: 'the tables that are meant are to be read already' })
    else this.#tellSnapshot(next!, 'STARTED')
    return next
  }

  #stop(signal: Signal, progress: SnapshotProgress | undefined): SnapshotProgress | undefined {
    // An initial snapshot that is left out in part would be a gap.
    if (!progress || progress.kind === 'initial') return progress
    const wanted = patternsOf(signal.data)
    const isMeant = ({ table }: TableTask): boolean =>
      wanted.length === 0 || wanted.some((pattern) => matches(pattern, table))
    const left = progress.tables.filter((task) => !isMeant(task))
    if (left.length === progress.tables.length) return progress
    this.#tellSnapshot(progress, 'ABORTED')
    if (left.length === 0) return undefined
    if (left[0] === progress.tables[0]) return { ...progress, tables: left }
    const { id, kind, isPaused } = progress
    return { id, kind, tables: left, rows: 0, ...(isPaused && { isPaused }) }
  }

  #pause(_signal: Signal, progress: SnapshotProgress | undefined, isPaused: boolean): SnapshotProgress | undefined {
    if (!progress || (progress.isPaused === true) === isPaused) return progress
    const next = { ...progress, isPaused }
    this.#tellSnapshot(next, isPaused ? 'PAUSED' : 'RESUMED')
    return next
  }

  #log(signal: Signal): void {
    const message = String(signal.data.message ?? '')
    this.#options.log(message)
    this.#tell(signal, 'Log', 'LOG', { message })
  }

  #custom(signal: Signal): void {
    const action = this.#options.actions[signal.type]
    if (!action) {
      this.#tell(signal, 'Signal', 'REFUSED', { reason: `type ${signal.type} is unknown` })
      return
    }
    try {
      action(signal)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#tell(signal, 'Signal', 'REFUSED', { reason })
    }
  }

  #tell(signal: Signal, aggregate: string, type: string, data: Record<string, string>): void {
    const { notifier, now } = this.#options
    notifier.notify({ id: signal.id, aggregate_type: aggregate, type, additional_data: data }, now())
  }

  #tellSnapshot(progress: SnapshotProgress, type: string): void {
    const { notifier, now } = this.#options
    notifier.notify({ ...snapshotNotification(progress), type }, now())
  }
}

/** What a snapshot that runs tells. */
export function notifySnapshot(
  notifier: Notifier,
  progress: SnapshotProgress,
  event: SnapshotEvent,
  nowMs: number,
): void {
  const common = snapshotNotification(progress)
  const [current] = progress.tables
  const data = { ...common.additional_data }
  if (event.type === 'IN_PROGRESS' && current) {
    data.current_collection_in_progress = current.table
    data.maximum_key = progress.until?.join(',') ?? '<null>'
    data.last_processed_key = progress.after?.join(',') ?? '<null>'
  }
  if (event.type === 'TABLE_SCAN_COMPLETED' && current) {
    data.scanned_collection = current.table
    data.total_rows_scanned = String(progress.rows)
    data.status = event.status
    if (event.reason !== undefined) data.reason = event.reason
  }
  notifier.notify({ ...common, type: event.type, additional_data: data }, nowMs)
}

/** What every notification about a snapshot says. */
export function snapshotNotification(progress: SnapshotProgress): {
  id: string
  aggregate_type: string
  additional_data: Record<string, string>
} {
  const { id, kind, tables } = progress
  return {
    id,
    aggregate_type: kind === 'incremental' ? 'Incremental Snapshot' : 'Initial Snapshot',
    additional_data: { data_collections: tables.map(({ table }) => table).join(',') },
  }
}

function patternsOf(data: Signal['data']): string[] {
  const listed = data['data-collections']
  return Array.isArray(listed) ? listed.map((entry) => String(entry).trim()) : []
}

/** Names are regular expressions, as in Debezium; one that is none is a name. */
function matches(pattern: string, table: string): boolean {
  if (pattern === table) return true
  try {
    return new RegExp(`^(?:${pattern})$`, 'i').test(table)
  } catch {
    return false
  }
}

function filterFor(data: Signal['data'], table: string): string | undefined {
  const conditions = data['additional-conditions']
  if (!Array.isArray(conditions)) return undefined
  for (const condition of conditions as unknown[]) {
    if (typeof condition !== 'object' || condition === null) throw new TypeError('a condition is no object')
    const { filter, 'data-collection': pattern } = condition as Record<string, unknown>
    if (typeof filter === 'string' && filter !== '' && matches(String(pattern), table)) return filter
  }
  return undefined
}
