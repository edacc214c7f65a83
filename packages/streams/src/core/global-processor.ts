import type { Clock } from '@millrace/base'
import type { RecordCursor } from '@millrace/protocol'
import { FlowRecord } from './flow-record.ts'
import type { CreateProcessor, DropReason, Processor, ProcessorSetup, TaskFacilities } from './processor.ts'
import type { TaskRecordContext } from './record-context.ts'
import { attributed } from './stage-failure.ts'
import type { TaskStore } from './stores/task-store.ts'
import type { GlobalStorePlan } from './topology/plan.ts'

export interface GlobalProcessorOptions {
  readonly plan: GlobalStorePlan
  readonly create: CreateProcessor
  readonly applicationId: string
  readonly clock: Clock
  readonly context: TaskRecordContext
  readonly storeOf: (name: string) => TaskStore | undefined
  readonly globalView: ProcessorSetup['globalView']
  readonly drop: (reason: DropReason) => void
}

/**
 * The user's processor of a global store. It is no task's: it hands nothing on, is not called at intervals, and what it
 * reads while the store is loaded goes through it as later records do.
 */
export class GlobalProcessor {
  readonly #plan: GlobalStorePlan
  readonly #processor: Processor
  readonly #record = new FlowRecord()
  #streamTimeMs = -1
  readonly #starts: (() => void)[] = []
  readonly #stops: (() => void)[] = []

  constructor(options: GlobalProcessorOptions) {
    this.#plan = options.plan
    this.#processor = options.create(this.#setup(options))
  }

  start(): void {
    for (const start of this.#starts) start()
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  process(cursor: RecordCursor): void {
    const { nodeName, keySerde, valueSerde } = this.#plan
    const record = this.#record
    record.readKey(cursor.keyBytes(), keySerde)
    record.readValue(cursor.valueBytes(), valueSerde)
    record.timestamp = cursor.timestamp
    this.#streamTimeMs = Math.max(this.#streamTimeMs, cursor.timestamp)
    try {
      this.#processor.process(record)
    } catch (error) {
      throw attributed(error, nodeName)
    }
  }

  #setup({ plan, applicationId, clock, context, storeOf, globalView, drop }: GlobalProcessorOptions): ProcessorSetup {
    const node = plan.nodeName
    const cannot = (what: string) => (): never => {
      throw new TypeError(`${node} fills a global store: it cannot ${what}`)
    }
    const streamTime = (): number => this.#streamTimeMs
    const task: TaskFacilities = {
      applicationId,
      id: 'global',
      context,
      get streamTimeMs() {
        return streamTime()
      },
      get wallClockMs() {
        return clock.now()
      },
      onStart: (start, stop) => {
        this.#starts.push(start)
        this.#stops.push(stop)
      },
      schedule: cannot('be called at intervals'),
      requestCommit() {},
    }
    const forward = cannot('hand records on')
    return {
      node,
      taskId: { subtopology: plan.store.subtopology, partition: -1 },
      context,
      forward,
      forwardAt: forward,
      forwardTo: forward,
      store: (name) => storeOf(name)!.access as never,
      observedTime: () => ({ value: -1 }),
      drop,
      miss() {},
      isElsewhere: () => false,
      timeOf: () => -1,
      children: [],
      specOf: () => plan.store,
      globalView,
      task,
    }
  }
}
