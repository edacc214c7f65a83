import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { type Header, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { runnable } from '../../src/core/dsl/topology.ts'
import { failLoudly } from '../../src/core/handlers.ts'
import type { ByteStoreProvider } from '../../src/core/stores/byte-store.ts'
import { RecordCache } from '../../src/core/stores/record-cache.ts'
import { createStreamTask } from '../../src/core/stream-task.ts'
import { defaultTaskConfig, type StreamTask } from '../../src/core/task.ts'
import { type StoreBuilder, topology } from '../../src/index.ts'

interface Logged {
  readonly timestamp: number
  readonly key: Buffer
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

const work = topic('work', { key: serdes.string, value: serdes.string })

/** A store in the hands of a processor: what a test does with it happens in a task, record by record. */
export class StoreHarness<S> {
  readonly task: StreamTask
  readonly logged: Logged[] = []
  readonly #name: string
  #job: (store: S) => void = () => {}
  #offset = 0

  constructor(builder: StoreBuilder<S>, provider: ByteStoreProvider, cacheMaxBytes: number) {
    this.#name = builder.name
    const app = topology('stores')
    app.stream(work).process(
      (context) => {
        const store = context.store(builder)
        return { process: () => this.#job(store) }
      },
      { stores: [builder] },
    )
    this.task = createStreamTask({
      plan: runnable(app).plan(),
      taskId: { subtopology: 0, partition: 0 },
      stores: provider,
      clock: new VirtualClock(0),
      cache: new RecordCache({ maxBytes: cacheMaxBytes }),
      partitionsOf: () => 1,
      config: { ...defaultTaskConfig, handlers: failLoudly, strict: true },
      output: {
        produce: () => {},
        deadLetter: () => {},
        changelog: (_topic, _partition, timestamp, key, value, headers = []) => {
          this.logged.push({ timestamp, key: Buffer.from(key), value: value && Buffer.from(value), headers })
        },
      },
    })
  }

  /** Does something with the store, as a record of this time. */
  run<T>(job: (store: S) => T, timestamp = 1): T {
    let result: T | undefined
    this.#job = (store) => {
      result = job(store)
    }
    const builder = new RecordBatchBuilder()
    builder.append(timestamp, Buffer.from('k'), Buffer.from('v'))
    const firstOffset = this.#offset++
    const batches = [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
    const end = this.#offset
    this.task.addBatches({ topic: work.name, partition: 0, batches, firstOffset, nextOffset: end, endOffset: end })
    this.task.process({ budgetMs: 1_000 })
    return result as T
  }

  commit(): void {
    this.task.flush()
    this.task.consumedOffsets()
    this.task.commitStores(new Map([[this.#name, this.logged.length]]))
  }

  /** Reads a changelog back into the store, as a task that moves does. */
  restore(logged: readonly Logged[]): void {
    const builder = new RecordBatchBuilder()
    for (const { timestamp, key, value, headers } of logged) builder.append(timestamp, key, value, headers)
    const batches = logged.length === 0 ? [] : [new RecordBatchView(builder.build({ baseOffset: 0 }))]
    this.task.restore(this.#name, batches, { firstOffset: 0, nextOffset: logged.length })
  }
}
