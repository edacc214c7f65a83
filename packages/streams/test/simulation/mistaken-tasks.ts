import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { createStreamTask } from '@millrace/streams/internal'
import type { PlantedMistakes } from './planted-mistakes.ts'

type CreateTask = typeof createStreamTask
type Batches = Iterable<RecordBatchView>

/** Makes tasks that have the mistakes; without any, those of the product. */
export function mistakenTasks(mistakes: PlantedMistakes): CreateTask {
  const restored = restoring(mistakes)
  if (restored === undefined && !mistakes.timeLost) return createStreamTask
  return (options) => {
    const task = createStreamTask(options)
    const restore = task.restore.bind(task)
    if (restored !== undefined) {
      task.restore = (store, batches, progress) =>
        restore(store, restored(options.plan.stores.get(store)!.kind, batches, progress.firstOffset), progress)
    }
    if (mistakes.timeLost) task.restoreTime = () => {}
    return task
  }
}

/** What a store of a kind is given of its changelog. */
function restoring(mistakes: PlantedMistakes) {
  const left = new Set<string>([
    ...(mistakes.bufferNotRestored ? ['buffer'] : []),
    ...(mistakes.subscriptionsNotRestored ? ['subscription'] : []),
    ...(mistakes.waitingNotRestored ? ['outerJoin', 'joinBuffer'] : []),
  ])
  if (left.size === 0 && !mistakes.historyNotRestored) return undefined
  return (kind: string, batches: Batches, firstOffset: number): Batches => {
    if (left.has(kind)) return []
    return kind === 'versioned' && mistakes.historyNotRestored ? lastOfEach(batches, firstOffset) : batches
  }
}

function lastOfEach(batches: Batches, firstOffset: number): Batches {
  const last = new Map<string, { timestamp: number; key: Buffer; value: Buffer | null }>()
  for (const batch of batches) {
    for (const cursor = batch.cursor(); cursor.next(); ) {
      const key = cursor.keyBytes()
      if (cursor.offset < firstOffset || key === null) continue
      const value = cursor.valueBytes()
      last.set(key.toString(), {
        timestamp: cursor.timestamp,
        key: Buffer.from(key),
        value: value && Buffer.from(value),
      })
    }
  }
  if (last.size === 0) return []
  const builder = new RecordBatchBuilder()
  for (const { timestamp, key, value } of last.values()) builder.append(timestamp, key, value)
  return [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
}
